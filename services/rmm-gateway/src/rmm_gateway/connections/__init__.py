"""What people set up for a remote system, and how it stands."""
