"""What new tickets have to know of the desk, read in one statement for one or for many.

By hand, since round trips are most of what opening a ticket costs: their accounts, which are held,
with manager, main contact and default contract; what the tickets name; employees, settings, and
their numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import orjson

from patchbay_contracts import PersonRef
from patchbay_kit.db import UnitOfWork
from patchbay_kit.db.driver import is_postgres, run_sql
from ticket_svc.accounts.belonging import active_account
from ticket_svc.desk.schemas import DeskSettings
from ticket_svc.tickets.directory import AccountFacts
from ticket_svc.tickets.numbers import NEXT_NUMBERS, format_number, take_numbers
from ticket_svc.tickets.schemas import NewTicketRequest

_NAMED = ("account", "contact", "asset", "contract", "manager")
_ID = {True: "uuid", False: "text"}
# The condition always holds. It makes the planner expect few rows and use the indexes.
_GIVEN = {
    True: "SELECT {ids} FROM json_array_elements(CAST($1 AS json)) AS k"
    " WHERE json_typeof(k) = 'array'",
    False: "SELECT {ids} FROM json_each(?)",
}
_ONE = {True: "CAST(k->>{n} AS uuid) AS {name}", False: "json_extract(value, '$[{n}]') AS {name}"}
# Who changes, merges or archives the account waits for the ticket. An account that somebody is at
# is left out: what else the statement read would be older than what they are doing.
_HOLD = {True: "FOR SHARE SKIP LOCKED", False: ""}
_SETTING = {True: "value #>> '{}'", False: "json_extract(value, '$')"}
_ID = {True: "uuid", False: "text"}
_COUNT = "(SELECT count(*) FROM given)"
# SQLite counts in a table, by an update of its own.
_NUMBER = {
    True: f"""UNION ALL SELECT 'number', CAST(n.value AS text), '', '', '', ''
FROM ({NEXT_NUMBERS.format(count=_COUNT)}) AS n(value)""",  # noqa: S608  # constants
    False: "",
}
_ARCHIVED = "WHEN {0}.archived_at IS NOT NULL THEN 'archived'"


def _statement(postgres: bool) -> str:
    ids = ", ".join(_ONE[postgres].format(n=n, name=name) for n, name in enumerate(_NAMED))
    employee = "CAST(e.id AS text), e.name, coalesce(e.email1, e.email2)"
    person = "CAST(c.id AS text), c.name, coalesce(c.email1, c.email2)"
    account = "CAST(h.id AS text)"
    return f"""WITH given AS ({_GIVEN[postgres].format(ids=ids)}),
held AS (SELECT * FROM account WHERE id IN (SELECT account FROM given) {_HOLD[postgres]})
SELECT 'account' AS kind, {account} AS id, h.name AS name,
  coalesce(h.email1, h.email2) AS email, CAST(h.merged_into_id AS text) AS owner,
  CASE {_ARCHIVED.format("h")} END AS state FROM held h
UNION ALL SELECT 'account_manager', {employee}, {account}, NULL
FROM held h JOIN employee e ON e.id = h.manager_id AND e.active
UNION ALL SELECT 'main_contact', {person}, {account}, NULL
FROM held h JOIN contact c ON c.account_id = h.id AND c.is_main
UNION ALL SELECT 'default_contract', CAST(k.id AS text), k.name, NULL, {account}, NULL
FROM held h JOIN contract k ON k.account_id = h.id AND k.is_default
  AND k.closed_at IS NULL AND k.archived_at IS NULL
UNION ALL SELECT 'contact', {person}, CAST(c.account_id AS text), CASE {_ARCHIVED.format("c")} END
FROM given g JOIN contact c ON c.id = g.contact
UNION ALL SELECT 'asset', CAST(s.id AS text), s.name, NULL, CAST(s.account_id AS text),
  CASE {_ARCHIVED.format("s")} END FROM given g JOIN asset s ON s.id = g.asset
UNION ALL SELECT 'contract', CAST(k.id AS text), k.name, NULL, CAST(k.account_id AS text),
  CASE {_ARCHIVED.format("k")} WHEN k.closed_at IS NOT NULL THEN 'closed' END
FROM given g JOIN contract k ON k.id = g.contract
UNION ALL SELECT 'manager', {employee}, NULL, NULL
FROM given g JOIN employee e ON e.id = g.manager AND e.active
UNION ALL SELECT 'default_manager', {employee}, NULL, NULL FROM employee e
WHERE e.active AND e.id = (
  SELECT CAST({_SETTING[postgres]} AS {_ID[postgres]}) FROM desk_setting
  WHERE name = 'default_manager_id')
