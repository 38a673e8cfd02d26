"""`python -m notifier api|worker|relay|migrate|all`."""

from notifier.definition import SERVICE
from patchbay_kit.main import main

main(SERVICE)
