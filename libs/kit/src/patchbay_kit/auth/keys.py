"""Ed25519 keys of the token issuer (RFC 8037)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


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


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
