"""Charges: work, expenses and parts of tickets."""
