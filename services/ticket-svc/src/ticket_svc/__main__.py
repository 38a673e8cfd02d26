"""`python -m ticket_svc api|worker|relay|migrate|all`."""

from patchbay_kit.main import main
from ticket_svc.definition import SERVICE

main(SERVICE)
