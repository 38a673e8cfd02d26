"""What one new ticket has to know of the desk, read in one statement.

By hand, since round trips are most of what opening a ticket costs: its account, which is held,
with manager, main contact and default contract; what the ticket names; employees, settings, and
its number. On PostgreSQL the same statement claims the request's idempotency key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import orjson

from patchbay_contracts import PersonRef
from patchbay_kit.db import Aside, UnitOfWork
from patchbay_kit.db.driver import is_postgres, run_sql
from patchbay_kit.http.idempotency import waiting_for_key
from ticket_svc.accounts.belonging import active_account
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.tickets.directory import AccountFacts
from ticket_svc.tickets.numbers import format_number, take_numbers
from ticket_svc.tickets.schemas import NewTicketRequest

# Who changes, merges or archives the account waits for the ticket. An account that somebody is at
# is left out: what else the statement read would be older than what they are doing.
_HOLD = {True: "FOR SHARE SKIP LOCKED", False: ""}
_SETTING = {True: "value #>> '{}'", False: "json_extract(value, '$')"}
_ID = {True: "uuid", False: "text"}
# SQLite counts in a table, by an update of its own.
_NUMBER = {
    True: "UNION ALL SELECT 'number', CAST(nextval('ticket_number_seq') AS text), '', '', '', ''",
    False: "",
}
_ARCHIVED = "WHEN {0}.archived_at IS NOT NULL THEN 'archived'"


def _statement(postgres: bool) -> str:
    mark = "$" if postgres else "?"
    account, contact, asset, contract, manager = (f"{mark}{n}" for n in range(1, 6))
    employee = "CAST(e.id AS text), e.name, coalesce(e.email1, e.email2), NULL, NULL"
    person = "CAST(c.id AS text), c.name, coalesce(c.email1, c.email2)"
    return f"""held AS (SELECT * FROM account WHERE id = {account} {_HOLD[postgres]})
SELECT 'account' AS kind, CAST(h.id AS text) AS id, h.name AS name,
  coalesce(h.email1, h.email2) AS email, CAST(h.merged_into_id AS text) AS owner,
  CASE {_ARCHIVED.format("h")} END AS state FROM held h
UNION ALL SELECT 'account_manager', {employee}
FROM held h JOIN employee e ON e.id = h.manager_id AND e.active
UNION ALL SELECT 'main_contact', {person}, NULL, NULL
FROM held h JOIN contact c ON c.account_id = h.id AND c.is_main
UNION ALL SELECT 'default_contract', CAST(k.id AS text), k.name, NULL, NULL, NULL
FROM held h JOIN contract k ON k.account_id = h.id AND k.is_default
  AND k.closed_at IS NULL AND k.archived_at IS NULL
UNION ALL SELECT 'contact', {person}, CAST(c.account_id AS text), CASE {_ARCHIVED.format("c")} END
FROM contact c WHERE c.id = {contact}
UNION ALL SELECT 'asset', CAST(s.id AS text), s.name, NULL, CAST(s.account_id AS text),
  CASE {_ARCHIVED.format("s")} END FROM asset s WHERE s.id = {asset}
UNION ALL SELECT 'contract', CAST(k.id AS text), k.name, NULL, CAST(k.account_id AS text),
  CASE {_ARCHIVED.format("k")} WHEN k.closed_at IS NOT NULL THEN 'closed' END
FROM contract k WHERE k.id = {contract}
UNION ALL SELECT 'manager', {employee} FROM employee e WHERE e.id = {manager} AND e.active
UNION ALL SELECT 'default_manager', {employee} FROM employee e WHERE e.active AND e.id = (
  SELECT CAST({_SETTING[postgres]} AS {_ID[postgres]}) FROM desk_setting
  WHERE name = 'default_manager_id')
