"""Descriptions for machines: the merged OpenAPI document, AsyncAPI, the events' JSON Schemas, and
the service's own OpenAPI.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi

from patchbay_contracts import registered
from patchbay_kit.errors import not_found
from patchbay_kit.http.described_headers import describe_headers
from patchbay_kit.http.lists_as_csv import describe_lists
from patchbay_kit.http.problems import MEDIA_TYPE, Problem

_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_ABOUT = """\
Sign in at `POST /v1/auth/token`, or use an API key, as `Authorization: Bearer ...`.

* Errors are problem documents (RFC 9457): programs go by `code`; all codes are in docs/problems.md.
* A record's `version` is its ETag. Send it as If-Match with a change: 412 says that somebody else
  was faster, and nothing is overwritten.
* Idempotency-Key lets a POST be repeated safely.
* Lists are pages: repeat the request with `cursor` set to `next_cursor` until that is null.
* Times are UTC in answers; requests have an offset. Money and quantities are decimal texts.
* What the caller may not see is 404, never 403.
"""
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})


def description_router(app: FastAPI, service: str) -> APIRouter:
    """Serves `/openapi.json`, `/openapi.<service>.json`, `/asyncapi.json` and `/schemas/….json`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def openapi() -> Response:
        return _json(_generated("openapi.json") or orjson.dumps(app.openapi()))

    @router.get(f"/openapi.{service}.json")
    async def own_openapi() -> Response:
        return _json(orjson.dumps(app.openapi()))

    @router.get("/asyncapi.json")
    async def asyncapi() -> Response:
        document = _generated("asyncapi.json")
        if document is None:
            raise not_found("document", "asyncapi.json")
        return _json(document)

    @router.get("/schemas/{event_type}.json")
    async def schema(event_type: str) -> Response:
        if event_type not in registered():
            raise not_found("schema", event_type)
        document = _generated(f"schemas/{event_type}.json")
        if document is None:
            raise not_found("schema", event_type)
        return _json(document, "application/schema+json")

    return router


def describe(app: FastAPI) -> dict[str, Any]:
    """The app's own OpenAPI document, with problem documents as its errors."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        describe_lists(document, app.routes)
        describe_headers(document, app.routes)
        app.openapi_schema = _with_problems(document)
    return app.openapi_schema


def merge_openapi(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One document from those of several services.

    Components of one name must be equal, or the later one is renamed after its service. The first
    path of a name wins: probes are alike.
    """
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Patchbay", "version": "0.1.0", "description": _ABOUT},
        "paths": {},
        "components": {},
    }
    for document in documents:
        renamed = _rename_clashes(dict(document), merged["components"])
        for kind, entries in renamed.get("components", {}).items():
            target = merged["components"].setdefault(kind, {})
            target.update({name: entry for name, entry in entries.items() if name not in target})
        for path, item in renamed.get("paths", {}).items():
            merged["paths"].setdefault(path, item)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    return merged


def _rename_clashes(document: dict[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    mine: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    theirs: Mapping[str, Any] = taken.get("schemas", {})
    prefix = "".join(filter(str.isalnum, str(document["info"]["title"]).title()))
    names = {
        name: f"{prefix}_{name}"
        for name, schema in mine.items()
        if name in theirs and theirs[name] != schema
    }
    if not names:
        return document
    refs = {
        f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()
    }
    changed: dict[str, Any] = _replace_refs(document, refs)
    schemas = changed["components"]["schemas"]
    changed["components"]["schemas"] = {
        names.get(name, name): schema for name, schema in schemas.items()
    }
    return changed


def _replace_refs(node: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return refs.get(node, node)  # Also in a discriminator's mapping, which has no "$ref".
    if isinstance(node, dict):
        return {key: _replace_refs(value, refs) for key, value in node.items()}
    if isinstance(node, list):
        return [_replace_refs(entry, refs) for entry in node]
    return node


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    # Here, since a process that is never asked for its description does without them.
    from patchbay_kit.http.examples import add_examples, problem_examples, problems_of

    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.pop("$defs", {}))
    schemas["Problem"] = own
    document["components"]["examples"] = problem_examples()
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in _METHODS:
                _describe_streams(operation["responses"])
                codes = problems_of(method, path, operation)
                operation["responses"].pop("422", None)
                operation["responses"].setdefault("default", _problem(codes))
    add_examples(schemas)
    return document


def _problem(codes: Iterable[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        "description": "A problem document (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": _PROBLEM_REF, "examples": examples}},
    }


def _describe_streams(responses: dict[str, Any]) -> None:
    """`itemSchema` says what a stream is made of in OpenAPI 3.2; ours is 3.1, which has no word
    for it.
    """
    for answer in responses.values():
        for content in answer.get("content", {}).values():
            if content.pop("itemSchema", None) is not None:
                content["schema"] = {"type": "string"}


@cache
def _generated(name: str) -> bytes | None:
    file = resources.files("patchbay_contracts").joinpath("generated", name)
    return file.read_bytes() if file.is_file() else None


def _json(content: bytes, media_type: str = "application/json") -> Response:
    return Response(content, media_type=media_type)
