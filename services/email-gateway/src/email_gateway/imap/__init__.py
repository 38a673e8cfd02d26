"""IMAP: a port for mail sources and its adapter."""
