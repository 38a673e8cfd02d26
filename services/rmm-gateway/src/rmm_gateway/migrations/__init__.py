"""Schema migrations of rmm-gateway."""
