"""Contracts: what work is billed under."""
