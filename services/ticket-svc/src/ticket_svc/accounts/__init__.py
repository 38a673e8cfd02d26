"""Accounts, their contacts and mail domains."""
