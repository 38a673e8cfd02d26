"""The migrations make the tables that the code uses."""

from patchbay_kit.db.migrate import check_drift, migrate
from rmm_gateway.metadata import metadata


def test_migrated_tables_equal_the_tables_in_code(database_url: str) -> None:
    migrate("rmm_gateway", database_url, metadata)
    assert check_drift("rmm_gateway", database_url, metadata) == []
