"""What the receiving host says about the sender (Authentication-Results, RFC 8601).

Only the top-most field counts and only with the configured authserv-id: anybody can write
further ones into a mail. Whatever cannot be read is `unknown`, and unknown is no trust.
"""

import re
from dataclasses import dataclass
from typing import Literal

from email_gateway.parsing.addresses import parse_addresses
from email_gateway.parsing.model import ParsedMail

Verdict = Literal["pass", "fail", "none", "unknown"]

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"^\s*(dmarc|dkim|spf|arc)\s*(?:/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b((?:header|smtp)\.[a-z]+)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_MAX_CHARS = 8_192
_FAILED = ("fail", "softfail", "permerror", "policy")


@dataclass(frozen=True, slots=True)
class Authentication:
    """Verdict on the From domain and the words it rests on."""

    verdict: Verdict
    reason: str


def authenticate(mail: ParsedMail, authserv_id: str | None) -> Authentication:
    """Verdict of the host `authserv_id` about the From domain of `mail`.

    pass: DMARC passed, or without DMARC an aligned DKIM or SPF pass. fail: DMARC failed, or
    without DMARC nothing passed and something failed. none: the host checked but had no opinion.
    """
    if not authserv_id:
        return Authentication("unknown", "no authserv-id is configured")
    fields = mail.headers.text_all("authentication-results")
    if not fields:
        return Authentication("unknown", "no Authentication-Results")
    text = _without_comments(fields[0][:_MAX_CHARS])
    host, _, rest = text.partition(";")
    named = host.split()
    if not named or named[0].strip('"').lower() != authserv_id.lower():
        return Authentication("unknown", "the top-most Authentication-Results is not our host's")
    domain = mail.sender.email.rpartition("@")[2] if mail.sender else ""
    if mail.sender_source != "from":
        return Authentication("unknown", "the mail has no From address")
    authors = mail.headers.raw_all("from")
    if len(authors) > 1 or len(parse_addresses(authors[0], 2)) > 1:
        return Authentication("unknown", "the mail has several From addresses")
    return _judge(rest.split(";"), domain)


def _judge(statements: list[str], domain: str) -> Authentication:
    results: list[tuple[str, str, dict[str, str]]] = []
    for statement in statements[:50]:
        found = _METHOD.match(statement)
        if found:
            properties = {k.lower(): v for k, v in _PROPERTY.findall(statement)}
            results.append((found.group(1).lower(), found.group(2).lower(), properties))
    for method, result, _ in results:
        if method == "dmarc" and result == "pass":
            return Authentication("pass", "dmarc=pass")
        if method == "dmarc" and result in _FAILED:
            return Authentication("fail", f"dmarc={result}")
    for method, result, properties in results:
        if result == "pass" and _aligned(method, properties, domain):
            return Authentication("pass", f"{method}=pass, aligned")
    failed = next((f"{m}={r}" for m, r, _ in results if r in _FAILED and m != "arc"), None)
    passed = any(result == "pass" for _, result, _ in results)
    if failed and not passed:
        return Authentication("fail", failed)
    return Authentication("none", "nothing aligned with the From domain")


def _aligned(method: str, properties: dict[str, str], domain: str) -> bool:
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(method, ())
    for name in names:
        other = properties.get(name, "").rpartition("@")[2].lower().rstrip(".")
        if other and domain and (other == domain or domain.endswith(f".{other}")) and "." in other:
            return True
    return False


def _without_comments(text: str) -> str:
    for _ in range(5):
        shorter = _COMMENT.sub(" ", text)
        if shorter == text:
            return text
        text = shorter
    return text
