"""The headers of our routes in OpenAPI: they are read off the request, so no route declares them.

A client that is generated from the document can guard changes and repeat requests with them.
"""

from collections.abc import Iterable
from inspect import signature
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from patchbay_kit.http.transaction import TransactionalRoute

Described = dict[str, Any]

IF_MATCH: Described = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the ETag that the change is about; 412 `version_mismatch` for another one",
    "schema": {"type": "string", "pattern": r'^"[0-9]{1,9}"$', "examples": ['"3"']},
}
IDEMPOTENCY_KEY: Described = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "makes the request take effect once: a repetition gets the first answer, with"
        " `Idempotency-Replayed: true`; 422 `idempotency_key_reused` for another body"
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]+$",
        "examples": ["0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c04"],
    },
}
_ETAG: Described = {
    "description": "the record's version, for If-Match",
    "schema": {"type": "string", "examples": ['"3"']},
}
_LOCATION: Described = {
    "description": "the path of what was made, where it has one of its own",
    "schema": {"type": "string", "examples": ["/v1/accounts/0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c02"]},
}


def describe_headers(document: Described, routes: Iterable[BaseRoute]) -> None:
    """Add If-Match, Idempotency-Key, ETag and Location where our routes have them."""
    for route in routes:
        if not isinstance(route, TransactionalRoute) or not route.include_in_schema:
            continue
        for method in (each.lower() for each in route.methods or ()):
            operation = document["paths"][route.path_format][method]
            _describe_request(route, method, operation)
            if _sets_headers(route):
                _describe_answers(operation["responses"], document)


def _describe_request(route: APIRoute, method: str, operation: Described) -> None:
    wanted = []
    if method != "get" and _is_guarded(route):
        wanted.append(IF_MATCH)
    if method == "post":
        wanted.append(IDEMPOTENCY_KEY)
    if wanted:
        operation.setdefault("parameters", []).extend(wanted)


def _is_guarded(route: APIRoute) -> bool:
    """A function that takes the request compares its If-Match, unless the body is its own to
    read.
    """
    takes = any(
        each.annotation is Request for each in signature(route.endpoint).parameters.values()
    )
    return takes and route.openapi_extra is None


def _sets_headers(route: APIRoute) -> bool:
    """A function that takes the response puts headers on it; one may also make its own."""
    found = signature(route.endpoint)
    takes = any(each.annotation is Response for each in found.parameters.values())
    return takes or found.return_annotation is Response


def _describe_answers(responses: Described, document: Described) -> None:
    for status in ("200", "201"):
        answer = responses.get(status)
        if answer is None:
            continue
        headers = {}
        if _has_version(answer, document):
            headers["ETag"] = _ETAG
        if status == "201":
            headers["Location"] = _LOCATION
        if headers:
            answer["headers"] = headers | answer.get("headers", {})


def _has_version(answer: Described, document: Described) -> bool:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    named = document.get("components", {}).get("schemas", {}).get(name, {})
    return "version" in named.get("properties", {})
