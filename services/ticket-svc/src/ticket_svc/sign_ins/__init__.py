"""Attempts to sign in, the lock after too many failures, and what is known of callers."""
