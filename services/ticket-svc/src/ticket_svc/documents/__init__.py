"""Documents: files of tickets and accounts."""
