"""Sending mail: a durable queue in front of a mail server."""
