"""Ed25519 keys of the token issuer (RFC 8037), and where verifiers get the public halves."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import httpx
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from patchbay_kit.errors import ProblemError

log = structlog.get_logger(__name__)

FETCH_TIMEOUT = 5.0
FRESH_FOR = 300.0
REFETCH_AFTER = 10.0


class KeySource(Protocol):
    """Public keys by key id."""

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """None where the issuer has no such key; ProblemError 503 where nobody can say."""
        ...


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. `kid` is the RFC 7638 thumbprint of its public half."""

    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Read what `to_pem` wrote; ValueError for anything else."""
        key = load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 private key")
        return cls(key)

    def to_pem(self) -> str:
        """PKCS #8, unencrypted: seal it before it is stored."""
        return self.private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()

    @property
    def kid(self) -> str:
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": _b64(public)}
        return _b64(hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest())

    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key."""
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": _b64(public),
        }


class StaticKeys:
    """The keys of an issuer in the same process, or of a test."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._keys = {key.kid: key.private.public_key() for key in keys}

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        return self._keys.get(kid)


class HttpJwks:
    """The issuer's published keys, read over HTTP and kept for five minutes.

    An unknown key id causes one more look, at most every ten seconds. While the issuer cannot be
    reached the keys known so far stay in use: tokens already given out must keep working.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._transport = transport
        self._monotonic = monotonic
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        if self._wants_fetch(kid):
            async with self._lock:
                if self._wants_fetch(kid):
                    await self._fetch()
        found = self._keys.get(kid)
        if found is None and self._fetched is None:
            raise _unreachable()
        return found

    def _wants_fetch(self, kid: str) -> bool:
        now = self._monotonic()
        if self._tried is not None and now - self._tried < REFETCH_AFTER:
            return False
        stale = self._fetched is None or now - self._fetched > FRESH_FOR
        return stale or kid not in self._keys

    async def _fetch(self) -> None:
        self._tried = self._monotonic()
        try:
            async with httpx.AsyncClient(
                timeout=FETCH_TIMEOUT, transport=self._transport, follow_redirects=False
            ) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
            self._keys = _parse_jwks(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            log.warning("jwks.fetch_failed", url=self._url, error=str(error))
            return
        self._fetched = self._tried


def _parse_jwks(document: Any) -> dict[str, Ed25519PublicKey]:
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    found = {}
    for entry in document["keys"]:
        if isinstance(entry, dict) and entry.get("crv") == "Ed25519" and entry.get("kid"):
            raw = str(entry.get("x", ""))
            padded = raw + "=" * (-len(raw) % 4)
            public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(padded))
            found[str(entry["kid"])] = public
    return found


def _unreachable() -> ProblemError:
    return ProblemError(
        503,
        "identity_unavailable",
        "The token issuer cannot be reached",
        detail="The keys that prove who you are could not be read.",
        hint="Try again in a few seconds.",
        headers={"Retry-After": str(int(REFETCH_AFTER))},
    )


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
