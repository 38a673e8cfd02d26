"""HTML of mails: a sanitised form for browsers and a plain-text form for search and matching.

Both start from nh3 (html5ever), so the tag soup is parsed once by a real HTML parser.
"""

import re
from html import escape, unescape
from typing import Any

from email_gateway.parsing.charsets import clean_text


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


_FEW_TAGS = 400
_MAX_NESTING = 1_500
_MAX_TREE_STEPS = 30_000_000
_MAX_REOPENED = 2_000_000
_TAGS = _words(
    "a abbr address b bdo big blockquote br caption center cite code col colgroup dd del dfn div dl"
    " dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike"
    " strong sub sup table tbody td tfoot th thead tr tt u ul var wbr"
)
_DROP_WITH_CONTENT = _words(
    "script style title noscript template iframe object embed applet svg math textarea"
    " select button option noembed noframes xml frameset video audio canvas"
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"align", "valign", "dir", "lang", "title", "style"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "width", "height", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "tr": {"bgcolor"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "blockquote": {"type"},
}
_STYLE_PROPERTIES = _words(
    "background-color border border-bottom border-collapse border-color border-left border-right"
    " border-spacing border-style border-top border-width color direction display font font-family"
    " font-size font-style font-variant font-weight height letter-spacing line-height list-style"
    " list-style-type margin margin-bottom margin-left margin-right margin-top max-width min-width"
    " padding padding-bottom padding-left padding-right padding-top text-align text-decoration"
    " text-indent text-transform vertical-align white-space width word-break word-spacing"
)
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_UNSAFE_STYLE = re.compile(r"url\s*\(|expression|javascript:|@import|\\|/\*|image-set", re.I)

_BLOCK = _words(
    "address blockquote center dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul"
)
_TEXT_TAGS = set(_BLOCK) | {"br", "td", "th", "img", "a"}
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_SELF_CLOSING = _words(
    "area base br col embed hr img input link meta param source track wbr p li td tr th"
    " dd dt option"
)
_FORMATTING = _words("a b big code em font i nobr s small strike strong tt u")


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "style" and _UNSAFE_STYLE.search(value):
        return None
    if attribute == "src" and not value.lower().startswith(("cid:", "http:", "https:")):
        return None
    return value


def sanitise_html(html: str) -> str:
    """HTML that is safe to show: no script, handler, form, `javascript:` or style `url()`.

    `cid:` images stay so that the caller can map them to attachments. Remote images stay too:
    whether they load is the viewer's choice. Never raises; hopelessly nested input becomes text.
    """
    if _too_nested(html):
        return f"<pre>{escape(clean_text(_without_tags(html)))}</pre>"
    return _clean(
        clean_text(html),
        tags=set(_TAGS),
        clean_content_tags=set(_DROP_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        url_schemes=_SCHEMES,
        filter_style_properties=set(_STYLE_PROPERTIES),
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _clean(html: str, **rules: Any) -> str:
    # Loaded with the first mail in HTML: 1.5 MiB.
    import nh3

    return nh3.clean(html, **rules)


def _too_nested(html: str) -> bool:
    """Whether open tags pile up so far that a tree parser exhausts its stack, time or memory.

    HTML 5 re-opens unclosed formatting tags in every following block, so their number counts
    times the number of tags.
    """
    tags = _TAG.findall(html)
    if len(tags) <= _FEW_TAGS:
        return False
    unclosed: dict[str, int] = {}
    depth = formatting = worst_depth = worst_formatting = 0
    for closing, written in tags:
        name = written.lower()
        if name in _SELF_CLOSING:
            continue
        count = unclosed.get(name, 0)
        step = -min(1, count) if closing else 1
        unclosed[name] = count + step
        depth += step
        worst_depth = max(worst_depth, depth)
        if name in _FORMATTING:
            formatting += step
            worst_formatting = max(worst_formatting, formatting)
    return (
        worst_depth > _MAX_NESTING
        or worst_depth * len(tags) > _MAX_TREE_STEPS
        or worst_formatting * len(tags) > _MAX_REOPENED
    )


def _without_tags(html: str) -> str:
    return unescape(re.sub(r"<[^<>]*>", " ", html))


def html_to_text(html: str) -> str:
    """Readable text: blocks on their own lines, list bullets, targets of links."""
    if "<" not in html:
        return unescape(html).replace("\xa0", " ").strip()
    if _too_nested(html):
        return _SPACE.sub(" ", clean_text(_without_tags(html))).strip()
    tidy = _clean(
        html,
        tags=_TEXT_TAGS,
        clean_content_tags=set(_DROP_WITH_CONTENT),
        attributes={"a": {"href"}, "img": {"alt"}},
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    return _TextWriter().run(tidy)


class _TextWriter:
    """Turns nh3's well-formed output into text; one pass, no recursion."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.preformatted = 0
        self.quote_depth = 0
        self.line_empty = True
        self.link: tuple[str, int] | None = None

    def run(self, html: str) -> str:
        position = 0
        for match in _TOKEN.finditer(html):
            self._text(html[position : match.start()])
            self._tag(match.group(2), match.group(3), closing=bool(match.group(1)))
            position = match.end()
        self._text(html[position:])
        lines = [line.rstrip() for line in "".join(self.out).replace("\xa0", " ").split("\n")]
        return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()

    def _text(self, escaped: str) -> None:
        if not escaped:
            return
        text = unescape(escaped)
        if not self.preformatted:
            text = _SPACE.sub(" ", text)
            if self.line_empty:
                text = text.lstrip(" ")
        if text:
            if self.quote_depth and self.line_empty:
                self.out.append("> " * min(self.quote_depth, 10))
            if self.preformatted and self.quote_depth:
                text = text.replace("\n", "\n" + "> " * min(self.quote_depth, 10))
            self.out.append(text)
            self.line_empty = text.endswith("\n")

    def _break(self, *, force: bool = False) -> None:
        if force or not self.line_empty:
            self.out.append("\n")
            self.line_empty = True

    def _tag(self, name: str, rest: str, *, closing: bool) -> None:
        if name == "br":
            self._break(force=True)
        elif name == "img":
            alt = re.search(r'alt="([^"]*)"', rest)
            if alt and alt.group(1).strip():
                self._text(f"[{alt.group(1).strip()}]")
        elif name in ("td", "th"):
            if closing and not self.line_empty:
                self.out.append(" ")
        elif name == "a":
            self._anchor(rest, closing=closing)
        else:
            self._block(name, closing=closing)

    def _block(self, name: str, *, closing: bool) -> None:
        self._break()
        if name == "blockquote":
            self.quote_depth = max(0, self.quote_depth + (-1 if closing else 1))
        elif name == "pre":
            self.preformatted = max(0, self.preformatted + (-1 if closing else 1))
        elif name == "li" and not closing:
            self._text("* ")
            self.line_empty = False
        elif name == "hr":
            self.out.append("---\n")
        if name in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote") and self.out:
            self._break(force=True)

    def _anchor(self, rest: str, *, closing: bool) -> None:
        if not closing:
            href = re.search(r'href="([^"]*)"', rest)
            self.link = (unescape(href.group(1)), len(self.out)) if href else None
            return
        if self.link is None:
            return
        target, start = self.link
        self.link = None
        shown = "".join(self.out[start:]).strip()
        bare = target.removeprefix("mailto:").rstrip("/")
        if bare and target.startswith(("http", "mailto:")) and not _same_link(shown, bare):
            self.out.append(f" <{target.removeprefix('mailto:')}>" if shown else f"<{target}>")


def _same_link(shown: str, target: str) -> bool:
    strip = re.compile(r"^https?://(?:www\.)?|^www\.")
    return not shown or strip.sub("", target) in strip.sub("", shown.rstrip("/"))
