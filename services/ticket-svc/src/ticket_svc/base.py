"""The base of ticket-svc's tables:

their own registry and metadata, so that services can share one process.
"""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from patchbay_kit.db.tables import metadata as kit_metadata

_metadata = MetaData(naming_convention=kit_metadata.naming_convention)


class Base(SQLModel, registry=registry(metadata=_metadata)):
    """Every table of ticket-svc descends from it."""

    metadata = _metadata
