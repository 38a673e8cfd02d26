"""Who is calling: principals, signed tokens and passwords."""

from patchbay_kit.auth.keys import HttpJwks, KeySource, SigningKey, StaticKeys
from patchbay_kit.auth.passwords import hash_password, verify_password
from patchbay_kit.auth.principal import EVERYTHING, Principal, PrincipalKind
from patchbay_kit.auth.tokens import IssuedToken, TokenIssuer, TokenVerifier, Verifier

__all__ = [
    "EVERYTHING",
    "HttpJwks",
    "IssuedToken",
    "KeySource",
    "Principal",
    "PrincipalKind",
    "SigningKey",
    "StaticKeys",
    "TokenIssuer",
    "TokenVerifier",
    "Verifier",
    "hash_password",
    "verify_password",
]
