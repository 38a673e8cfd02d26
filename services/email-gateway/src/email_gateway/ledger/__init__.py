"""The mail ledger over HTTP."""
