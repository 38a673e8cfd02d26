"""Whether two versions of an event's schema can live beside each other during a rolling upgrade.

Both ways are asked: an old consumer reads what a new publisher writes, and a new consumer reads
what an old publisher wrote. What is left to change: optional fields, texts, open enumerations.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_BOUNDS = (
    "const",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Every change from `old` to `new` that breaks a consumer, as `<path>: <what>`."""
    return list(_Comparison(old, new).compare("", old, new))


class _Comparison:
    """Walks two documents side by side; `$ref` is resolved in the document it stands in."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new

    def compare(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        old_kinds = _variants(self._old, old)
        new_kinds = _variants(self._new, new)
        if old_kinds.keys() != new_kinds.keys():
            yield f"{path or '/'}: was {'|'.join(old_kinds)}, is {'|'.join(new_kinds)}"
            return
        for kind, old_kind in old_kinds.items():
            yield from self._same_kind(path, old_kind, new_kinds[kind])

    def _same_kind(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        for bound in _BOUNDS:
            if old.get(bound) != new.get(bound):
                yield f"{path or '/'}: {bound} was {old.get(bound)}, is {new.get(bound)}"
        yield from _enumeration(path, old, new)
        yield from self._fields(path, old, new)
        for inner, step in (("items", "[]"), ("additionalProperties", "{}")):
            if inner in old or inner in new:
                yield from self.compare(path + step, _schema(old, inner), _schema(new, inner))

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        for name, was in old_fields.items():
            here = f"{path}/{name}"
            if name not in new_fields:
                yield f"{here}: removed"
                continue
            yield from self.compare(here, was, new_fields[name])
        for name in sorted(old_required - new_required):
            if name in new_fields:
                yield f"{path}/{name}: was required, may be left out now"
        for name in sorted(new_required - old_required):
            yield f"{path}/{name}: is required now, old events do not have it"


def _variants(document: Schema, schema: Schema) -> dict[str, Schema]:
    """The alternatives of a schema by JSON type, with references resolved."""
    schema = _resolve(document, schema)
    found: dict[str, Schema] = {}
    for variant in schema.get("anyOf", [schema]):
        resolved = _resolve(document, variant)
        kind = str(resolved.get("type", "any"))
        found[kind if kind not in found else f"{kind}#{len(found)}"] = resolved
    return dict(sorted(found.items()))


def _resolve(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _schema(schema: Schema, keyword: str) -> Schema:
    """The schema under a keyword; `{}` (anything) where there is none or a plain yes."""
    found = schema.get(keyword, True)
    if isinstance(found, Mapping):
        return found
    return {} if found else {"type": "nothing"}


def _enumeration(path: str, old: Schema, new: Schema) -> Iterator[str]:
    where = path or "/"
    was, now = _values(old, "enum"), _values(new, "enum")
    for value in sorted(was - now):
        yield f"{where}: value {value} removed"
    for value in sorted(now - was):
        yield f"{where}: value {value} added to a closed list"
    if bool(was) != bool(now):
        yield f"{where}: a closed list became open, or the other way"
    open_was, open_now = _values(old, "x-extensible-enum"), _values(new, "x-extensible-enum")
    for value in sorted(open_was - open_now):
        yield f"{where}: value {value} removed"


def _values(schema: Schema, keyword: str) -> set[str]:
    values: Sequence[Any] = schema.get(keyword, ())
    return {str(value) for value in values}