UNION ALL SELECT 'reader', {employee} FROM employee e WHERE e.receives_all_mail AND e.active
UNION ALL SELECT 'setting', name, CAST(value AS text), NULL, NULL, NULL FROM desk_setting
{_NUMBER[postgres]}"""  # noqa: S608  # constants


_STATEMENTS = {postgres: _statement(postgres) for postgres in (True, False)}


@dataclass(frozen=True, slots=True)
class Found:
    """A record: `owner` is its account, for an account the one that it was merged into. `state` is
    archived or closed, or None where it may be chosen.
    """

    kind: str
    id: str
    name: str
    email: str | None
    owner: str | None
    state: str | None

    def ref(self, kind: Literal["employee", "contact", "account"]) -> PersonRef:
        """A person as mail sees them."""
        return PersonRef(id=self.id, kind=kind, name=self.name, email=self.email or "")


@dataclass(slots=True)
class Surroundings:
    """`by_kind`: account, account_manager, main_contact, default_contract, default_manager, and
    what the request names: contact, asset, contract, manager. `readers` get all mail. `claimed`:
    the idempotency key is ours.
    """

    by_kind: dict[str, Found] = field(default_factory=dict)
    readers: list[Found] = field(default_factory=list)
    settings: DeskSettings = field(default_factory=DeskSettings)
    number: str = ""
    claimed: bool = False

    def account(self) -> AccountFacts:
        """Without a main contact's address the account's own stands in (S2-129)."""
        account, manager = self.by_kind["account"], self.by_kind.get("account_manager")
        contact, contract = self.by_kind.get("main_contact"), self.by_kind.get("default_contract")
        main = None
        if contact is not None and contact.email:
            main = contact.ref("contact")
        elif account.email:
            main = account.ref("account")
        return AccountFacts(
            account.id,
            account.name,
            manager.ref("employee") if manager else None,
            main,
            contract.id if contract else None,
        )


async def surroundings_of(
    uow: UnitOfWork, wanted: NewTicketRequest, claim: Aside | None = None
) -> Surroundings:
    """Read them as they are now; 422 `account_unknown`, `account_archived`.

    The account stays as it is until the unit of work ends. `claim` claims an idempotency key, on
    PostgreSQL only; where that is not ours nothing else of the answer counts.
    """
    found = await _read(uow, wanted, claim)
    if claim is not None and not found.claimed:
        return found
    account = found.by_kind.get("account")
    if account is None or account.state is not None:
        await active_account(uow, wanted.account_id)
        found = await _read(uow, wanted)
    if not found.number:
        found.number = (await take_numbers(uow.session, 1))[0]
    return found


async def _read(
    uow: UnitOfWork, wanted: NewTicketRequest, claim: Aside | None = None
) -> Surroundings:
    statement = _STATEMENTS[is_postgres(uow.session)]
    named = (
        wanted.account_id,
        wanted.contact_id,
        wanted.asset_id,
        wanted.contract_id,
        wanted.manager_id,
    )
    if claim is None:
        rows = await run_sql(uow.session, f"WITH {statement}", *named)
    else:
        with waiting_for_key():
            rows = await run_sql(uow.session, _claiming(claim.sql), *named, *claim.values)
    return _sorted_out(rows)


@lru_cache(maxsize=8)
def _claiming(claim: str) -> str:
    numbered = claim.format(*(f"${n}" for n in range(6, 6 + claim.count("{}"))))
    held, _, rest = _STATEMENTS[True].partition("\n")
    # First, so that a repetition waits for the first request before it reads anything.
    first = "SELECT 'claimed' AS kind, '' AS id, '' AS name, '' AS email, '' AS owner, '' AS state"
    return f"WITH claimed AS ({numbered}), {held}\n{first} FROM claimed UNION ALL {rest}"


def _sorted_out(rows: Iterable[Any]) -> Surroundings:
    answer = Surroundings()
    settings = []
    for row in rows:
        match row[0]:
            case "claimed":
                answer.claimed = True
            case "setting":
                settings.append((row[1], row[2]))
            case "number":
                answer.number = format_number(int(row[1]))
            case "reader":
                answer.readers.append(Found(*row))
            case kind:
                answer.by_kind[kind] = Found(*row)
    answer.settings = _settings(tuple(settings))
    answer.readers.sort(key=lambda each: each.id)
    return answer


@lru_cache(maxsize=8)
def _settings(rows: tuple[tuple[str, str], ...]) -> DeskSettings:
    """As `desk.service.load_settings` would give them; they seldom change."""
    known = DeskSettings.model_fields
    return DeskSettings(**{name: orjson.loads(value) for name, value in rows if name in known})
