"""Database access: one engine per service, one commit at the edge."""

from patchbay_kit.db.bulk import insert_many, update_many
from patchbay_kit.db.database import Database
from patchbay_kit.db.family import Children, Claims, insert_claimed_family, insert_family
from patchbay_kit.db.keys import key_in
from patchbay_kit.db.types import BigIntType, IdType, JsonType, UtcDateTime
from patchbay_kit.db.uow import UnitOfWork

__all__ = [
    "BigIntType",
    "Children",
    "Claims",
    "Database",
    "IdType",
    "JsonType",
    "UnitOfWork",
    "UtcDateTime",
    "insert_claimed_family",
    "insert_family",
    "insert_many",
    "key_in",
    "update_many",
]
