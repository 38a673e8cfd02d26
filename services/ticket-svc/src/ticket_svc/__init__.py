"""The service that owns the canonical tickets and everything around them."""
