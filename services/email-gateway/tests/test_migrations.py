"""The migrations make the tables that the code uses."""

from email_gateway.metadata import metadata
from patchbay_kit.db.migrate import check_drift, migrate


def test_migrated_tables_equal_the_tables_in_code(database_url: str) -> None:
    migrate("email_gateway", database_url, metadata)
    assert check_drift("email_gateway", database_url, metadata) == []
