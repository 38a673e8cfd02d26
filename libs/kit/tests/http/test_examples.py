"""Examples that are put together for models which bring none."""

from typing import Any, Literal

import jsonschema
from pydantic import ConfigDict, Field

from patchbay_kit.http import RequestModel, ResponseModel
from patchbay_kit.http.examples import add_examples
from patchbay_kit.http.problems import Problem


class Place(ResponseModel):
    name: str
    city: str | None


class NewThing(RequestModel):
    kind: Literal["box", "bag"]
    account_id: str
    weight: int = Field(gt=5, le=9)
    color: str | None = Field(default=None, examples=["red"])
    note: str | None = None


class ThingView(ResponseModel):
    id: str
    account: Place
    parts: list[str]
    archived_at: str | None
    version: int


def _examples(*models: Any) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model in (Problem, *models):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    add_examples(schemas)
    for name, schema in schemas.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        jsonschema.Draft202012Validator(whole).validate(schema["examples"][0])
    return {model.__name__: schemas[model.__name__]["examples"][0] for model in models}


def test_a_body_to_be_sent_shows_what_it_needs_and_what_has_an_example_of_its_own() -> None:
    shown = _examples(NewThing)["NewThing"]
    assert shown.keys() == {"kind", "account_id", "weight", "color"}
    assert (shown["kind"], shown["weight"], shown["color"]) == ("box", 6, "red")


def test_an_answer_shows_all_its_members_by_what_their_names_suggest() -> None:
    shown = _examples(Place, ThingView)["ThingView"]
    assert shown["account"] == {"name": "ACME", "city": "Springfield"}
    assert (shown["parts"], shown["archived_at"], shown["version"]) == (["part"], None, 3)


class Shown(ResponseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"parts": [{"name": "lid"}], "kind": "box"}]}
    )

    parts: list[Place]
    kind: Literal["bag", "box"]
    note: str | None


def test_an_example_of_a_models_own_gets_back_the_nulls_that_fastapi_leaves_out() -> None:
    shown = _examples(Place, Shown)["Shown"]
    assert shown == {"parts": [{"name": "lid", "city": None}], "kind": "box", "note": None}


class Work(ResponseModel):
    status: Literal["new", "in_progress"]
    kind: Literal["work", "part"]
    amount: str


def test_a_choice_shows_what_its_name_suggests_where_that_is_one() -> None:
    shown = _examples(Work)["Work"]
    assert shown == {"status": "in_progress", "kind": "work", "amount": "120.00"}
