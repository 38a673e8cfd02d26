"""rmm-gateway: the only service that speaks to remote monitoring systems (RMM)."""
