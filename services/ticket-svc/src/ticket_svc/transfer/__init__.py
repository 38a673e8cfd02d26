"""Accounts, contacts and assets as CSV: imports with a dry run, and exports that fit them."""
