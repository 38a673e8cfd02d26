"""A secret in a path is in no log line, whatever becomes of the request."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from patchbay_kit.http.middleware import RequestMiddleware


class _Metrics:
    def observe(self, *_seen: Any) -> None:
        """Counts nothing."""


@pytest.mark.parametrize("fails", [False, True])
async def test_the_token_of_a_path_is_not_logged(
    fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "patchbay.access")

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        # As the router leaves it.
        scope["route"] = SimpleNamespace(path="/hooks/{hook_token}")
        scope["path_params"] = {"hook_token": "s3cret"}
        if fails:
            raise LookupError
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/hooks/s3cret",
        "raw_path": b"/hooks/s3cret",
        "query_string": b"",
        "headers": [],
    }
    middleware = RequestMiddleware(app, metrics=_Metrics(), max_body_bytes=10)  # type: ignore[arg-type]
    with capture_logs() as lines:
        await middleware(scope, receive, send)
    assert sent[0]["status"] == (500 if fails else 204)
    assert [line["path"] for line in lines] == ["/hooks/{hook_token}"] * (2 if fails else 1)
    assert "s3cret" not in str(lines)
