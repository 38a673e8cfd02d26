"""Renders everything that is generated from the contracts and the services' definitions."""
