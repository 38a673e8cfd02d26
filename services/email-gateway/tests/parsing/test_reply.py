"""The new part of a mail: quotes go, the customer's words never do."""

import pytest

from email_gateway.parsing.html import html_to_text
from email_gateway.parsing.reply import REPLY_MARKER, new_part

QUOTE = "> Please restart it.\n> \n> Support"


@pytest.mark.parametrize(
    "introduction",
    [
        "On Fri, 20 Nov 2026 at 10:00, Support <support@msp.example> wrote:",
        "On Fri, 20 Nov 2026 at 10:00, Support Team of the MSP\n<support@msp.example> wrote:",
        "Am 20.11.2026 um 10:00 schrieb Support:",
        "Le 20 nov. 2026 à 10:00, Support <support@msp.example> a écrit :",
        "El vie, 20 nov 2026 a las 10:00, Support (<support@msp.example>) escribió:",
        "Il giorno 20 nov 2026, alle ore 10:00, Support ha scritto:",
        "Em 20/11/2026 10:00, Support escreveu:",
        "Op 20 nov. 2026 om 10:00 schreef Support <support@msp.example>:",
        "Den 20 nov. 2026 kl. 10:00 skrev Support <support@msp.example>:",
        "W dniu 20.11.2026 o 10:00, Support pisze:",
        "20.11.2026 10:00, Support пишет:",
        "2026-11-20 10:00 GMT+01:00 Support <support@msp.example>:",
        "-----Original Message-----",
        "________________________________\nFrom: Support\nSent: Friday\nTo: Jane\nSubject: x",
        "Von: Support\nGesendet: Freitag, 20. November 2026\nAn: Jane\nBetreff: x",
        "*From:* Support\n*Date:* Friday\n*Subject:* x",
    ],
)
def test_quotes_of_many_clients_and_languages_are_cut(introduction: str) -> None:
    part = new_part(f"Still broken.\n\nJane\n\n{introduction}\n{QUOTE}\n")
    assert part.text == "Still broken.\n\nJane"
    assert "Please restart" in part.cut


@pytest.mark.parametrize("mark", ["", "> ", "> > "])
def test_our_own_marker_cuts_first(mark: str) -> None:
    introduction = "On Friday, 20 Nov 2026 Support wrote:"
    text = f"Thanks!\n\n{introduction}\n\n{mark}{REPLY_MARKER}\n{mark}\n{mark}Old"
    assert new_part(text).text == "Thanks!"
    assert new_part(text).rule == "marker"


def test_the_words_above_a_marker_survive_even_if_they_look_like_an_introduction() -> None:
    text = f"On my machine\nOn 20 Nov 2026 at 10:00, Support wrote:\n> {REPLY_MARKER}\n> Old"
    assert new_part(text).text == "On my machine"


@pytest.mark.parametrize(
    "text",
    [
        "> When?\nTomorrow.\n> Where?\nHere.",
        "On 20 Nov 2026, Support wrote:\n> When?\n\nTomorrow.\n\n> Where?\n\nHere.\n",
        "Hello,\n\nOn 20 Nov 2026, Support wrote:\n> When?\n\nTomorrow.\n",
        f"See below.\n\nOn 20 Nov 2026, Support wrote:\n> {REPLY_MARKER}\n> When?\n\nTomorrow.\n",
    ],
)
def test_answers_between_the_lines_show_everything(text: str) -> None:
    assert new_part(text) == (text.strip("\n"), "", "all")


def test_an_answer_below_the_quote_is_the_new_part() -> None:
    part = new_part("On 20 Nov 2026, Support wrote:\n> When?\n> Where?\n\nTomorrow, here.\n")
    assert part.text == "Tomorrow, here."
    assert "> Where?" in part.cut


@pytest.mark.parametrize(
    "text",
    [
        "> only a quote",
        "On 20 Nov 2026 at 10:00, Support <s@msp.example> wrote:\n> nothing else",
        f"{REPLY_MARKER}\n\nOur own mail came back",
        "",
    ],
)
def test_a_new_part_that_would_be_empty_shows_everything(text: str) -> None:
    assert new_part(text).text == text
    assert new_part(text).cut == ""


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("FYI\n\n---------- Forwarded message ---------\nFrom: A\nDate: B\nTo: C\n\nHelp!", ""),
        ("FYI\n\n-----Original Message-----\nFrom: A\nSent: B\nSubject: x\n\nHelp!", "FW: x"),
        ("Begin forwarded message:\n\nFrom: A\nDate: B\nSubject: C\n\nHelp!", ""),
    ],
)
def test_forwarded_mail_is_never_cut(text: str, subject: str) -> None:
    assert new_part(text, None, subject).text == text


@pytest.mark.parametrize(
    "text",
    [
        "On Monday he wrote:\nnothing works",
        "The log says\nFrom: 10.0.0.1\nand then stops",
        "Steps:\n1. On start\n2. it wrote:\nfoo",
        "a > b\n  > c is true\nd",
        "-- \nJane\nSales",
        "Am Montag schrieb der Drucker:\nPapierstau",
    ],
)
def test_customers_prose_is_not_mistaken_for_a_quote(text: str) -> None:
    assert new_part(text).text == text.strip("\n")


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div>Support:</div><blockquote>Old</blockquote></div>',
        '<hr><div id="divRplyFwdMsg">Support</div><div>Old</div>',
        '<div class="moz-cite-prefix">Support</div><blockquote type="cite">Old</blockquote>',
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3pt'>Support</div>Old",
        '<div class="yahoo_quoted">Old</div>',
        '<blockquote name="quote">Old</blockquote>',
    ],
)
def test_client_markers_in_html_help_where_the_text_shows_none(quote: str) -> None:
    html = f"<html><body><p>Still broken.</p><p>Jane</p>{quote}</body></html>"
    part = new_part(html_to_text(html), html)
    assert part.text == "Still broken.\n\nJane"
    assert "Old" in part.cut


def test_an_answer_below_an_html_quote_is_not_cut() -> None:
    html = '<p>Hi</p><div class="gmail_quote"><blockquote>Old</blockquote></div><p>Tomorrow.</p>'
    assert "Tomorrow." in new_part(html_to_text(html), html).text


def test_nothing_is_lost_between_the_two_parts() -> None:
    text = "New\nwords\n\nOn 20 Nov 2026 at 10:00, Support <s@msp.example> wrote:\n> old\n> words"
    part = new_part(text)
    assert f"{part.text}\n{part.cut}".split() == text.split()
