"""Tasks: what has to be done."""
