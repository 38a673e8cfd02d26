"""Departments of accounts."""
