"""Schema migrations of link-svc."""
