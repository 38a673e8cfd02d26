"""Big things by reference: contents in a folder.

A blob that `put` has returned survives a power cut, and its name proves its content.
"""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from patchbay_kit.errors import ConfigurationError

# Up to this size blobs that are stored together share a file: making a file costs more than
# writing a mail into it, and syncing each more again.
SMALL = 64 * 1024
_PACK_HEX = 20
_DIGEST_HEX = 28
_WHOLE = re.compile(r"[0-9a-f]{64}")
_PIECE = re.compile(
    rf"([0-9a-f]{{{_PACK_HEX}}})\.([0-9a-f]{{1,8}})\.([0-9a-f]{{1,5}})\.([0-9a-f]{{{_DIGEST_HEX}}})"
)


class BlobStore(Protocol):
    """Names are at most 64 characters and lead to the content for ever."""

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        """Store all durably; returns their names in order."""
        ...

    async def get(self, name: str) -> bytes:
        """Raises FileNotFoundError, and OSError where the content is not what was stored."""
        ...


class NoBlobStore:
    """For services that keep nothing big."""

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        raise ConfigurationError("PATCHBAY_BLOB_DIR: Field required")

    async def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)


class FolderBlobStore:
    """A blob is a file named by its SHA-256, or a piece of a pack that was written at once:
    `<pack>.<offset>.<length>.<digest>`, all hexadecimal.

    Files are written to a temporary name, synced, then renamed. 256 folders of one level, because
    making a folder costs as much as making the file in it.
    """

    def __init__(self, root: Path, *, threads: int = 8) -> None:
        self.root = root
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="blobs")
        # Folders whose own names are on disk; one that is merely there may be another thread's.
        self._durable_folders: set[Path] = set()

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        small = [index for index, content in enumerate(contents) if len(content) <= SMALL]
        packed = set(small) if len(small) > 1 else set()
        loop = asyncio.get_running_loop()
        writes = [
            loop.run_in_executor(self._pool, self._write_alone, index, content)
            for index, content in enumerate(contents)
            if index not in packed
        ]
        if packed:
            chosen = [(index, contents[index]) for index in small]
            writes.append(loop.run_in_executor(self._pool, self._write_pack, chosen))
        names = {index: name for pairs in await asyncio.gather(*writes) for index, name in pairs}
        return [names[index] for index in range(len(contents))]

    async def get(self, name: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, name)

    def _read(self, name: str) -> bytes:
        if piece := _PIECE.fullmatch(name):
            return self._read_piece(name, *piece.groups())
        if not _WHOLE.fullmatch(name):
            raise FileNotFoundError(name)
        content = (self.root / name[:2] / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != name:
            raise OSError(f"the stored file {name} is damaged")
        return content

    def _read_piece(self, name: str, pack: str, offset: str, length: str, digest: str) -> bytes:
        with self._pack_path(pack).open("rb") as file:
            file.seek(int(offset, 16))
            content = file.read(int(length, 16))
        if hashlib.sha256(content).hexdigest()[:_DIGEST_HEX] != digest:
            raise OSError(f"the stored piece {name} is damaged")
        return content

    def _pack_path(self, pack: str) -> Path:
        return self.root / "packs" / pack[:2] / pack

    def _write_alone(self, index: int, content: bytes) -> list[tuple[int, str]]:
        name = hashlib.sha256(content).hexdigest()
        path = self.root / name[:2] / name
        if path.exists():
            # Whoever wrote it may not have got further than the renaming.
            self._make_durable(path.parent)
            _sync_folder(path.parent)
        else:
            self._write(path, [content])
        return [(index, name)]

    def _write_pack(self, chosen: Sequence[tuple[int, bytes]]) -> list[tuple[int, str]]:
        pack, offset = secrets.token_hex(_PACK_HEX // 2), 0
        names: list[tuple[int, str]] = []
        for index, content in chosen:
            digest = hashlib.sha256(content).hexdigest()[:_DIGEST_HEX]
            names.append((index, f"{pack}.{offset:x}.{len(content):x}.{digest}"))
            offset += len(content)
        self._write(self._pack_path(pack), [content for _, content in chosen])
        return names

    def _write(self, path: Path, contents: Sequence[bytes]) -> None:
        """All or nothing, and durable when it returns."""
        self._make_durable(path.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with temporary.open("wb") as file:
                file.writelines(contents)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def _make_durable(self, folder: Path) -> None:
        if folder in self._durable_folders:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for above in folder.parents:
            _sync_folder(above)
            if above == self.root.parent:
                break
        self._durable_folders.add(folder)


def _sync_folder(folder: Path) -> None:
    """Make the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
