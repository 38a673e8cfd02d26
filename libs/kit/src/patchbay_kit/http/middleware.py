"""Around every request, in plain ASGI: id and trace, body limit, security headers, access log,
metrics, and the last net for errors.
"""

import logging
import re
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patchbay_kit.http.problems import internal_error, problem_response
from patchbay_kit.ids import new_id
from patchbay_kit.logging import is_secret
from patchbay_kit.metrics import ServiceMetrics
from patchbay_kit.tracing import Trace, new_traceparent, traced

log = structlog.get_logger("patchbay.access")
_ACCESS = logging.getLogger("patchbay.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# Asked every few seconds by machines; a line for each would bury the others.
_QUIET = frozenset({"/livez", "/healthz", "/readyz", "/metrics"})
# A route that takes larger bodies than others sets its own limit, in bytes, in the request's scope.
BODY_LIMIT = "patchbay.max_body_bytes"
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-cache"),
)


class RequestMiddleware:
    """See the module's docstring.

    `max_body_bytes` counts what arrives, whatever Content-Length says.
    """

    def __init__(self, app: ASGIApp, *, metrics: ServiceMetrics, max_body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._limit = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope["patchbay.request_id"] = request_id
        trace = _trace(headers, request_id)
        with traced(trace), structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._serve(scope, receive, _Response(send, request_id, trace))

    async def _serve(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        started = time.perf_counter()
        try:
            await self._guarded(scope, self._limited(scope, receive), response)
        finally:
            self._record(scope, response.status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope.get("query_string", b""):
            refusal = problem_response(
                400,
                "bad_request",
                "Bad Request",
                detail="NUL characters are not allowed in a URL.",
                request_id=scope["patchbay.request_id"],
            )
            await refusal(scope, receive, response.send)
            return
        try:
            await self._app(scope, receive, response.send)
        except Exception:  # the last net: no exception text leaves, the log has it all
            log.exception("http.unhandled", method=scope["method"], path=_path(scope))
            if response.started:
                raise
            await internal_error(scope["patchbay.request_id"])(scope, receive, response.send)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            limit: int = scope.get(BODY_LIMIT, self._limit)
            if declared.isdigit() and int(declared) > limit:
                raise _too_large(limit)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        return limited

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        # Asked here, for building a line that nobody wants costs a twentieth of a request.
        if scope["path"] in _QUIET or not _ACCESS.isEnabledFor(logging.INFO):
            return
        log.info(
            "http.request",
            method=scope["method"],
            path=_path(scope),
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
        )


class _Response:
    """What goes out: adds the headers, remembers the status.

    499 means that the client left first.
    """

    def __init__(self, send: Send, request_id: str, trace: Trace) -> None:
        self._send = send
        self._extra = (
            (b"x-request-id", request_id.encode()),
            (b"traceparent", trace.traceparent.encode()),
        )
        self.started = False
        self.status = 499

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers += [pair for pair in _SECURITY_HEADERS if pair[0] not in present]
            message["headers"] = [*headers, *self._extra]
        await self._send(message)


def _route(scope: Scope) -> str:
    """The template that matched."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else "(none)"


def _path(scope: Scope) -> str:
    """The path as logs may have it: it may carry a secret, such as the token of a webhook."""
    private = any(is_secret(name) for name in scope.get("path_params", ()))
    return _route(scope) if private else str(scope["path"])


def _too_large(limit: int) -> HTTPException:
    detail = f"A request body may have {limit} bytes here."
    return HTTPException(413, detail, {"Connection": "close"})


def _request_id(headers: dict[bytes, bytes]) -> str:
    sent = headers.get(b"x-request-id", b"")
    return sent.decode() if _REQUEST_ID.fullmatch(sent) else new_id()


def _trace(headers: dict[bytes, bytes], request_id: str) -> Trace:
    parent = headers.get(b"traceparent", b"")
    correlation = headers.get(b"x-correlation-id", b"")
    return Trace(
        new_traceparent(parent.decode() if _TRACEPARENT.fullmatch(parent) else None),
        correlation.decode() if _REQUEST_ID.fullmatch(correlation) else request_id,
    )
