"""Ids in paths."""

from uuid import UUID

from patchbay_kit.errors import not_found


def checked_id(value: str, what: str) -> str:
    """`value` as the database writes ids.

    404 for a text that is no UUID, as there can be no such record.
    """
    try:
        return str(UUID(value))
    except ValueError:
        raise not_found(what, value[:64]) from None
