"""Database migrations of email-gateway."""
