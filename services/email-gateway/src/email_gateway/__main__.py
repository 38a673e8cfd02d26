"""`python -m email_gateway api|worker|relay|migrate|all`."""

from email_gateway.definition import SERVICE
from patchbay_kit.main import main

main(SERVICE)
