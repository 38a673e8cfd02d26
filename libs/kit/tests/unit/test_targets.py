"""Which addresses may be called: none that ends in a private network, however it is written."""

import pytest

from patchbay_kit.targets import (
    ForbiddenTargetError,
    is_public,
    may_be_public,
    public_address,
)

PRIVATE = (
    "10.0.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # an address to refuse
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "2002:a00:1::1",
    "2002:7f00:1::1",
)


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_way_of_writing_a_private_address_is_public(address: str) -> None:
    assert not is_public(address)
    assert not may_be_public(f"[{address}]")
    with pytest.raises(ForbiddenTargetError):
        await public_address(address, 443)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_a_public_address_is_public_behind_a_translator_as_well(address: str) -> None:
    assert is_public(address)
