"""Blobs: durable once named, never half written, nothing outside the folder."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from patchbay_kit.blobs import SMALL, FolderBlobStore, NoBlobStore
from patchbay_kit.errors import ConfigurationError


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


def files(store: FolderBlobStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


async def test_what_is_put_comes_back_by_its_name(store: FolderBlobStore) -> None:
    big = [os.urandom(SMALL + 1), os.urandom(3 * SMALL)]
    contents = [b"", b"x", b"x", big[0], os.urandom(SMALL), big[1], big[0], b"last"]
    names = await store.put(contents)
    for name, content in zip(names, contents, strict=True):
        assert await store.get(name) == content
        assert await FolderBlobStore(store.root).get(name) == content
        assert len(name) <= 64
    assert len(files(store)) == 3, "the big ones, and one file for all small ones"
    assert await store.put([]) == []


async def test_a_lone_or_big_blob_is_stored_once_even_at_the_same_time(
    store: FolderBlobStore,
) -> None:
    content = os.urandom(3 * SMALL)
    results = await asyncio.gather(*(store.put([content, b"y", content]) for _ in range(10)))
    assert {names[0] for names in results} == {hashlib.sha256(content).hexdigest()}
    assert len(files(store)) == 2
    assert await store.get(results[0][0]) == content


async def test_damage_is_noticed(store: FolderBlobStore) -> None:
    whole = await store.put([os.urandom(100)])
    pieces = await store.put([b"one", b"two"])
    for path in files(store):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    for name in (*whole, pieces[1]):
        with pytest.raises(OSError, match="damaged"):
            await store.get(name)
    assert await store.get(pieces[0]) == b"one"


PACK, DIGEST = "0" * 20, "0" * 28


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "../" * 10 + "etc/passwd",
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "0" * 64 + "\n",
        "/" * 64,
        "0" * 32 + "\x00" * 32,
        f"{PACK}.0.1.{DIGEST}",
        f"{PACK}.-1.1.{DIGEST}",
        f"{PACK}.0.fffffffffff.{DIGEST}",
        f"../../../../../../et.0.1.{DIGEST}",
        "...",
    ],
)
async def test_a_name_that_is_none_of_ours_is_not_there(store: FolderBlobStore, name: str) -> None:
    await store.put([b"x", b"y"])
    with pytest.raises(FileNotFoundError):
        await store.get(name)


async def test_content_folder_and_name_are_synced_before_put_returns(
    store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    [name] = await store.put([b"x"])
    root, folder = str(store.root), str(store.root / name[:2])
    content = next(place for place in synced if place.startswith(f"{folder}/.{name}"))
    assert synced.index(content) < synced.index(folder)
    assert root in synced
    assert str(store.root.parent) in synced

    synced.clear()
    await FolderBlobStore(store.root).put([b"x"])
    assert {folder, root} <= set(synced), "another writer's rename may not be on disk yet"

    synced.clear()
    await store.put([b"x", b"y"])
    [pack] = (store.root / "packs").rglob("??*/*")
    assert {str(pack.parent), str(pack.parent.parent), root} <= set(synced)


async def test_a_write_that_fails_leaves_no_half_blob(
    store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            await store.put([b"x"])
    name = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(FileNotFoundError):
        await store.get(name)
    assert files(store) == []
    assert await store.put([b"x"]) == [name]


async def test_a_service_without_blobs_says_which_setting_it_lacks() -> None:
    none: Any = NoBlobStore()
    with pytest.raises(ConfigurationError, match="PATCHBAY_BLOB_DIR"):
        await none.put([b"x"])
    with pytest.raises(FileNotFoundError):
        await none.get("0" * 64)
