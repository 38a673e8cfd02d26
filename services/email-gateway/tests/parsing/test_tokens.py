"""Reply tokens and own Message-IDs cannot be guessed and survive mail systems."""

import uuid

import pytest

from email_gateway.parsing.tokens import (
    make_message_id,
    make_token,
    ticket_from_addresses,
    ticket_from_message_id,
    ticket_from_references,
    verify_token,
)

SECRET = b"s" * 32
TICKET = "0190a8f0-1234-7abc-8def-0123456789ab"


def test_a_token_names_its_ticket_in_any_letter_case() -> None:
    token = make_token(SECRET, TICKET, "mail-1")
    assert token.isalnum()
    assert token == token.lower()
    assert verify_token(SECRET, token) == verify_token(SECRET, token.upper()) == TICKET


def test_a_tagged_address_fits_into_the_64_characters_of_a_local_part() -> None:
    assert len(f"support-desk-1+{make_token(SECRET, TICKET, 'n')}") <= 64


def test_tokens_differ_by_nonce() -> None:
    assert make_token(SECRET, TICKET, "a") != make_token(SECRET, TICKET, "b")


def test_any_changed_character_makes_a_token_worthless() -> None:
    token = make_token(SECRET, TICKET, "n")
    for position, letter in enumerate(token):
        changed = token[:position] + ("b" if letter == "a" else "a") + token[position + 1 :]
        assert verify_token(SECRET, changed) is None


@pytest.mark.parametrize("token", ["", "a", "ä" * 48, "=" * 48, "1" * 48, "a" * 47, "a" * 49])
def test_garbage_is_no_token(token: str) -> None:
    assert verify_token(SECRET, token) is None


def test_another_secret_does_not_open_a_token() -> None:
    assert verify_token(b"other", make_token(SECRET, TICKET, "n")) is None


def test_a_token_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        make_token(b"", TICKET, "n")
    assert verify_token(b"", "a" * 48) is None


def test_a_message_id_names_its_ticket_and_is_unique() -> None:
    first = make_message_id(SECRET, TICKET, str(uuid.uuid4()), "msp.example")
    other = make_message_id(SECRET, TICKET, str(uuid.uuid4()), "msp.example")
    assert first != other
    assert first.startswith("<pb.")
    assert first.endswith("@msp.example>")
    assert ticket_from_message_id(SECRET, first) == TICKET
    assert ticket_from_message_id(SECRET, first.upper().replace("@MSP", "@other")) == TICKET


def test_a_token_is_no_message_id_and_the_other_way_round() -> None:
    token = make_token(SECRET, TICKET, "n")
    local = make_message_id(SECRET, TICKET, "n", "x").strip("<>").partition("@")[0]
    assert ticket_from_message_id(SECRET, f"<pb.{token}@x>") is None
    assert verify_token(SECRET, local.removeprefix("pb.")) is None


def test_the_first_address_with_a_valid_token_wins() -> None:
    token = make_token(SECRET, TICKET, "n")
    addresses = ["a@b.example", "support+wrong@msp.example", f"Support+{token}@msp.example"]
    assert ticket_from_addresses(SECRET, addresses) == TICKET
    assert ticket_from_addresses(SECRET, addresses[:2]) is None


def test_the_newest_own_reference_wins() -> None:
    other = "0190a8f0-1234-7abc-8def-0123456789ac"
    references = [
        make_message_id(SECRET, other, "1", "msp.example"),
        make_message_id(SECRET, TICKET, "2", "msp.example"),
        "<pb.forged@msp.example>",
        "<x@customer.example>",
    ]
    assert ticket_from_references(SECRET, references) == TICKET
    assert ticket_from_references(SECRET, references[2:]) is None
