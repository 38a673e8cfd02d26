"""`python -m link_svc api|worker|relay|migrate|all`."""

from link_svc.definition import SERVICE
from patchbay_kit.main import main

main(SERVICE)
