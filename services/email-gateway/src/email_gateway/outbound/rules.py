"""When a mail is tried again, and when it is given up. Pure."""

import random
import re
from datetime import timedelta

_STEPS = (10, 30, 60, 300, 900, 1800, 3600, 7200, 14400)
# With the steps above about four and a half days (RFC 5321, 4.5.4.1: at least four to five).
MAX_ATTEMPTS = 34
# A sender that died while sending leaves its mails to others after this long.
LEASE = timedelta(minutes=10)
# What a mail waits that was not even tried because the server was away.
AWAY = timedelta(seconds=30)
MALFORMED = "501 5.1.3 no address that a mail server could take"
_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f<>@,;:\\\"()\[\]]{1,64}@[^\s\x00-\x1f\x7f<>@,;:\\\"()]{1,255}"
)


def is_address(text: str) -> bool:
    """Whether it can stand in an envelope. Mail libraries send to what they make of it instead."""
    return _ADDRESS.fullmatch(text) is not None


def next_wait(attempts: int) -> timedelta:
    """The wait after `attempts` failures, with a fifth of jitter so that mails do not march in
    step.
    """
    base = _STEPS[min(attempts, len(_STEPS)) - 1]
    return timedelta(seconds=base * random.uniform(0.9, 1.1))  # noqa: S311  # not a secret


def is_permanent(code: int) -> bool:
    """SMTP replies of 5yz are final (RFC 5321, 4.2.1)."""
    return 500 <= code < 600


def is_refused_for_good(answer: str) -> bool:
    """The same of a reply's text, which begins with its code; what has none may change."""
    return answer[:3].isdigit() and is_permanent(int(answer[:3]))
