"""Changing the desk's settings, checked against the records that they name."""
