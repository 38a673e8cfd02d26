"""One tree of errors; each says what to do.

PatchbayError
├── ProblemError        answered as an RFC 9457 problem document
├── PermanentError      a message or remote call that no retry can mend: park it with the reason
├── TransientError      try again later, if the cause says when after `retry_after`
└── ConfigurationError  the process must not start; one line that names the setting
"""

from typing import Any


class PatchbayError(Exception):
    """The base of every error of ours."""


class ProblemError(PatchbayError):
    """A problem document (RFC 9457).

    `code` is stable and meant for programs; `field` is a JSON pointer or parameter name; `hint`
    says what to do.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str | None = None,
        field: str | None = None,
        hint: str | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail or title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.field = field
        self.hint = hint
        self.headers = headers or {}
        self.extra = extra or {}


class PermanentError(PatchbayError):
    """No retry helps. `reason` is a short stable code, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(PatchbayError):
    """It may work later; `retry_after` in seconds where the other side said so."""

    def __init__(self, reason: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after


class ConfigurationError(PatchbayError):
    """A setting is missing or unsafe. The message is one line that names the setting."""


def not_found(what: str, identifier: str) -> ProblemError:
    """404 for a record that is not there, or not there for this caller."""
    return ProblemError(
        404, f"{what}_not_found", f"No such {what}", detail=f"There is no {what} {identifier!r}."
    )


def conflict(
    code: str,
    title: str,
    *,
    detail: str | None = None,
    field: str | None = None,
    hint: str | None = None,
) -> ProblemError:
    """409: the state of the record forbids it."""
    return ProblemError(409, code, title, detail=detail, field=field, hint=hint)


def invalid(
    code: str, title: str, *, field: str, detail: str | None = None, hint: str | None = None
) -> ProblemError:
    """422: the input is well-formed but wrong."""
    return ProblemError(422, code, title, detail=detail, field=field, hint=hint)
