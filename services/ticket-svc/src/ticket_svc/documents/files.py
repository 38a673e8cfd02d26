"""The files behind documents, in the blob store.

Promise: a file is stored before the transaction that names it, so no document is without its file.
"""

from dataclasses import dataclass

from patchbay_kit.errors import ConfigurationError, ProblemError, invalid
from patchbay_kit.runtime import Runtime
from ticket_svc.documents.rules import clean_name, media_type_of


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is in the store. `size` is in bytes."""

    name: str
    media_type: str
    size: int
    blob: str


def checked_name(text: str) -> str:
    """The name as we keep it; 422 `name_unusable`."""
    name = clean_name(text)
    if not name:
        raise invalid("name_unusable", "Nothing of the name can be used", field="name")
    return name


async def store(runtime: Runtime, text: str, content: bytes) -> StoredFile:
    """Keep the file; 422 `name_unusable`, `document_empty`, 503 where there is no place for it."""
    name = checked_name(text)
    if not content:
        raise invalid("document_empty", "There is nothing in the file", field="body")
    try:
        (blob,) = await runtime.blobs.put([content])
    except (ConfigurationError, OSError) as error:
        raise _unavailable("The file cannot be kept now") from error
    return StoredFile(name, media_type_of(content, name), len(content), blob)


async def load(runtime: Runtime, blob: str) -> bytes:
    """The content; 503 where the store does not have it now."""
    try:
        return await runtime.blobs.get(blob)
    except OSError as error:
        raise _unavailable("The file cannot be read now") from error


def _unavailable(title: str) -> ProblemError:
    hint = "Look at the folder of PATCHBAY_BLOB_DIR."
    return ProblemError(503, "document_store_unavailable", title, hint=hint)
