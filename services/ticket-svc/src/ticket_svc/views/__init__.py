"""Views of the ticket list: filters, counts, search, saved views."""
