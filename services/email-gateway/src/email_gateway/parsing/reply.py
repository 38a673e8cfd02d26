"""The new part of a mail as a derived view; the cut part is always returned too.

Order: our own marker line, client markers in text and HTML, quoted lines. When the new part
would be empty, or the answer stands between the quoted lines, everything is shown: hiding a
customer's words is worse than showing a quote twice (email.md point 6).
"""

import re
from typing import NamedTuple

from email_gateway.parsing.html import html_to_text
from email_gateway.parsing.reply_patterns import (
    ATTRIBUTION_END,
    ATTRIBUTION_START,
    ATTRIBUTION_WORD,
    DATE_LINE,
    FORWARD_SUBJECT,
    FORWARDED,
    FROM_LINE,
    HTML_QUOTE,
    ORIGINAL_MESSAGE,
    SUBJECT_LINE,
    TO_LINE,
)

REPLY_MARKER = "-- Please reply above this line --"

_MARKER = re.compile(
    r"^[ \t>*]*-{1,2}\s*please reply above this line\s*-{1,2}[ \t*]*$", re.I | re.M
)
_QUOTED = re.compile(r"^[ \t]{0,3}[>|\uff5c](?![|>]?[\w=])|^[ \t]{0,3}>")
_CLOSING = re.compile(r"^\s*>?\s*(?:\w{2,12}\s*)?[:\uff1a]\s*$")
_DIGITS = re.compile(r"\d[\d.:/ -]*\d")
_WORDS = re.compile(r"\w+")
_SENTINEL = "patchbayquotestartshere"
_MAX_LINES = 20_000
_MAX_HTML = 500_000
_MAX_BORDER = 1_000  # no mail client writes a longer line above a quote
_WRAPPED_FROM = 55  # a quoted line at least this long may have been wrapped by the sender's client


class NewPart(NamedTuple):
    """`text` to show, and the rest. Joined in mail order they are the whole text.

    `rule` names what decided: marker, separator, attribution, headers, html, quote, bottom, all.
    """

    text: str
    cut: str
    rule: str


def new_part(text: str, html: str | None = None, subject: str = "") -> NewPart:
    """Split `text` into what the sender wrote and what was quoted.

    `html` helps when the text shows no border. Forwarded mail (by `subject` or separator) is
    never cut: there the quote is the message.
    """
    lines = text.split("\n")
    if len(lines) > _MAX_LINES or FORWARD_SUBJECT.match(subject):
        return _all(text)
    found = _by_marker(lines) or _by_border(lines)
    if found is None and html:
        found = _by_html(lines, html)
    if found is None:
        found = _by_quoted_tail(lines)
    if found is None:
        return _all(text)
    at, rule = found
    if FORWARDED.search("\n".join(lines[max(0, at - 3) : at + 3])):
        return _all(text)
    return _split(lines, at, rule, text)


def _all(text: str) -> NewPart:
    return NewPart(text.strip("\n"), "", "all")


def _split(lines: list[str], at: int, rule: str, text: str) -> NewPart:
    head = "\n".join(lines[:at]).strip()
    below = _text_below_quote(lines, at)
    if _has_words(head):
        return _all(text) if below is not None else NewPart(head, "\n".join(lines[at:]), rule)
    introduced = rule != "quote" and _quote_follows_at_once(lines, at)
    if below is None or not introduced or any(_QUOTED.match(line) for line in lines[below:]):
        return _all(text)
    tail = "\n".join(lines[below:]).strip()
    return NewPart(tail, "\n".join(lines[:below]), "bottom") if _has_words(tail) else _all(text)


def _quote_follows_at_once(lines: list[str], at: int) -> bool:
    at += max(1, _attribution_length(lines, at))
    return _next_is_quoted(lines, at)


def _has_words(text: str) -> bool:
    return _WORDS.search(text) is not None


def _by_marker(lines: list[str]) -> tuple[int, str] | None:
    for number, line in enumerate(lines):
        if _MARKER.match(line):
            return _above_introduction(lines, number), "marker"
    return None


def _above_introduction(lines: list[str], at: int) -> int:
    """Move up over the attribution or header block that introduces the marker's mail."""
    for start in range(max(0, at - 12), at):
        if _is_border(lines, start):
            return start
    while at > 0 and (not lines[at - 1].strip() or _QUOTED.match(lines[at - 1])):
        at -= 1
    return at


def _by_border(lines: list[str]) -> tuple[int, str] | None:
    for number, line in enumerate(lines):
        if not line.strip() or _QUOTED.match(line):
            continue
        if FORWARDED.match(line):
            return None
        rule = _is_border(lines, number)
        if rule:
            return _with_rule_above(lines, number), rule
    return None


