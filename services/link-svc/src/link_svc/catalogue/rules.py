"""What a snapshot of the catalogue is, and how names are compared."""

from enum import StrEnum


class CatalogueKind(StrEnum):
    """The two inventories; each has its own snapshots."""

    SITES = "sites"
    DEVICES = "devices"


def name_key(name: str) -> str:
    """A name as it is sorted and searched: case-folded, blanks collapsed."""
    return " ".join(name.casefold().split())


def search_words(query: str) -> list[str]:
    """The words of a search, as `name_key` writes names; all of them must occur (S1-90)."""
    return name_key(query).split()
