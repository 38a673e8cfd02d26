"""The schedule of faults: what goes wrong with the next matching PSG calls."""

from fnmatch import fnmatchcase
from typing import Any

from continuum_sim.control_models import FaultSpec
from continuum_sim.store import Store


class FaultSchedule:
    """Scheduled faults in the order in which they were added; the first match is used up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, specs: list[FaultSpec]) -> list[int]:
        """Schedule faults and return their ids; runs inside the caller's transaction."""
        return [
            self._store.insert(
                "INSERT INTO fault (spec, skip, remaining) VALUES (?, ?, ?)",
                (spec.model_dump_json(by_alias=True), spec.skip, spec.times),
            )
            for spec in specs
        ]

    def clear(self) -> int:
        """Forget all faults and return how many were left."""
        return self._store.execute("DELETE FROM fault")

    def waiting(self) -> list[dict[str, Any]]:
        """Return the faults that are still to come."""
        return [
            {
                **FaultSpec.model_validate_json(row["spec"]).model_dump(by_alias=True),
                "id": row["id"],
                "skip": row["skip"],
                "times": row["remaining"],
            }
            for row in self._store.rows("SELECT * FROM fault ORDER BY id")
        ]

    def any_waiting(self) -> bool:
        """Whether a call has to be looked at."""
        return self._store.value("SELECT 1 FROM fault LIMIT 1") is not None

    def take(self, method: str, path: str) -> FaultSpec | None:
        """Use up one fault for this call, if there is one; inside the caller's transaction."""
        for row in self._store.rows("SELECT * FROM fault ORDER BY id"):
            spec = FaultSpec.model_validate_json(row["spec"])
            if (spec.method or method).upper() != method or not fnmatchcase(path, spec.path):
                continue
            if row["skip"]:
                self._store.execute("UPDATE fault SET skip = skip - 1 WHERE id = ?", (row["id"],))
                continue
            self._store.execute(
                "UPDATE fault SET remaining = remaining - 1 WHERE id = ?", (row["id"],)
            )
            self._store.execute("DELETE FROM fault WHERE remaining <= 0")
            return spec
        return None
