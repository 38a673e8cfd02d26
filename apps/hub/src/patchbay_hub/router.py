"""One public path space:

each request goes to the service that owns its prefix; the longest prefix wins.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class PrefixRouter:
    """An ASGI app over other ASGI apps. What no prefix claims goes to `default`."""

    def __init__(self, apps: Mapping[str, App], default: App) -> None:
        self._apps = sorted(apps.items(), key=lambda item: len(item[0]), reverse=True)
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app_for(scope.get("path", ""))(scope, receive, send)

    def app_for(self, path: str) -> App:
        """The app that answers this path."""
        for prefix, app in self._apps:
            if path == prefix or path.startswith(prefix + "/"):
                return app
        return self._default
