"""Employees: who works at the desk and what they may."""
