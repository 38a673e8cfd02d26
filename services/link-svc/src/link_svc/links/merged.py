"""Links of accounts that were merged: they go where their account went (S1-115).

Promise: whatever the order of events, a site is linked to the account that stands for the one that
it was linked to (`home_id`), which a link made by a person sets anew.
"""

from collections.abc import Iterable

from link_svc.desk.service import accounts_behind, standing_accounts
from link_svc.links import repository
from link_svc.links.changes import ChangeRow, Why, link_row, unlink_row
from link_svc.links.rules import LinkCause
from patchbay_kit.db import UnitOfWork

_WHY = Why(LinkCause.ACCOUNT_MERGED)


async def follow_accounts(uow: UnitOfWork, account_ids: Iterable[str]) -> None:
    """Put the site links of these accounts, and of those that went into them, where they belong."""
    homes = await accounts_behind(uow.session, account_ids)
    if not homes:
        return
    stands = await standing_accounts(uow.session, homes)
    told: list[ChangeRow] = []
    # Links that were made in this very unit follow as well.
    await uow.session.flush()
    for row in await repository.lock_links_at_home(uow.session, sorted(homes)):
        home = row.home_id or row.target_id
        if row.target_id != stands[home]:
            told += [unlink_row(uow, row, _WHY), link_row(uow, row, stands[home], _WHY)]
            row.home_id = home if home != stands[home] else None
    await uow.session.flush()
    await repository.add_changes(uow.session, told)
