"""Statements that are read past the session."""

import pytest
from sqlalchemy.exc import OperationalError

from patchbay_kit.db import Database
from patchbay_kit.db.reading import fetch

MODE = "SELECT current_setting('plan_cache_mode') AS mode, $1::int AS n"


@pytest.mark.integration
async def test_a_statement_is_planned_for_its_values_alone_and_leaves_nothing_behind(
    pg_url: str,
) -> None:
    db = Database(pg_url, service="test", pool_size=1)
    try:
        for anew, mode in ((True, "force_custom_plan"), (False, "auto")):
            (row,) = await fetch(db.engine, MODE, [7], planned_anew=anew)
            assert (row["mode"], row["n"]) == (mode, 7)
        with pytest.raises(OperationalError):
            await fetch(db.engine, "SELECT 1 / $1::int", [0], planned_anew=True)
        (row,) = await fetch(db.engine, MODE, [8])
        assert (row["mode"], row["n"]) == ("auto", 8)
    finally:
        await db.close()
