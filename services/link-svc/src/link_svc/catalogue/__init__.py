"""What remote systems list: sites and devices, with their freshness."""
