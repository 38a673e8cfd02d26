"""Signed tokens: JWT (RFC 7519) with EdDSA.

Anything wrong with one is a 401 that says nothing about why a signature failed.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast, get_args

from patchbay_kit.auth.principal import Principal, PrincipalKind
from patchbay_kit.clock import Clock, utc_now
from patchbay_kit.errors import ProblemError
from patchbay_kit.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from patchbay_kit.auth.keys import SigningKey

ISSUER = "patchbay"
AUDIENCE = "patchbay"
DEFAULT_TTL = timedelta(hours=12)
# How long a verified token is not looked at again: short, so that withdrawing a key takes effect.
CACHE_SECONDS = 300.0
CACHE_ENTRIES = 10_000
LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 8192


class KeySource(Protocol):
    """Public keys by key id."""

    async def key(self, kid: str) -> "Ed25519PublicKey | None":
        """None where the issuer has no such key; ProblemError 503 where nobody can say."""
        ...


class Verifier(Protocol):
    """Turns a bearer credential into its principal. Lives in `runtime.extras["verifier"]`."""

    async def verify(self, token: str) -> Principal:
        """ProblemError 401 for a bad credential, 503 where it cannot be checked now."""
        ...


@dataclass(frozen=True, slots=True)
class IssuedToken:
    token: str
    expires_at: datetime


class TokenIssuer:
    """Signs with the first key; the others are still published, so that older tokens stay valid."""

    def __init__(
        self,
        keys: "Sequence[SigningKey]",
        issuer: str = ISSUER,
        *,
        ttl: timedelta = DEFAULT_TTL,
        clock: Clock = utc_now,
    ) -> None:
        if not keys:
            raise ValueError("an issuer needs at least one key")
        self._keys = tuple(keys)
        self._issuer = issuer
        self._ttl = ttl
        self._clock = clock

    def issue(
        self,
        principal: Principal,
        *,
        ttl: timedelta | None = None,
        auth_time: datetime | None = None,
    ) -> IssuedToken:
        """A token for `principal`; its permissions are those of this moment.

        `auth_time` is when they signed in, where that was not now (OIDC Core 1.0, 2).
        """
        import jwt

        now = self._clock().replace(microsecond=0)
        expires = now + (ttl or self._ttl)
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": principal.id,
            "iat": now,
            "exp": expires,
            "auth_time": int((auth_time or now).timestamp()),
            "jti": new_id(),
            "kind": principal.kind,
            "name": principal.name,
            "email": principal.email,
            "permissions": sorted(principal.permissions),
            "account": principal.account_id,
        }
        key = self._keys[0]
        token = jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.kid})
        return IssuedToken(token, expires)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The document for `/.well-known/jwks.json` (RFC 7517)."""
        return {"keys": [key.jwk() for key in self._keys]}


class TokenVerifier:
    """Checks signature, issuer, audience and times; remembers good tokens by their SHA-256."""

    def __init__(
        self,
        key_source: KeySource,
        *,
        issuer: str = ISSUER,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = key_source
        self._issuer = issuer
        self._time = wall_clock
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def verify(self, token: str) -> Principal:
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise unauthenticated("token_invalid", "The token is not valid.")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._time() < known[1]:
            return known[0]
        claims = await self.claims(token)
        principal = _principal(claims)
        self._remember(digest, principal, float(claims["exp"]))
        return principal

    def forget(self) -> None:
        """Look at every token anew: a key was withdrawn."""
        self._known.clear()

    async def claims(self, token: str) -> dict[str, Any]:
        """What a good token says; 401 for any other."""
        # Loaded with the first token: PyJWT brings cryptography, 10 MiB.
        import jwt

        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise unauthenticated("token_invalid", "The token is not from this installation.")
            return jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated(
                "token_expired", "The token has expired; sign in again."
            ) from None
        except jwt.InvalidTokenError:
            raise unauthenticated("token_invalid", "The token is not valid.") from None

    def _remember(self, digest: bytes, principal: Principal, expires: float) -> None:
        if len(self._known) >= CACHE_ENTRIES:
            now = self._time()
            self._known = {key: kept for key, kept in self._known.items() if kept[1] > now}
        if len(self._known) >= CACHE_ENTRIES:
            self._known.pop(next(iter(self._known)))
        self._known[digest] = (principal, min(expires, self._time() + CACHE_SECONDS))


def unauthenticated(code: str, detail: str) -> ProblemError:
    """401 with the challenge that RFC 6750 asks for."""
    challenge = 'Bearer realm="patchbay"'
    if code != "authentication_required":
        challenge += ', error="invalid_token"'
    return ProblemError(
        401,
        code,
        "Not signed in",
        detail=detail,
        hint="Get a token from POST /v1/auth/token and send it as 'Authorization: Bearer <token>'.",
        headers={"WWW-Authenticate": challenge},
    )


def _principal(claims: dict[str, Any]) -> Principal:
    kind = claims.get("kind")
    permissions = claims.get("permissions", [])
    if kind not in get_args(PrincipalKind) or not isinstance(permissions, list):
        raise unauthenticated("token_invalid", "The token does not name a principal.")
    email, account = claims.get("email"), claims.get("account")
    return Principal(
        id=str(claims["sub"]),
        kind=cast("PrincipalKind", kind),
        name=str(claims.get("name") or ""),
        email=str(email) if email else None,
        permissions=frozenset(str(permission) for permission in permissions),
        account_id=str(account) if account else None,
    )


def expires_in(issued: IssuedToken, now: datetime | None = None) -> int:
    """Whole seconds that a token is still good for."""
    return max(0, int((issued.expires_at - (now or datetime.now(UTC))).total_seconds()))