def _is_border(lines: list[str], at: int) -> str | None:
    line = lines[at]
    if len(line) > _MAX_BORDER:
        return None
    if ORIGINAL_MESSAGE.match(line):
        return "separator"
    if FROM_LINE.match(line) and _is_header_block(lines, at):
        return "headers"
    if _attribution_length(lines, at):
        return "attribution"
    return None


def _with_rule_above(lines: list[str], at: int) -> int:
    """Take a line of underscores or dashes above the border with it."""
    above = at - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0 and re.fullmatch(r"[ \t]*[_=-]{3,}[ \t]*", lines[above]):
        return above
    return at


def _is_header_block(lines: list[str], at: int) -> bool:
    block = [line for line in lines[at : at + 12] if line.strip()][:8]
    kinds = (DATE_LINE, TO_LINE, SUBJECT_LINE)
    present = [any(kind.match(line) for line in block[1:]) for kind in kinds]
    return sum(present) >= 2


def _attribution_length(lines: list[str], at: int) -> int:
    """Number of lines of the attribution that starts at `at`, 0 when there is none."""
    length = _attribution_window(lines, at)
    dated = _DIGITS.search(lines[at]) is not None
    for later in range(at + 1, at + length):
        sure = not dated or ATTRIBUTION_WORD.match(lines[later])
        if sure and _attribution_window(lines, later):
            return 0  # the line at `at` holds the sender's own last words
    return length


def _attribution_window(lines: list[str], at: int) -> int:
    if not ATTRIBUTION_START.match(lines[at]):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + 4], 1):
        if not line.strip() or (_QUOTED.match(line) and not _CLOSING.match(line)):
            return 0
        joined = f"{joined} {line.strip()}"
        if len(joined) > 500:
            return 0
        if joined.endswith((":", "\uff1a")) and ATTRIBUTION_END.search(joined):
            certain = _DIGITS.search(joined) is not None and len(joined) > 15
            return count if certain or _next_is_quoted(lines, at + count) else 0
    return 0


def _next_is_quoted(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _by_quoted_tail(lines: list[str]) -> tuple[int, str] | None:
    """A block of quoted lines at the very end, or at the very beginning."""
    quoted = [number for number, line in enumerate(lines) if _QUOTED.match(line)]
    if not quoted:
        return None
    return quoted[0], "quote"


def _text_below_quote(lines: list[str], at: int) -> int | None:
    """First line below the quote that the sender seems to have written; None when there is none.

    Only quotes with `>` show where they end. Wrapped rests of quoted lines and a signature after
    `-- ` are not taken for an answer.
    """
    start = at
    quote_seen = False
    previous = ""
    while start < len(lines):
        line = lines[start]
        if _QUOTED.match(line):
            quote_seen = True
        elif line.strip():
            if line.rstrip() in ("--", "-- ") or line.startswith("-- "):
                return None
            step = _attribution_length(lines, start)
            if quote_seen and not step and not _is_wrapped_rest(previous, line):
                return start
            start += max(0, step - 1)
        previous = line
        start += 1
    return None


def _is_wrapped_rest(previous: str, line: str) -> bool:
    return (
        _QUOTED.match(previous) is not None
        and len(previous) + len(line.split()[0]) > (_WRAPPED_FROM)
        and len(line) < _WRAPPED_FROM
    )


def _by_html(lines: list[str], html: str) -> tuple[int, str] | None:
    """Border from the HTML form: where the words before the client's quote element end."""
    match = HTML_QUOTE.search(html[:_MAX_HTML])
    if match is None:
        return None
    marked = f"{html[: match.start()]}<p>{_SENTINEL}</p>{html[match.start() : _MAX_HTML]}"
    head, found, tail = html_to_text(marked).partition(_SENTINEL)
    if not found or FORWARDED.search(tail[:200]) or _quote_ends_early(html, match.start()):
        return None
    wanted = _WORDS.findall(head)
    return _line_after(lines, wanted) if wanted else None


def _quote_ends_early(html: str, at: int) -> bool:
    """Whether words follow the last closing blockquote: an answer inside or below the quote."""
    end = html.lower().rfind("</blockquote>", at)
    return end > 0 and _has_words(html_to_text(html[end + len("</blockquote>") : _MAX_HTML]))


def _line_after(lines: list[str], wanted: list[str]) -> tuple[int, str] | None:
    """The line after the one that completes `wanted`; None when the texts differ."""
    seen = 0
    for number, line in enumerate(lines):
        words = _WORDS.findall(line)
        if words != wanted[seen : seen + len(words)]:
            return None
        seen += len(words)
        if seen == len(wanted):
            return number + 1, "html"
    return None
