"""Database migrations of ticket-svc."""
