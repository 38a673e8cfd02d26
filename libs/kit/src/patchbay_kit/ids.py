"""Identifiers: UUIDv7 (RFC 9562) as strings, so that keys grow with time."""

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7."""
    return str(uuid_utils.uuid7())
