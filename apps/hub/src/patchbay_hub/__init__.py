"""The embedded hub: every service in one process."""
