"""What alerts need to know about tickets and assets: read models of ticket-svc."""
