"""Examples for OpenAPI documents.

A model that brings no example gets one of its fields': their own examples and defaults, else what
their names and types suggest.
"""

from collections.abc import Mapping
from typing import Any

from patchbay_kit.http.example_values import full_name, is_unusual, named_value

Schema = dict[str, Any]
_DEEPEST = 6
_INSTANCE = "urn:request:0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c09"
PROBLEMS: Mapping[str, Schema] = {
    "authentication_required": {
        "title": "Sign in first",
        "status": 401,
        "detail": "This needs a signed-in caller.",
    },
    "permission_missing": {
        "title": "You may not do this",
        "status": 403,
        "detail": "This needs the permission 'desk'.",
        "hint": "Ask an administrator for it.",
        "permission": "desk",
    },
    "not_found": {
        "title": "No such record",
        "status": 404,
        "detail": "There is no record '0199c8a0-6a2f-7c3e-9d41-2f6f5b7a1c01'.",
    },
    "version_mismatch": {
        "title": "The record has changed since you read it",
        "status": 412,
        "detail": 'You sent "3", the present version is 4.',
        "field": "If-Match",
        "hint": "Read the record again and repeat the change.",
        "current_version": 4,
    },
    "validation_failed": {
        "title": "The input is not valid",
        "status": 422,
        "detail": "/name: Field required",
        "field": "/name",
        "errors": [{"field": "/name", "code": "missing", "message": "Field required"}],
    },
}


def problem_examples() -> dict[str, Schema]:
    """What stands in `components/examples`: the errors that are common to all routes."""
    return {
        code: {
            "value": {"type": f"/problems/{code}", "code": code, **members, "instance": _INSTANCE}
        }
        for code, members in PROBLEMS.items()
    }


def problems_of(method: str, path: str, operation: Mapping[str, Any]) -> list[str]:
    """Which of them the operation answers."""
    found = []
    if operation.get("security"):
        found += ["authentication_required", "permission_missing"]
    if "{" in path:
        found.append("not_found")
    if any(each.get("name") == "If-Match" for each in operation.get("parameters", ())):
        found.append("version_mismatch")
    if operation.get("requestBody") or operation.get("parameters") or not found:
        found.append("validation_failed")
    return found


def add_examples(schemas: dict[str, Schema]) -> None:
    """Give each model among the document's schemas an example."""
    schemas["Problem"]["examples"] = [problem_examples()["version_mismatch"]["value"]]
    for schema in schemas.values():
        if "examples" in schema:
            schema["examples"] = [with_nulls(each, schema, schemas) for each in schema["examples"]]
    made = {
        name: example_of(schema, schemas, name)
        for name, schema in schemas.items()
        if schema.get("type") == "object" and "examples" not in schema
    }
    # Afterwards, since one inside another is named after what it is there.
    for name, example in made.items():
        schemas[name]["examples"] = [example]


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Schema], name: str = "") -> Any:
    """A value that the schema allows; `name` is that of the field or model."""
    return _value(schema, schemas, name, 0)


def with_nulls(example: Any, schema: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Any:
    """The example with null where something must be: FastAPI leaves out every null it meets."""
    if "$ref" in schema:
        return with_nulls(example, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if isinstance(example, list):
        return [with_nulls(each, schema.get("items", {}), schemas) for each in example]
    if not isinstance(example, dict):
        return example
    properties: Mapping[str, Schema] = schema.get("properties", {})
    shown = {
        name: with_nulls(value, properties.get(name, {}), schemas)
        for name, value in example.items()
    }
    missing = [name for name in schema.get("required", ()) if name not in shown]
    return shown | {name: None for name in missing if _may_be_null(properties[name])}


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", ())


def _value(schema: Mapping[str, Any], schemas: Mapping[str, Schema], name: str, deep: int) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    for known in ("const", "default"):
        if schema.get(known) is not None:
            return schema[known]
    if "enum" in schema:
        usual = named_value(name, schema.get("type", "string"), {})
        return usual if usual in schema["enum"] else schema["enum"][0]
    if "$ref" in schema:
        return _value(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, deep)
    choices = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if choices:
        # The first one is the usual one: null comes last.
        if is_unusual(name) and choices[-1].get("type") == "null":
            return None
        return _value(choices[0], schemas, name, deep)
    return _typed(schema, schemas, name, deep)


def _typed(schema: Mapping[str, Any], schemas: Mapping[str, Schema], name: str, deep: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, schemas, name, deep + 1)
    if kind == "array":
        items = schema.get("items")
        if not items or (deep >= _DEEPEST and not schema.get("minItems")):
            return []
        return [_value(items, schemas, name.removesuffix("s"), deep + 1)]
    if kind is None:
        return {}
    return named_value(name, kind, schema)


def _object(
    schema: Mapping[str, Any], schemas: Mapping[str, Schema], parent: str, deep: int
) -> Schema:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    names = list(properties)
    if schema.get("additionalProperties") is False:
        names = _sent(properties, schema.get("required", ()))
    return {
        name: _value(properties[name], schemas, full_name(name, parent), deep) for name in names
    }


def _sent(properties: Mapping[str, Schema], required: Any) -> list[str]:
    """Of a body that is sent: what must be in it, and what has an example of its own."""
    shown = [name for name, field in properties.items() if name in required or _has_example(field)]
    return shown or list(properties)[:1]


def _has_example(field: Mapping[str, Any]) -> bool:
    return "examples" in field or any("examples" in each for each in field.get("anyOf", ()))
