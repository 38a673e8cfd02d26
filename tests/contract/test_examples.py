"""The OpenAPI document shows by example what each body looks like, and no example is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

import email_gateway.app  # noqa: F401  # so that all models are there
import link_svc.app  # noqa: F401
import notifier.app  # noqa: F401
import rmm_gateway.app  # noqa: F401
import ticket_svc.app  # noqa: F401
from patchbay_kit.http import RequestModel

GENERATED = Path(__file__).parents[2] / "libs/contracts/src/patchbay_contracts/generated"
OPENAPI: dict[str, Any] = json.loads((GENERATED / "openapi.json").read_text("utf-8"))
SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]
METHODS = {"get", "put", "post", "delete", "patch"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in OPENAPI["paths"].items():
        for method in sorted(METHODS & item.keys()):
            yield f"{method} {path}", item[method]


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body of JSON that is sent or answered, and where."""
    for name, operation in operations():
        for place in (operation.get("requestBody", {}), *operation["responses"].values()):
            media = place.get("content", {}).get("application/json")
            if media is not None:
                yield name, media["schema"]


def errors_of(schema: dict[str, Any], example: Any) -> list[str]:
    whole = {"components": OPENAPI["components"], **schema}
    return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(example)]


def test_every_operation_says_in_words_what_it_does() -> None:
    wordless = [name for name, operation in operations() if not operation.get("summary")]
    unexplained = [name for name, operation in operations() if not operation.get("description")]
    assert (wordless, unexplained) == ([], [])


def test_every_model_has_an_example() -> None:
    models = {name: schema for name, schema in SCHEMAS.items() if schema.get("type") == "object"}
    assert [name for name, schema in models.items() if not schema.get("examples")] == []
    loose = [name for name, schema in bodies() if schema.get("type") == "object"]
    # What is no model of ours: a map, whose values speak for themselves.
    assert [name for name in loose if "/v1/" in name] == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_an_example_is_what_its_model_says(name: str) -> None:
    for example in SCHEMAS[name].get("examples", []):
        assert errors_of({"$ref": f"#/components/schemas/{name}"}, example) == []


def test_errors_are_shown_by_examples_of_problem_documents() -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for name, example in OPENAPI["components"]["examples"].items():
        assert errors_of(problem, example["value"]) == []
        assert example["value"]["code"] == name
    for name, operation in operations():
        content = operation["responses"]["default"]["content"]["application/problem+json"]
        assert content["schema"] == problem, name
        assert content["examples"], name


def sent_models() -> dict[str, type[RequestModel]]:
    """Those by whose names the document knows them; there are two of a few names."""
    found: dict[str, list[type[RequestModel]]] = {}
    waiting = [RequestModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        found.setdefault(model.__name__, []).append(model)
    return {name: models[0] for name, models in found.items() if len(models) == 1}


def test_what_is_sent_as_the_example_says_is_understood() -> None:
    """Models have rules that no schema tells: one of several fields, say."""
    tried = {name: model for name, model in sent_models().items() if name in SCHEMAS}
    refused = []
    for name, model in tried.items():
        for example in SCHEMAS[name]["examples"]:
            try:
                model.model_validate_json(json.dumps(example))
            except ValidationError as error:
                refused.append(f"{name}: {error}")
    assert refused == []
    assert len(tried) > 60, "the models have gone elsewhere"
