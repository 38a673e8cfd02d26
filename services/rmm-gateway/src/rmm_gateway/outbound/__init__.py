"""Commands to remote systems: a ledger row first, then the call."""
