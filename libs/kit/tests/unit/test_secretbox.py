"""Secrets at rest."""

import pytest

from patchbay_kit.errors import PermanentError
from patchbay_kit.secretbox import SecretBox

KEY = "kept-by-nobody-but-this-installation"


def test_a_sealed_secret_opens_to_itself_and_looks_different_each_time() -> None:
    box = SecretBox(KEY)
    for secret in ("p4ss", "", "Ø 印刷 🖨️", "x" * 100_000):
        sealed = box.seal(secret)
        assert SecretBox(KEY).open(sealed) == secret
        assert sealed != box.seal(secret)
        assert not secret or secret not in sealed


@pytest.mark.parametrize("spoil", ["other key", "changed", "cut", "garbage"])
def test_what_cannot_be_opened_says_what_to_do_and_tells_nothing(spoil: str) -> None:
    sealed = SecretBox(KEY).seal("p4ss")
    box = SecretBox("another-installation-or-a-rotated-key" if spoil == "other key" else KEY)
    sealed = {
        "other key": sealed,
        "changed": sealed[:-10] + ("A" if sealed[-10] != "A" else "B") + sealed[-9:],
        "cut": sealed[:-5],
        "garbage": "Ø not sealed at all",
    }[spoil]
    with pytest.raises(PermanentError, match="PATCHBAY_SECRET_KEY; enter it again") as refused:
        box.open(sealed)
    assert refused.value.reason == "secret_unreadable"
    assert "p4ss" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_keys_for_different_purposes_and_installations_differ() -> None:
    box, other = SecretBox(KEY), SecretBox(KEY + "!")
    keys = {box.derive("cursor"), box.derive("reply"), other.derive("cursor")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    assert box.derive("cursor") == SecretBox(KEY).derive("cursor")
