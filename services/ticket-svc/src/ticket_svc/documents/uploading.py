"""Requests that carry a file: larger than others, and stored before their transaction begins."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Query, Request, Response

from patchbay_kit.http import TransactionalRoute
from patchbay_kit.http.identification import identify, runtime_of
from patchbay_kit.http.middleware import BODY_LIMIT

FileName = Annotated[str, Query(min_length=1, max_length=300, examples=["offer.pdf"])]


class UploadRoute(TransactionalRoute):
    """Takes bodies of up to `document_max_bytes`, from those who say who they are."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            if await identify(request) is not None:
                limit: int = runtime_of(request).settings.document_max_bytes
                request.scope[BODY_LIMIT] = limit
            return await handle(request)

        return handle_upload


# How OpenAPI describes a body that is the file itself.
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "the file as it is; its kind is read off the content",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
