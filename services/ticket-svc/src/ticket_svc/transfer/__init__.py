"""Records as CSV: imports with a dry run, and exports of every list."""
