"""Who is calling: principals, signed tokens and passwords.

Loaded on first use: keys and passwords bring cryptography and argon2 with them.
"""

from typing import TYPE_CHECKING

from patchbay_kit.lazy import on_first_use

if TYPE_CHECKING:
    from patchbay_kit.auth.jwks import HttpJwks
    from patchbay_kit.auth.keys import SigningKey, StaticKeys
    from patchbay_kit.auth.passwords import hash_password, verify_password
    from patchbay_kit.auth.principal import EVERYTHING, Principal, PrincipalKind
    from patchbay_kit.auth.tokens import (
        IssuedToken,
        KeySource,
        TokenIssuer,
        TokenVerifier,
        Verifier,
    )
else:
    __getattr__ = on_first_use(
        __name__,
        {
            "EVERYTHING": "principal",
            "HttpJwks": "jwks",
            "IssuedToken": "tokens",
            "KeySource": "tokens",
            "Principal": "principal",
            "PrincipalKind": "principal",
            "SigningKey": "keys",
            "StaticKeys": "keys",
            "TokenIssuer": "tokens",
            "TokenVerifier": "tokens",
            "Verifier": "tokens",
            "hash_password": "passwords",
            "verify_password": "passwords",
        },
    )

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
