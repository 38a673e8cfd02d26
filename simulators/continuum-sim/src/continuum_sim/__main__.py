"""`python -m continuum_sim`."""

from continuum_sim.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
