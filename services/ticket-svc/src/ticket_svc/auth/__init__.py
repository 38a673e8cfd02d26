"""The built-in issuer: signing in, tokens and their keys."""
