"""`python -m rmm_gateway api|worker|relay|migrate|all`."""

from patchbay_kit.main import main
from rmm_gateway.definition import SERVICE

if __name__ == "__main__":
    main(SERVICE)
