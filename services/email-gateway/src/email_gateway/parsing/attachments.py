"""Attachment names, metadata and content, including the members of a winmail.dat (TNEF)."""

import logging
import re
from dataclasses import dataclass
from typing import Any

from tnefparse import TNEF  # type: ignore[import-untyped]

from email_gateway.parsing.bodies import disposition
from email_gateway.parsing.charsets import clean_text, decode_bytes
from email_gateway.parsing.header_block import read_headers
from email_gateway.parsing.headers import decode_header
from email_gateway.parsing.limits import Limits
from email_gateway.parsing.model import AttachmentMeta
from email_gateway.parsing.structure import Part

_log = logging.getLogger(__name__)
_MAX_NAME_BYTES = 200  # below the 255 bytes of common file systems, with room for a prefix
_MAX_MEMBERS = 200
_TNEF_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/xml": ".xml",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
}


def safe_filename(name: str) -> str:
    """File name without path, control or direction characters, at most 200 bytes; "" if nothing."""
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _UNSAFE.sub("_", clean_text(" ".join(name.split()))).strip(" .")
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        stem, extension = name, ""
    room = _MAX_NAME_BYTES - len(f"{dot}{extension}".encode() if extension else b"")
    short = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{short}.{extension}" if extension else short


def describe(parts: list[Part], limits: Limits) -> tuple[list[AttachmentMeta], str, str]:
    """Metadata of all attachments, and text and HTML body of a winmail.dat ("" when none)."""
    found: list[AttachmentMeta] = []
    tnef_text = tnef_html = ""
    for part in parts:
        payload = part.payload()
        name = _declared_name(part)
        if part.content_type in _TNEF_TYPES or name.lower() == "winmail.dat":
            opened = open_tnef(payload)
            if opened is not None:
                tnef_text, tnef_html = tnef_text or opened.text, tnef_html or opened.html
                found.extend(_members(part, opened, len(found)))
                continue
        found.append(_metadata(part, name, len(payload), len(found), limits))
    return found, tnef_text, tnef_html


def _declared_name(part: Part) -> str:
    _, parameters = disposition(part)
    return safe_filename(parameters.get("filename") or part.parameters.get("name") or "")


def _metadata(part: Part, name: str, size: int, index: int, limits: Limits) -> AttachmentMeta:
    if not name and part.content_type == "message/rfc822":
        name = _subject_name(part, limits)
    if not name:
        name = f"attachment-{index + 1}{_EXTENSIONS.get(part.content_type, '.bin')}"
    kind, _ = disposition(part)
    content_id = part.headers.text("content-id").strip("<> \t") or None
    return AttachmentMeta(
        index=index,
        path=part.index or "0",
        filename=name,
        content_type=part.content_type[:127],
        size=size,
        inline=kind == "inline" or (kind != "attachment" and content_id is not None),
        content_id=content_id[:255] if content_id else None,
    )


def _subject_name(part: Part, limits: Limits) -> str:
    headers, _ = read_headers(part.raw, part.start, part.end, limits)
    subject = safe_filename(decode_header(headers.raw("subject")).replace("/", "-"))
    return safe_filename(f"{subject}.eml") if subject else ""


@dataclass(frozen=True, slots=True)
class TnefContent:
    """Opened winmail.dat: body texts and (name, content type, bytes) of its members."""

    text: str
    html: str
    members: tuple[tuple[str, str, bytes], ...]


def open_tnef(data: bytes) -> TnefContent | None:
    """Unpack a winmail.dat; None when it is not readable, it is then an ordinary attachment."""
    try:
        tnef = TNEF(data, do_checksum=False)
        members = tuple(_member(item) for item in tnef.attachments[:_MAX_MEMBERS])
        text, html = _as_text(tnef.body), _as_text(tnef.htmlbody)
        if not text and not html and (rtf := tnef.rtfbody):
            members += (("body.rtf", "text/rtf", bytes(rtf)),)
        if not members and not text and not html:
            return None
        return TnefContent(text, html, members)
    except Exception as error:  # noqa: BLE001 - the library raises whatever its reading hits
        _log.info("winmail.dat kept as it is: %s", type(error).__name__)
        return None


def _member(item: Any) -> tuple[str, str, bytes]:
    name = _as_text(item.long_filename() or item.name or "")
    mime = next((_as_text(a.data) for a in item.mapi_attrs if a.name == 0x370E), "")
    data = bytes(item.data) if isinstance(item.data, (bytes, bytearray)) else b""
    return safe_filename(name.rstrip("\x00")), mime or "application/octet-stream", data


def _as_text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    if isinstance(value, (bytes, bytearray)):
        return clean_text(decode_bytes(bytes(value)))
    return clean_text(value) if isinstance(value, str) else ""


def _members(part: Part, opened: TnefContent, first: int) -> list[AttachmentMeta]:
    return [
        AttachmentMeta(
            index=first + number,
            path=f"{part.index or '0'}#{number}",
            filename=name or f"attachment-{first + number + 1}.bin",
            content_type=content_type[:127],
            size=len(data),
            inline=False,
            content_id=None,
        )
        for number, (name, content_type, data) in enumerate(opened.members)
    ]


def content_at(root: Part, path: str) -> bytes | None:
    """Bytes of the attachment at `path`, or None when the mail has no such part."""
    path, _, member = path.partition("#")
    part = _find(root, path)
    if part is None:
        return None
    payload = part.payload()
    if not member:
        return payload
    opened = open_tnef(payload)
    if opened is None or not member.isdecimal() or int(member) >= len(opened.members):
        return None
    return opened.members[int(member)][2]


def contents_of(root: Part, listed: list[AttachmentMeta]) -> list[tuple[AttachmentMeta, bytes]]:
    """Bytes of each listed attachment; a winmail.dat is opened once for all its members."""
    opened: dict[str, TnefContent] = {}
    found: list[tuple[AttachmentMeta, bytes]] = []
    for meta in listed:
        path, _, member = meta.path.partition("#")
        if member and path not in opened:
            tnef = open_tnef(content_at(root, path) or b"")
            opened[path] = tnef or TnefContent("", "", ())
        content = opened[path].members[int(member)][2] if member else content_at(root, path)
        found.append((meta, content or b""))
    return found


def _find(root: Part, path: str) -> Part | None:
    if path in ("", "0"):
        return root if not root.children else None
    part = root
    for step in path.split("."):
        if not step.isdecimal() or not 1 <= int(step) <= len(part.children):
            return None
        part = part.children[int(step) - 1]
    return part if not part.children else None
