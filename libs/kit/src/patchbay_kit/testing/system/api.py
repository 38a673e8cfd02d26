"""A client of the public HTTP API that signs in, turns pages and, where asked, outlives crashes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from patchbay_kit.ids import new_id
from patchbay_kit.testing.waiting import wait_until

# From a URL path to the base URL of whoever answers it.
Route = Callable[[str], str]

_GOES_AWAY = frozenset({500, 502, 503, 504})


class ApiError(AssertionError):
    """An answer that the test did not expect; `problem` is its document (RFC 9457)."""

    def __init__(self, method: str, path: str, answer: httpx.Response) -> None:
        super().__init__(f"{method} {path}: {answer.status_code} {answer.text[:600]}")
        self.status = answer.status_code
        is_json = "json" in answer.headers.get("content-type", "")
        self.problem: dict[str, Any] = answer.json() if is_json else {}


@dataclass
class Api:
    """Speaks for one person. `patience`: seconds in which a lost answer or 5xx is tried again."""

    route: Route
    email: str
    password: str
    patience: float = 0.0
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    _token: str = ""

    def signed_in_as(self, email: str, password: str) -> "Api":
        """The same system as somebody else sees it."""
        return Api(self.route, email, password, self.patience)

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Try every request again for so long while parts of the system are dead."""
        before, self.patience = self.patience, seconds
        try:
            yield
        finally:
            self.patience = before

    def get(self, path: str, **params: Any) -> Any:
        """The answer's JSON; parameters that are None are left out."""
        return self._json("GET", path, params=_present(params))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """POST with an idempotency key of its own, or with `key`."""
        headers = {"Idempotency-Key": key or new_id()}
        return self._json("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any = None) -> Any:
        return self._json("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        return self._json("PATCH", path, json=body)

    def delete(self, path: str) -> Any:
        return self._json("DELETE", path)

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=200, cursor=cursor, **params)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The bare answer, whatever its status; signs in again where the token is not accepted."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                answer = self._once(method, path, **arguments)
                if answer.status_code not in _GOES_AWAY or time.monotonic() >= deadline:
                    return answer
            except (httpx.TransportError, ApiError):
                if time.monotonic() >= deadline:
                    raise
            _breathe()

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def _once(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        answer = self._send(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._token = ""
            answer = self._send(method, path, **arguments)
        return answer

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if not self._token:
            self._sign_in()
        headers = {**arguments.pop("headers", {}), "Authorization": f"Bearer {self._token}"}
        return self._client.request(method, self.route(path) + path, headers=headers, **arguments)

    def _sign_in(self) -> None:
        path = "/v1/auth/token"
        body = {"email": self.email, "password": self.password}
        answer = self._client.post(self.route(path) + path, json=body)
        if not answer.is_success:
            raise ApiError("POST", path, answer)
        self._token = answer.json()["access_token"]

    def _json(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self.request(method, path, **arguments)
        if not answer.is_success:
            raise ApiError(method, path, answer)
        return answer.json() if answer.content else None


def _present(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _breathe() -> None:
    """Wait a moment before a request is tried again."""
    until = time.monotonic() + 0.2
    wait_until(lambda: time.monotonic() >= until, timeout=5)
