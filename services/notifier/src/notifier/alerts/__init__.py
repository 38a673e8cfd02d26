"""Alerts: who is told about what, and what became of it."""
