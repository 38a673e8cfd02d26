"""Optimistic locking by version: ETag and If-Match (RFC 9110, 13.1.1)."""

from typing import TYPE_CHECKING

from patchbay_kit.errors import ProblemError

if TYPE_CHECKING:
    from fastapi import Request


def etag(version: int) -> str:
    """The strong entity tag of a record's version."""
    return f'"{version}"'


def check_if_match(request: "Request", version: int, *, required: bool = False) -> None:
    """412 `version_mismatch` where If-Match names another version.

    428 where it must be sent and is not.
    """
    lines = request.headers.getlist("if-match")
    if not lines:
        if required:
            raise ProblemError(
                428,
                "if_match_required",
                "Say which version you change",
                field="If-Match",
                hint="Send the ETag of the version that you read as If-Match.",
            )
        return
    sent = ", ".join(lines)
    tags = [tag.strip() for tag in sent.split(",")]
    if "*" in tags or etag(version) in tags:
        return
    raise version_mismatch(sent, version)


def version_mismatch(sent: str, version: int) -> ProblemError:
    """412 for a change of another version than the present one; `sent` is the caller's word."""
    return ProblemError(
        412,
        "version_mismatch",
        "The record has changed since you read it",
        detail=f"You sent {sent}, the present version is {version}.",
        field="If-Match",
        hint="Read the record again and repeat the change.",
        headers={"ETag": etag(version)},
        extra={"current_version": version},
    )
