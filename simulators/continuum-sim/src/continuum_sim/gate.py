"""Middleware that lets scheduled faults happen to PSG calls.

`status`, `html` and `reset` have no effect on tickets; `delay`, `truncated_json` and
`slow_success` have the effect and then spoil the answer.
"""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from continuum_sim.control_models import FaultSpec
from continuum_sim.journal import RequestLine
from continuum_sim.outcome import FAULT_SCOPE_KEY
from continuum_sim.severing import sever
from continuum_sim.simulator import Simulator

_HTML = b"<html><body><h1>Service Unavailable</h1><p>Please log in again.</p></body></html>"


class FaultGate:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, simulator: Simulator) -> None:
        self._app = app
        self._sim = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._take(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope[FAULT_SCOPE_KEY] = fault.kind
        match fault.kind:
            case "status" | "html":
                await _answer(send, fault)
            case "reset":
                await sever(receive)
            case "delay":
                await self._sim.pause(fault.seconds)
                await self._app(scope, receive, send)
            case "truncated_json" | "slow_success":
                await self._spoil(fault, scope, receive, send)

    def _take(self, scope: Scope) -> FaultSpec | None:
        path: str = scope["path"]
        if not path.startswith("/psg/") or not self._sim.faults.any_waiting():
            return None
        method: str = scope["method"]
        with self._sim.store.transaction():
            fault = self._sim.faults.take(method, path)
            if fault and fault.kind in ("status", "html", "reset"):
                query = scope["query_string"].decode("latin-1")
                line = RequestLine(method, path, query, _ticket_id(path), fault.kind)
                self._sim.journal.write(line, _status(fault))
        return fault

    async def _spoil(self, fault: FaultSpec, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        await self._sim.pause(fault.seconds)
        if fault.kind == "slow_success":
            if fault.cut:
                await sever(receive)
                return
            for message in held:
                await send(message)
            return
        await _send_half(held, send, keep_length=fault.cut)
        if fault.cut:
            await sever(receive)


async def _send_half(held: list[Message], send: Send, *, keep_length: bool) -> None:
    """Send half the body: as if it were all, or with the true length and the rest owing."""
    body = b"".join(message.get("body", b"") for message in held[1:])
    half = body[: len(body) // 2]
    length = len(body) if keep_length else len(half)
    headers = [
        (name, value) for name, value in held[0]["headers"] if name.lower() != b"content-length"
    ]
    headers.append((b"content-length", str(length).encode()))
    await send({**held[0], "headers": headers})
    await send({"type": "http.response.body", "body": half, "more_body": keep_length})


async def _answer(send: Send, fault: FaultSpec) -> None:
    status = _status(fault)
    if fault.kind == "html":
        headers, body = [(b"content-type", b"text/html; charset=utf-8")], _HTML
    else:
        headers = [(b"content-type", b"application/json")]
        body = json.dumps({"code": "injected", "detail": f"Injected {status}."}).encode()
    if status == 429 or fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after or 1).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _status(fault: FaultSpec) -> int:
    defaults = {"reset": 0, "html": 200}
    return fault.status or defaults.get(fault.kind, 503)


def _ticket_id(path: str) -> str | None:
    parts = path.split("/")
    return parts[4] if len(parts) > 4 and parts[3] == "tickets" else None
