"""Taking mail in: original first, then the ledger and the event."""
