"""Continuum legacy PSA, contract `continuum-sim/1` (invented: the vendor never published one)."""
