"""`python -m patchbay_hub`, the same as `patchbay`."""

from patchbay_hub.cli import main

main()
