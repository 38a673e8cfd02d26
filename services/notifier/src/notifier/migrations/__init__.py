"""Schema migrations of notifier."""
