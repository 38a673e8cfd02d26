"""Mailboxes that are fetched over IMAP."""
