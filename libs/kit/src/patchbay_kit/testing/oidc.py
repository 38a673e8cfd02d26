"""A private OpenID Connect provider on loopback: a real HTTP server and real signatures."""

import base64
import functools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

CLIENT_ID = "patchbay-test"


class FakeIssuer:
    """Publishes its keys and signs tokens. `asked` counts what was fetched, by path.

    `described` is merged into the discovery document; `broken` makes every answer a 500.
    """

    def __init__(self) -> None:
        self.keys: dict[str, tuple[Any, str]] = {}
        self.asked: dict[str, int] = {}
        self.described: dict[str, Any] = {}
        self.broken = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # The interval is how long stopping takes.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self.add_key("rsa", _rsa_key(), "RS256")

    @property
    def issuer(self) -> str:
        """How it names itself."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add_key(self, kid: str, private: Any, algorithm: str) -> None:
        """Publish one more key."""
        self.keys[kid] = (private, algorithm)

    def add_curves(self) -> None:
        """Publish an EC and an Ed25519 key: `ec` and `ed`."""
        self.add_key("ec", ec.generate_private_key(ec.SECP256R1()), "ES256")
        self.add_key("ed", ed25519.Ed25519PrivateKey.generate(), "EdDSA")

    def token(self, kid: str = "rsa", **claims: Any) -> str:
        """A good token but for `claims`; None leaves one out."""
        now = int(time.time())
        values = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "248289761001",
            "iat": now,
            "exp": now + 300,
            "email": "mia@desk.example",
            "email_verified": True,
            **claims,
        }
        kept = {name: value for name, value in values.items() if value is not None}
        private, algorithm = self.keys[kid]
        return jwt.encode(kept, private, algorithm=algorithm, headers={"kid": kid})

    def jwks(self) -> dict[str, Any]:
        """The published keys."""
        return {"keys": [_jwk(kid, private, alg) for kid, (private, alg) in self.keys.items()]}

    def _documents(self) -> dict[str, Any]:
        discovery = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return {
            "/.well-known/openid-configuration": discovery | self.described,
            "/keys": self.jwks(),
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that http.server calls
                issuer.asked[self.path] = issuer.asked.get(self.path, 0) + 1
                document = issuer._documents().get(self.path)
                status = 500 if issuer.broken else 200 if document is not None else 404
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                return

        return Handler


@functools.cache
def _rsa_key() -> rsa.RSAPrivateKey:
    """Made once in a run: it takes longer than most tests."""
    return rsa.generate_private_key(65537, 2048)


def _jwk(kid: str, private: Any, algorithm: str) -> dict[str, Any]:
    public = private.public_key()
    common = {"kid": kid, "alg": algorithm, "use": "sig"}
    if algorithm == "RS256":
        numbers = public.public_numbers()
        return {**common, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    if algorithm == "ES256":
        numbers = public.public_numbers()
        point = {"x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return {**common, "kty": "EC", "crv": "P-256", **point}
    return {**common, "kty": "OKP", "crv": "Ed25519", "x": _b64(public.public_bytes_raw())}


def _number(value: int, length: int | None = None) -> str:
    return _b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
