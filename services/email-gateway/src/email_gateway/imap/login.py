"""Where and as whom to log in."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Login:
    """One account. With xoauth2 `password` is the access token.

    `address`: the IP address to dial, where it was checked; else `host` is resolved.
    `timeout` is in seconds, `answer_bytes` bounds the answer to one command.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    security: Literal["tls", "starttls", "none"] = "tls"
    authentication: Literal["password", "xoauth2"] = "password"
    timeout: float = 30.0
    address: str | None = None
    answer_bytes: int = 128 * 1024 * 1024
