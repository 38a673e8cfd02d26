"""Attempts to sign in, and the lock after too many failures."""
