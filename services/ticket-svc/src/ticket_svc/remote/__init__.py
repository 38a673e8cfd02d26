"""What remote tickets become."""
