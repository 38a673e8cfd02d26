"""The common outgoing mail, plain text under plain header fields, written without the library.

The standard library takes ten times as long, as it parses each field that it is given.
"""

import binascii
import re
from collections.abc import Sequence

# Atoms and dots only: what needs quoting or encoding is the library's.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_NAME = re.compile(r"[A-Za-z0-9 .,'()_+&-]*")
_VALUE = re.compile(r"[ -~]+")
_LONGEST = 900  # RFC 5322, 2.1.1: a line has at most 998 characters

Person = tuple[str, str]


def people(some: Sequence[Person]) -> str | None:
    """The value of an address field; None where it needs more than quotes."""
    written = []
    for name, address in some:
        if not (_NAME.fullmatch(name) and _ADDRESS.fullmatch(address)):
            return None
        written.append(f'"{name}" <{address}>' if name else address)
    return ", ".join(written)


def plain_message(fields: Sequence[tuple[str, str | None]], text: str) -> bytes | None:
    """The bytes on the wire; None where a field is missing, long or not plain ASCII."""
    lines = []
    for name, value in fields:
        if value is None or len(value) > _LONGEST or not _VALUE.fullmatch(value) or "=?" in value:
            return None
        lines.append(f"{name}: {value}\r\n")
    body = text if text.endswith("\n") else f"{text}\n"
    plain = body.isascii() and max(map(len, body.split("\n"))) <= _LONGEST
    encoded = body.encode() if plain else binascii.b2a_qp(body.encode(), istext=True)
    lines += [
        'Content-Type: text/plain; charset="utf-8"\r\n',
        f"Content-Transfer-Encoding: {'7bit' if plain else 'quoted-printable'}\r\n",
        "MIME-Version: 1.0\r\n\r\n",
    ]
    return "".join(lines).encode("ascii") + encoded.replace(b"\n", b"\r\n")
