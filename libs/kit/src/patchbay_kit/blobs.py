"""Big things by reference:

content-addressed blobs in a folder. A blob that `put` has returned survives a power cut.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from patchbay_kit.errors import ConfigurationError


class BlobStore(Protocol):
    """Named by the SHA-256 of their content, so storing one twice is storing it once."""

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        """Store all durably; returns their names (hex SHA-256) in order."""
        ...

    async def get(self, name: str) -> bytes:
        """Raises FileNotFoundError."""
        ...


class NoBlobStore:
    """For services that keep nothing big."""

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        raise ConfigurationError("PATCHBAY_BLOB_DIR: Field required")

    async def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)


class FolderBlobStore:
    """256 folders, because making a folder costs as much as making the file in it.

    A blob is written to a temporary name, synced, then renamed.
    """

    def __init__(self, root: Path, *, threads: int = 8) -> None:
        self.root = root
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="blobs")

    async def put(self, contents: Sequence[bytes]) -> list[str]:
        loop = asyncio.get_running_loop()
        shares = [contents[start :: self._threads] for start in range(self._threads)]
        written = await asyncio.gather(
            *(loop.run_in_executor(self._pool, self._write_all, each) for each in shares if each)
        )
        names = [""] * len(contents)
        for start, share in enumerate(written):
            names[start :: self._threads] = share
        return names

    async def get(self, name: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._path(name).read_bytes
        )

    def _path(self, name: str) -> Path:
        if len(name) != 64 or not all(c in "0123456789abcdef" for c in name):
            raise FileNotFoundError(name)
        return self.root / name[:2] / name

    def _write_all(self, contents: Sequence[bytes]) -> list[str]:
        return [self._write(content) for content in contents]

    def _write(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self.root)
        temporary = path.with_name(f".{name}.{secrets.token_hex(8)}")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
        return name


def _sync_folder(folder: Path) -> None:
    """Make the names in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
