"""The list of what belongs to an account is whole."""

from ticket_svc.merging.moves import KINDS
from ticket_svc.metadata import metadata

# The account of a link is link-svc's to tell.
ELSEWHERE = {"site_link_view", "account_merge"}


def test_every_table_with_an_account_moves_with_it() -> None:
    tables = {table.name for table in metadata.sorted_tables if "account_id" in table.c}
    assert tables - ELSEWHERE == {kind.name for kind in KINDS} - {"account"}
