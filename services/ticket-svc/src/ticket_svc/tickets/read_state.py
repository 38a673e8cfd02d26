"""Who has seen the last external update (S2-54 .. S2-65, ruling S2-65). Pure.

The envelope is one for everybody: closed until the update counts as seen by the ticket manager.
Bold is for that manager alone.
"""

from datetime import datetime
from typing import Literal

Envelope = Literal["none", "closed", "open"]


def envelope(external_update_at: datetime | None, unread: bool) -> Envelope:
    """None at all where nobody outside ever created or updated the ticket (S2-56)."""
    if external_update_at is None:
        return "none"
    return "closed" if unread else "open"


def starts_unread(external_update_at: datetime | None, read_through: datetime | None) -> bool:
    """Whether a new manager has the last external update before them.

    `read_through`: how far that person has read the ticket before, in whatever role.
    """
    if external_update_at is None:
        return False
    return read_through is None or read_through < external_update_at
