"""The page at `/`: what this is, a way to sign in, and the newest Inbox tickets with their reasons.

Three files and no build step; it talks to the public HTTP API only.
"""

from collections.abc import Awaitable, Callable
from importlib import resources

from fastapi import FastAPI, Response

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
PATHS = tuple(_FILES)
HEADERS = {
    # Nothing from elsewhere, nothing inline: what a mail smuggles into a subject stays text.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_app() -> FastAPI:
    """Answers PATHS."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for path, (name, media_type) in _FILES.items():
        body = resources.files(__package__).joinpath(name).read_bytes()
        app.add_api_route(path, _file(body, media_type), methods=["GET", "HEAD"])
    return app


def _file(body: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return Response(body, headers=HEADERS, media_type=media_type)

    return answer
