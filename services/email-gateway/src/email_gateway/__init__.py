"""Mail in and out: IMAP intake, defensive parsing, SMTP sending. Mail matching lives in ticket-svc."""
