"""Locations of accounts: where their assets stand."""
