"""Mail in and out: IMAP intake, defensive parsing, SMTP sending. ticket-svc does the matching."""
