"""What the desk calls its accounts and assets: read models of ticket-svc, for lists and checks."""