UNION ALL SELECT 'reader', {employee}, NULL, NULL FROM employee e
WHERE e.receives_all_mail AND e.active
UNION ALL SELECT 'setting', name, CAST(value AS text), NULL, NULL, NULL FROM desk_setting
{_NUMBER[postgres]}"""  # noqa: S608  # constants


_STATEMENTS = {postgres: _statement(postgres) for postgres in (True, False)}


@dataclass(frozen=True, slots=True)
class Found:
    """A record: `owner` is its account, or the account whose manager it is; for an account the one
    that it was merged into. `state` is archived or closed, or None where it may be chosen.
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
    what the request names: contact, asset, contract, manager. `readers` get all mail.
    """

    by_kind: dict[str, Found]
    readers: list[Found]
    settings: DeskSettings
    number: str = ""

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


async def surroundings_of(uow: UnitOfWork, wanted: NewTicketRequest) -> Surroundings:
    """Read them as they are now; 422 `account_unknown`, `account_archived`.

    The account stays as it is until the unit of work ends.
    """
    (found,) = await surroundings_of_all(uow, [wanted])
    if found is None:
        await active_account(uow, wanted.account_id)
        (found,) = await surroundings_of_all(uow, [wanted])
        assert found is not None  # noqa: S101  # it is held now
    if not found.number:
        found.number = (await take_numbers(uow.session, 1))[0]
    return found


async def surroundings_of_all(
    uow: UnitOfWork, wanted: Sequence[NewTicketRequest]
) -> list[Surroundings | None]:
    """For each as `surroundings_of`; None where its account is unknown, archived, or somebody is at
    it. On SQLite they have no numbers yet.
    """
    statement = _STATEMENTS[is_postgres(uow.session)]
    given = orjson.dumps([_ids(each) for each in wanted]).decode()
    return _sorted_out(wanted, await run_sql(uow.session, statement, given))


def _ids(wanted: NewTicketRequest) -> tuple[str | None, ...]:
    """In the order of `_NAMED`."""
    return (
        wanted.account_id,
        wanted.contact_id,
        wanted.asset_id,
        wanted.contract_id,
        wanted.manager_id,
    )


@dataclass(slots=True)
class _Rows:
    """What was read, by what it is asked for: the `named` by kind and id, what stands `beside` an
    account by the account and kind.
    """

    named: dict[tuple[str, str | None], Found] = field(default_factory=dict)
    beside: dict[str, dict[str, Found]] = field(default_factory=dict)
    shared: dict[str, Found] = field(default_factory=dict)
    readers: list[Found] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    def take(self, row: Sequence[Any]) -> None:
        match row[0]:
            case "setting":
                self.settings.append((row[1], row[2]))
            case "number":
                self.numbers.append(format_number(int(row[1])))
            case "reader":
                self.readers.append(Found(*row))
            case "default_manager" as kind:
                self.shared[kind] = Found(*row)
            case "account_manager" | "main_contact" | "default_contract" as kind:
                self.beside.setdefault(row[4], {})[kind] = Found(*row)
            case kind:
                self.named[kind, row[1]] = Found(*row)


def _sorted_out(
    wanted: Sequence[NewTicketRequest], rows: Iterable[Any]
) -> list[Surroundings | None]:
    found = _Rows()
    for row in rows:
        found.take(row)
    found.readers.sort(key=lambda each: each.id)
    desk, numbers = _settings(tuple(found.settings)), iter(found.numbers)
    answer: list[Surroundings | None] = []
    for each in wanted:
        account = found.named.get(("account", each.account_id))
        if account is None or account.state is not None:
            answer.append(None)
            continue
        asked = [key for key in zip(_NAMED, _ids(each), strict=True) if key in found.named]
        theirs = {key[0]: found.named[key] for key in asked}
        by_kind = {**found.shared, **found.beside.get(account.id, {}), **theirs}
        answer.append(Surroundings(by_kind, found.readers, desk, next(numbers, "")))
    return answer


@lru_cache(maxsize=8)
def _settings(rows: tuple[tuple[str, str], ...]) -> DeskSettings:
    """As `desk.service.load_settings` would give them; they seldom change."""
    known = DeskSettings.model_fields
    return DeskSettings(**{name: orjson.loads(value) for name, value in rows if name in known})
