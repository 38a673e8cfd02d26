"""Employees, their privilege groups, and who may give what."""
