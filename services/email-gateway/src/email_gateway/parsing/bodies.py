"""Which leaves of the MIME tree are the message text, as JMAP defines it (RFC 8621 4.1.4)."""

import html as html_module
import re
from dataclasses import dataclass, field

from email_gateway.parsing.charsets import clean_text, codec_name, decode_bytes
from email_gateway.parsing.headers import parse_parameters
from email_gateway.parsing.html import html_to_text
from email_gateway.parsing.limits import Limits
from email_gateway.parsing.structure import Part

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_INLINE_DATA = re.compile(rb"data:[a-z]+/[^\"'\s<>]{200,}", re.IGNORECASE)
_TEXT_TYPES = ("text/plain", "text/html")


@dataclass(slots=True)
class Selection:
    """Body leaves in reading order (text view and HTML view) and everything else as attachments."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)


def disposition(part: Part) -> tuple[str, dict[str, str]]:
    """Content-Disposition token ("" when absent) and parameters."""
    value = part.headers.raw("content-disposition")
    return parse_parameters(value, part.headers.fallback_charset) if value else ("", {})


def select_bodies(root: Part) -> Selection:
    """Sort the leaves of `root` into text view, HTML view and attachments."""
    selection = Selection()
    _visit(root, selection, first=True)
    return selection


def _visit(part: Part, selection: Selection, *, first: bool, related: bool = False) -> None:
    """`first`: the first child of its parent; in a multipart/related only that one is the text."""
    if part.children:
        if part.content_type == "multipart/alternative":
            _visit_alternative(part, selection)
            return
        in_related = part.content_type == "multipart/related"
        for number, child in enumerate(part.children):
            _visit(child, selection, first=number == 0, related=in_related)
        return
    if (first or not related) and _is_body(part, first=first):
        selection.text.append(part)
        selection.html.append(part)
    else:
        selection.attachments.append(part)


def _visit_alternative(part: Part, selection: Selection) -> None:
    """One of several forms: the text view takes the plain form, the HTML view the HTML form."""
    branches = []
    for child in part.children:
        branch = Selection()
        _visit(child, branch, first=True)
        branches.append(branch)
        selection.attachments.extend(branch.attachments)
    plain = [part for b in branches if _has_words(b.text, "text/plain") for part in b.text]
    text = plain or None
    rich = next((b.html for b in reversed(branches) if _holds(b.html, "text/html")), None)
    first = next((b.text for b in branches if b.text), [])
    text = text if text is not None else (rich or first)
    selection.text.extend(text)
    selection.html.extend(rich if rich is not None else text)


def _holds(parts: list[Part], content_type: str) -> bool:
    return any(part.content_type == content_type for part in parts)


def _has_words(parts: list[Part], content_type: str) -> bool:
    """A plain form that is empty does not count: some clients send an empty one beside the HTML."""
    return any(part.content_type == content_type and part.body.strip() for part in parts)


def _is_body(part: Part, *, first: bool) -> bool:
    if part.content_type not in _TEXT_TYPES and not part.content_type.startswith("text/enriched"):
        return False
    kind, parameters = disposition(part)
    if kind == "attachment":
        return False
    # Some clients name the text itself; a named text further down is a file.
    return first or not (parameters.get("filename") or part.parameters.get("name"))


def declared_charset(part: Part) -> str:
    """Charset label of a text part: the parameter, or for HTML the meta element."""
    label = part.parameters.get("charset", "")
    if part.content_type == "text/html" and codec_name(label) is None:
        found = _META_CHARSET.search(part.raw, part.start, min(part.end, part.start + 4096))
        label = found.group(1).decode("ascii", "replace") if found else label
    return label


def part_text(part: Part, fallback_charset: str, limits: Limits) -> str:
    """Decoded text of a leaf with unix line ends, a little over the limit at most."""
    payload = part.payload()
    if part.content_type == "text/html":
        if len(payload) > limits.html_chars:
            payload = _INLINE_DATA.sub(b"", payload)  # pasted images hide the text behind them
        payload = payload[: limits.html_chars * 2]
    text = decode_bytes(payload[: limits.text_chars * 4], declared_charset(part), fallback_charset)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return clean_text(text)


def plain_text(selection: Selection, fallback_charset: str, limits: Limits) -> str:
    """The text view: plain parts as they are, HTML parts converted, one after the other."""
    pieces: list[str] = []
    for part in selection.text:
        text = part_text(part, fallback_charset, limits)
        if part.content_type == "text/html":
            text = html_to_text(text[: limits.html_chars])
        if text.strip():
            pieces.append(text)
    return "\n".join(pieces) if len(pieces) != 1 else pieces[0]


def html_text(selection: Selection, fallback_charset: str, limits: Limits) -> str | None:
    """The raw HTML view, or None when the mail has no HTML; plain parts between are escaped in."""
    if not _holds(selection.html, "text/html"):
        return None
    pieces: list[str] = []
    for part in selection.html:
        text = part_text(part, fallback_charset, limits)
        if part.content_type != "text/html":
            text = f"<pre>{html_module.escape(text)}</pre>" if text.strip() else ""
        pieces.append(text)
    return "\n".join(piece for piece in pieces if piece)
