"""Sanitised HTML is harmless, and text made from HTML is readable."""

import re

import pytest

from email_gateway.parsing.html import html_to_text, sanitise_html

DANGEROUS = re.compile(
    r"<\s*/?(?:script|style|form|iframe|object|embed|svg|math|link|meta|base|input|button)\b"
    r"|\son\w+\s*=|javascript:|vbscript:|url\s*\(|expression\s*\(|srcdoc|data:",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\tscript:alert(1)'>x</a>",
        "<a href='JaVaScRiPt:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
        "<p style='background:url(https://t.example/p.png)'>x</p>",
        "<p style='color:red;background-image:u\\72l(https://t.example)'>x</p>",
        "<p style='width: expression(alert(1))'>x</p>",
        "<style>@import 'https://t.example/x.css'</style>",
        "<form action='https://t.example'><input name=p></form>",
        "<iframe src='https://t.example'></iframe>",
        "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
        "<math><mtext><style><img src onerror=alert(1)></style></mtext></math>",
        "<meta http-equiv=refresh content='0;url=https://t.example'>",
        "<base href='https://t.example/'>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    ],
)
def test_nothing_that_runs_or_reports_survives(html: str) -> None:
    tags = "".join(re.findall(r"<[^>]*>", sanitise_html(html)))
    assert not DANGEROUS.search(tags)


def test_formatting_links_and_inline_images_stay() -> None:
    html = (
        '<p style="color:red">a <b>b</b> <a href="https://x.example/">c</a></p>'
        '<img src="cid:i1" alt="d"><table><tr><td colspan="2">e</td></tr></table>'
    )
    clean = sanitise_html(html)
    for kept in ("color:red", "<b>b</b>", 'href="https://x.example/"', 'src="cid:i1"', "colspan"):
        assert kept in clean
    assert "noopener" in clean


def test_words_in_removed_wrappers_stay() -> None:
    assert "Send me" in sanitise_html("<form><p>Send me</p></form>")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a &lt;tag&gt; &amp; &euro;&nbsp;b", "a <tag> & € b"),
        ("<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc"),
        ('<a href="https://x.example">x.example</a>', "x.example"),
        ('<a href="https://x.example/p">here</a>', "here <https://x.example/p>"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ("<head><title>t</title><style>p{}</style></head><body>a</body>", "a"),
        ('<img src="cid:x" alt="chart">', "[chart]"),
        ("no tags &amp; all", "no tags & all"),
        ("", ""),
    ],
)
def test_html_becomes_readable_text(html: str, text: str) -> None:
    assert html_to_text(html) == text
