"""What the folder of originals promises."""

import hashlib
from pathlib import Path

import pytest

from patchbay_kit.blobs import SMALL, FolderBlobStore


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_every_content_comes_back_by_its_name_in_order(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    contents = [b"a", b"", b"x" * (SMALL + 1), b"a", b"last\r\n"]
    names = await store.put(contents)
    assert [await store.get(name) for name in names] == contents
    assert all(len(name) <= 64 for name in names)


async def test_small_contents_that_come_together_share_one_file(tmp_path: Path) -> None:
    await FolderBlobStore(tmp_path).put([b"one", b"two", b"three"])
    assert [file.read_bytes() for file in _files(tmp_path)] == [b"onetwothree"]


async def test_one_content_alone_is_named_by_its_sha256_and_stored_once(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    assert await store.put([b"mail"]) == await store.put([b"mail"])
    assert await store.put([b"mail"]) == [hashlib.sha256(b"mail").hexdigest()]
    assert len(_files(tmp_path)) == 1


async def test_the_largest_pack_still_has_names_of_64_characters(tmp_path: Path) -> None:
    contents = [bytes([number]) * SMALL for number in range(200)]
    names = await FolderBlobStore(tmp_path).put(contents)
    assert max(len(name) for name in names) <= 64


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../../etc/passwd",
        "a" * 63,
        "A" * 64,
        "../x.0.1.ab",
        "ab.0.1",
        "z" * 20 + ".0.1.a",
    ],
)
async def test_a_name_that_was_never_given_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        await FolderBlobStore(tmp_path).get(name)


@pytest.mark.parametrize("contents", [[b"alone"], [b"first", b"second"]])
async def test_a_damaged_file_is_told_from_a_good_one(
    tmp_path: Path, contents: list[bytes]
) -> None:
    store = FolderBlobStore(tmp_path)
    names = await store.put(contents)
    (file,) = _files(tmp_path)
    file.write_bytes(b"?" * file.stat().st_size)
    with pytest.raises(OSError, match="damaged"):
        await store.get(names[0])
