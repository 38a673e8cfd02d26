"""JSON Schema 2020-12 of every event's whole envelope, as `make schemas` writes it.

Objects stay open: a consumer ignores what it does not know. The APIs serve them where an envelope's
`dataschema` points; the data alone is under `properties.data`.
"""

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from patchbay_contracts.base import registered
from patchbay_contracts.envelope import Envelope, UnknownEventError

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _WithoutFieldTitles(GenerateJsonSchema):
    """`Ticket Id` beside `ticket_id` tells a reader nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


def event_schema(event_type: str) -> dict[str, Any]:
    """The schema of one event, with `type` and `source` fixed. Raises UnknownEventError."""
    cls = registered().get(event_type)
    if cls is None:
        raise UnknownEventError(event_type)
    adapter = TypeAdapter(Envelope[cls])  # type: ignore[valid-type]  # parametrised at run time
    schema = adapter.json_schema(schema_generator=_WithoutFieldTitles)
    schema["properties"]["type"] = {"const": event_type, "type": "string"}
    schema["properties"]["source"] = {"const": f"/services/{cls.publisher}", "type": "string"}
    head = {"$schema": DIALECT, "$id": f"urn:patchbay:event:{event_type}", "title": cls.__name__}
    described = {"description": f"{summary(event_type)} Published by {cls.publisher}."}
    return head | described | {k: v for k, v in schema.items() if k not in {"title", "description"}}


def summary(event_type: str) -> str:
    """What an event means, in one sentence or two: the first paragraph of its docstring."""
    paragraph = (registered()[event_type].__doc__ or "").strip().split("\n\n")[0]
    return " ".join(paragraph.split())
