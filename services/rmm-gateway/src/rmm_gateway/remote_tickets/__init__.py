"""Remote tickets for people: list, import, discard, explain."""
