"""Internal messages between employees."""
