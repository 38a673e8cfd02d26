"""The base of the service's tables, with their own registry: services can share a process."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from patchbay_kit.db.tables import metadata as kit_metadata

_metadata = MetaData(naming_convention=kit_metadata.naming_convention)


class Base(SQLModel, registry=registry(metadata=_metadata)):
    """Base of every table of notifier."""

    metadata = _metadata
