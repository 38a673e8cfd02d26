"""The ledger of remote tickets: what has been seen, what was held, and why."""
