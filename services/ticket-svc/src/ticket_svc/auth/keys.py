"""The issuer's keys: made once, sealed in the database, shared by every replica."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Table, func, select

from patchbay_kit.auth import SigningKey, StaticKeys, TokenIssuer
from patchbay_kit.db import UnitOfWork, insert_many
from patchbay_kit.runtime import Runtime
from ticket_svc.auth.tables import SigningKey as SigningKeyRow

_TABLE: Table = SigningKeyRow.__table__  # type: ignore[attr-defined]  # set by SQLModel

FIRST_KEY = "first"


async def load_keys(uow: UnitOfWork, runtime: Runtime) -> list[SigningKey]:
    """Every key in use, newest first; the first one is made here, once for all replicas."""
    keys = await _read(uow, runtime)
    if keys:
        return keys
    key = SigningKey.generate()
    retired = await uow.session.scalar(select(func.count()).select_from(_TABLE))
    row = {
        # One name for the first makes replicas that start together agree on one key.
        "kid": f"key-{retired}" if retired else FIRST_KEY,
        "sealed_private_key": runtime.secrets.seal(key.to_pem()),
        "public_key": key.jwk()["x"],
        "created_at": uow.now,
    }
    await insert_many(uow.session, _TABLE, [row], ignore_conflicts=True)
    return await _read(uow, runtime)


async def _read(uow: UnitOfWork, runtime: Runtime) -> list[SigningKey]:
    statement = select(_TABLE.c.sealed_private_key).where(_TABLE.c.retired_at.is_(None))
    sealed = (await uow.session.execute(statement.order_by(_TABLE.c.created_at.desc()))).scalars()
    return [SigningKey.from_pem(runtime.secrets.open(each)) for each in sealed]


class OwnKeys:
    """The key source of ticket-svc itself; empty until the database has answered at start."""

    def __init__(self) -> None:
        self.issuer: TokenIssuer | None = None
        self._keys = StaticKeys([])

    def set(self, keys: list[SigningKey]) -> None:
        self.issuer = TokenIssuer(keys)
        self._keys = StaticKeys(keys)

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        return await self._keys.key(kid)
