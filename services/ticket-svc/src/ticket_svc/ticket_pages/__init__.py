"""A ticket with everything that hangs on it, in one read."""
