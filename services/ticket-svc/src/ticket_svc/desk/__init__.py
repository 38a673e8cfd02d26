"""Settings of the desk: default manager, own company, addresses."""
