"""Taking updates and inventory from remote systems."""
