"""Every error leaves as an RFC 9457 problem document.

What an unforeseen exception says never leaves.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from patchbay_kit.errors import ProblemError
from patchbay_kit.http.database_errors import database_problem

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

_CODES = {
    400: "bad_request",
    401: "authentication_required",
    403: "forbidden",
    404: "route_not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    431: "headers_too_large",
}


class FieldError(BaseModel):
    """One thing wrong with the input.

    `field` is a JSON pointer into the body or a parameter name.
    """

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """A problem document as OpenAPI shows it. `code` is stable and meant for programs."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/version_mismatch"])
    title: str
    status: int
    code: str
    detail: str | None = None
    field: str | None = None
    errors: list[FieldError] | None = None
    hint: str | None = None
    instance: str | None = Field(default=None, description="the request id")


def problem_response(
    status: int,
    code: str,
    title: str,
    *,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    extra: Mapping[str, Any] | None = None,
    **members: Any,
) -> Response:
    """The document as a response; members that are None are left out."""
    document = _document(status, code, title, extra, members)
    if request_id is not None:
        document["instance"] = f"urn:request:{request_id}"
    return Response(
        orjson.dumps(document, default=str),
        status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def problem_of(error: ProblemError) -> Problem:
    """The error as a member of another document, such as one item's result of many."""
    members = {"detail": error.detail, "field": error.field, "hint": error.hint}
    return Problem.model_validate(
        _document(error.status, error.code, error.title, error.extra, members)
    )


def _document(
    status: int,
    code: str,
    title: str,
    extra: Mapping[str, Any] | None,
    members: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        **(extra or {}),
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        **{name: value for name, value in members.items() if value is not None},
    }


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every expected exception with its problem document."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(PoolTimeoutError, _on_database)
    app.add_exception_handler(PendingRollbackError, _on_database)
    app.add_exception_handler(OSError, _on_database)


def from_error(error: ProblemError, request_id: str | None) -> Response:
    """The response for a ProblemError."""
    return problem_response(
        error.status,
        error.code,
        error.title,
        detail=error.detail,
        field=error.field,
        hint=error.hint,
        headers=error.headers,
        extra=error.extra,
        request_id=request_id,
    )


def internal_error(request_id: str | None) -> Response:
    """500: the log has the exception under the request id."""
    return problem_response(
        500,
        "internal_error",
        "Something went wrong here",
        detail="The error is in the log under the request id.",
        request_id=request_id,
    )


def request_id_of(request: Request) -> str | None:
    """The id that the middleware gave the request."""
    found: str | None = request.scope.get("patchbay.request_id")
    return found


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101  # registered for this type only
    return from_error(error, request_id_of(request))


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this type only
    errors = field_errors(error.errors())
    return problem_response(
        422,
        "validation_failed",
        "The input is not valid",
        detail="; ".join(f"{entry['field']}: {entry['message']}" for entry in errors[:3]),
        field=errors[0]["field"] if errors else None,
        errors=errors,
        request_id=request_id_of(request),
    )


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this type only
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != title else None
    return problem_response(
        error.status_code,
        _CODES.get(error.status_code, f"http_{error.status_code}"),
        title,
        detail=detail,
        headers=error.headers,
        request_id=request_id_of(request),
    )


async def _on_database(request: Request, error: Exception) -> Response:
    problem = database_problem(error)
    if problem is None and isinstance(error, OSError):
        raise error  # no database's: for the last net
    if problem is None:
        log.error("http.database_error", exc_info=error)
        return internal_error(request_id_of(request))
    log.warning("http.database_problem", code=problem.code, error=str(error.__cause__ or error))
    return from_error(problem, request_id_of(request))


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Pydantic's errors as {field, code, message}; the rejected input itself is never repeated."""
    return [
        {
            "field": _field(entry["loc"]),
            "code": str(entry["type"]),
            "message": str(entry["msg"]).removeprefix("Value error, "),
        }
        for entry in errors
    ]


def _field(location: Sequence[Any]) -> str:
    where, *path = location or ("body",)
    if where != "body":
        return ".".join(str(part) for part in path) or str(where)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
