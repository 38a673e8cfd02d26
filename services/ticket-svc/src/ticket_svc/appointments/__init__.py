"""Appointments of technicians, and the dispatch of tickets."""
