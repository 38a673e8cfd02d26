"""What mails become, and who gets a copy."""
