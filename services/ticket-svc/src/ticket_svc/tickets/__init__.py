"""Tickets, their history, recipients and decisions."""
