"""Names and kinds of files that somebody sends us. Pure.

A name is only ever shown and offered for download, and a kind only read off the content: what a
browser could run is never named as such.
"""

import re
import unicodedata

MAX_NAME = 200
OCTETS = "application/octet-stream"

_BLANKS = re.compile(r"\s+")
_OFFICE = "application/vnd.openxmlformats-officedocument"
# What a file begins with, and what it is then.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
_ZIPPED = {
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_TEXTS = {"csv": "text/csv"}
_LOOKED_AT = 64 * 1024


def clean_name(text: str) -> str:
    """The name without path, control and direction characters; empty where nothing is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in last
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    name = _BLANKS.sub(" ", kept).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > MAX_NAME and dot and len(ending) <= 20:
        return stem[: MAX_NAME - len(ending) - 1] + dot + ending
    return name[:MAX_NAME]


def media_type_of(content: bytes, name: str) -> str:
    """What the content is, from a list of what is harmless to name; else octets."""
    ending = name.rpartition(".")[2].lower()
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _ZIPPED.get(ending, "application/zip")
    if _is_text(content[:_LOOKED_AT]):
        return _TEXTS.get(ending, "text/plain") + "; charset=utf-8"
    return OCTETS


def disposition(name: str) -> str:
    """Content-Disposition that saves the file and never shows it (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    exact = "".join(
        chr(octet) if chr(octet).isascii() and chr(octet).isalnum() else f"%{octet:02X}"
        for octet in name.encode()
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def _is_text(content: bytes) -> bool:
    try:
        # The last character may be cut in the middle.
        text = content.decode("utf-8", "strict" if len(content) < _LOOKED_AT else "ignore")
    except UnicodeDecodeError:
        return False
    return not any(letter < " " and letter not in "\t\n\r\f" for letter in text)
