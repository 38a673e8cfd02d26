"""One path space: the longest prefix wins, and what nobody claims has a home."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from patchbay_hub.router import PrefixRouter, Receive, Scope, Send


def _app(name: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "answer", "by": name})

    return app


ROUTER = PrefixRouter(
    {
        "/": _app("page"),
        "/v1/mails": _app("mail"),
        "/v1/dead-letters/notifier": _app("notifier"),
        "/v1/dead-letters": _app("letters"),
    },
    default=_app("default"),
)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/", "page"),
        ("/v1/mails", "mail"),
        ("/v1/mails/1/raw", "mail"),
        ("/v1/mailboxes", "default"),
        ("/v1/dead-letters/notifier/7/retry", "notifier"),
        ("/v1/dead-letters/notifier-2", "letters"),
        ("/openapi.json", "default"),
        ("", "default"),
    ],
)
async def test_the_longest_prefix_of_whole_segments_answers(path: str, owner: str) -> None:
    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def receive() -> dict[str, Any]:
        return {}

    await ROUTER({"type": "http", "path": path}, receive, send)

    assert answers == [{"type": "answer", "by": owner}]
