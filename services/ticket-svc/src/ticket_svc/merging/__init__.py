"""Merges of accounts, with their undoing."""
