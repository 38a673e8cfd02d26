"""Giving files back: to be saved, never to be shown or run by a browser."""

from fastapi import Response

from patchbay_kit.runtime import Runtime
from ticket_svc.documents import files
from ticket_svc.documents.reading import find_document
from ticket_svc.documents.rules import disposition
from ticket_svc.rights.viewer import Viewer

_INERT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


async def download(document_id: str, viewer: Viewer, runtime: Runtime) -> Response:
    """The content; 404 as `find_document`, 503 where the store does not have it now."""
    async with runtime.db.read() as session:
        document = await find_document(session, viewer, document_id)
        name, kind, blob = document.name, document.media_type, document.blob
    content = await files.load(runtime, blob)
    headers = {**_INERT, "Content-Type": kind, "Content-Disposition": disposition(name)}
    return Response(content, headers=headers)
