"""The columns of a list as CSV: the fields of its items, those of an object inside with dots."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from patchbay_kit.cells import cell_of_json, write_cells

Schema = Mapping[str, Any]
Path = tuple[str, ...]


class Columns:
    """What a list of `item` holds: the same columns for every answer, an empty one included.

    An object whose fields the model names is a column for each of them; lists, and objects with
    members of any name, are one column of JSON.
    """

    def __init__(self, item: Any) -> None:
        schema = TypeAdapter(item).json_schema(mode="serialization")
        self._paths = tuple(_leaves(schema, schema.get("$defs", {}), (), ()))
        self.names = tuple(".".join(path) or "value" for path in self._paths)

    def header(self) -> str:
        """The first row."""
        return write_cells([self.names])

    def rows(self, items: Iterable[Any]) -> str:
        """A row for each item."""
        return write_cells(
            [cell_of_json(_at(item, path)) for path in self._paths] for item in items
        )


def _leaves(schema: Schema, known: Schema, path: Path, above: Path) -> Iterator[Path]:
    """`above` are the models that the path runs through: one inside itself is JSON."""
    named = _object(schema)
    name = str(named.get("$ref", "")).rpartition("/")[2]
    fields = None if name in above else known.get(name, named).get("properties")
    if not fields:
        yield path
        return
    for field, inner in fields.items():
        yield from _leaves(inner, known, (*path, field), (*above, name) if name else above)


def _object(schema: Schema) -> Schema:
    """Without the null that it may be instead."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _at(item: Any, path: Path) -> Any:
    for name in path:
        if item is None:
            return None
        item = item.get(name)
    return item
