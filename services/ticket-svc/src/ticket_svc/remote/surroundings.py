"""What a batch of remote tickets has to know of the desk, read in one statement.

By hand, since a batch of one ticket costs as many statements as a batch of a hundred: links,
accounts with manager, main contact and default contract, assets, employees, settings, and ticket
numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from patchbay_contracts import PersonRef
from patchbay_kit.db.driver import is_postgres, run_sql
from ticket_svc.links.service import Key
from ticket_svc.tickets.directory import AccountFacts, facts_of
from ticket_svc.tickets.numbers import NEXT_NUMBERS, format_number, take_numbers

# Connection, remote ticket, and site and device where it has them.
Given = tuple[str, str, str | None, str | None]

# The condition always holds. It makes the planner expect few rows and use the indexes, where it
# would expect a hundred and read small tables from end to end, also when they have grown.
_GIVEN = {
    True: """
  SELECT k->>0 AS connection_id, k->>1 AS ticket, k->>2 AS site, k->>3 AS device
  FROM json_array_elements(CAST($1 AS json)) AS k WHERE json_typeof(k) = 'array'""",
    False: """
  SELECT json_extract(value, '$[0]') AS connection_id, json_extract(value, '$[1]') AS ticket,
    json_extract(value, '$[2]') AS site, json_extract(value, '$[3]') AS device
  FROM json_each(?)""",
}
_SETTING = {True: "value #>> '{}'", False: "json_extract(value, '$')"}
_IS_TRUE = {True: "value #>> '{}' = 'true'", False: "json_extract(value, '$') = 1"}
_ID = {True: "uuid", False: "text"}
# SQLite counts in a table, by an update of its own.
_NUMBERS = {
    True: f"""
UNION ALL SELECT 'number', CAST(n.value AS text), {", ".join(["NULL"] * 11)}
FROM ({NEXT_NUMBERS.format(count="(SELECT count(*) FROM given)")}) AS n(value)""",  # noqa: S608  # constants
    False: "",
}


def _statement(postgres: bool) -> str:
    blank = ", ".join(["NULL"] * 8)
    return f"""
WITH given AS ({_GIVEN[postgres]}),
site AS (SELECT DISTINCT connection_id, site FROM given WHERE site IS NOT NULL),
device AS (SELECT DISTINCT connection_id, device FROM given WHERE device IS NOT NULL),
setting AS (
  SELECT name, CAST({_SETTING[postgres]} AS {_ID[postgres]}) AS id FROM desk_setting
  WHERE name IN ('own_account_id', 'default_manager_id')),
own AS (SELECT coalesce(
  (SELECT id FROM setting WHERE name = 'own_account_id'),
  (SELECT id FROM account WHERE NOT auto_created ORDER BY id LIMIT 1)) AS id),
place AS (
  SELECT 'linked' AS kind, s.connection_id, s.site,
    coalesce(a.merged_into_id, a.id) AS account_id FROM site s
  JOIN site_link_view l ON l.connection_id = s.connection_id AND l.remote_site_id = s.site
  JOIN account a ON a.id = l.account_id
  UNION ALL
  SELECT 'temporary', s.connection_id, s.site, coalesce(a.merged_into_id, a.id) FROM site s
  JOIN account a ON a.origin_connection_id = s.connection_id AND a.origin_site_id = s.site
  UNION ALL
  SELECT 'own', NULL, NULL, id FROM own)
SELECT p.kind, p.connection_id, p.site AS remote_id, CAST(a.id AS text) AS id, a.name,
  coalesce(a.email1, a.email2) AS email, CAST(m.id AS text) AS manager_id,
  m.name AS manager_name, coalesce(m.email1, m.email2) AS manager_email,
  CAST(c.id AS text) AS contact_id, c.name AS contact_name,
  coalesce(c.email1, c.email2) AS contact_email, CAST(k.id AS text) AS contract_id
FROM place p JOIN account a ON a.id = p.account_id
LEFT JOIN employee m ON m.id = a.manager_id AND m.active
LEFT JOIN contact c ON c.account_id = a.id AND c.is_main
LEFT JOIN contract k ON k.account_id = a.id AND k.is_default
  AND k.closed_at IS NULL AND k.archived_at IS NULL
UNION ALL SELECT 'known', g.connection_id, g.ticket, {blank}, NULL, NULL FROM given g
JOIN ticket t ON t.connection_id = g.connection_id AND t.remote_ticket_id = g.ticket
UNION ALL SELECT 'pending', g.connection_id, g.ticket, {blank}, NULL, NULL FROM given g
JOIN pending_remote_event e ON e.connection_id = g.connection_id AND e.remote_ticket_id = g.ticket
UNION ALL SELECT 'asset', d.connection_id, d.device, CAST(a.id AS text), CAST(a.account_id AS text),
  {blank} FROM device d
JOIN device_link_view l ON l.connection_id = d.connection_id AND l.remote_device_id = d.device
JOIN asset a ON a.id = l.asset_id
UNION ALL SELECT CASE WHEN receives_all_mail THEN 'reader' END,
  (SELECT 'default' FROM setting s WHERE s.name = 'default_manager_id' AND s.id = e.id), NULL,
  CAST(e.id AS text), e.name, coalesce(e.email1, e.email2), NULL, NULL, NULL, NULL, NULL, NULL,
  NULL
FROM employee e WHERE e.active AND (e.receives_all_mail
  OR e.id = (SELECT id FROM setting WHERE name = 'default_manager_id'))
UNION ALL SELECT 'dispatch', {blank}, NULL, NULL, NULL, NULL FROM desk_setting
WHERE name = 'dispatch_new_tickets' AND {_IS_TRUE[postgres]}
{_NUMBERS[postgres]}"""  # noqa: S608  # constants


_STATEMENTS = {postgres: _statement(postgres) for postgres in (True, False)}


@dataclass(slots=True)
class Surroundings:
    """`linked` and `temporary`: account by (connection, site). `assets`: asset id and its account
    by (connection, device). `known` has a ticket, for `pending` something came before its ticket.
    `readers` get all mail. `dispatch`: new tickets wait for dispatching (X-18).
    """

    linked: dict[Key, AccountFacts] = field(default_factory=dict)
    temporary: dict[Key, AccountFacts] = field(default_factory=dict)
    own: AccountFacts | None = None
    assets: dict[Key, tuple[str, str]] = field(default_factory=dict)
    known: set[Key] = field(default_factory=set)
    pending: set[Key] = field(default_factory=set)
    readers: list[str] = field(default_factory=list)
    default_manager: PersonRef | None = None
    dispatch: bool = False
    numbers: list[str] = field(default_factory=list)


async def surroundings_of(session: AsyncSession, given: Sequence[Given]) -> Surroundings:
    """Read them as they are in this transaction, with a number for each of the tickets."""
    postgres = is_postgres(session)
    found = await run_sql(session, _STATEMENTS[postgres], orjson.dumps(given).decode())
    answer = _sorted_out(found)
    if not postgres:
        fresh = {(each[0], each[1]) for each in given} - answer.known
        answer.numbers = await take_numbers(session, len(fresh)) if fresh else []
    answer.readers.sort()
    return answer


def _sorted_out(rows: Iterable[Any]) -> Surroundings:
    answer = Surroundings()
    for row in rows:
        key = (row.connection_id, row.remote_id)
        match row.kind:
            case "linked":
                answer.linked[key] = facts_of(row)
            case "temporary":
                answer.temporary[key] = facts_of(row)
            case "own":
                answer.own = facts_of(row)
            case "known":
                answer.known.add(key)
            case "pending":
                answer.pending.add(key)
            case "asset":
                answer.assets[key] = (row.id, row.name)
            case "dispatch":
                answer.dispatch = True
            case "number":
                answer.numbers.append(format_number(int(row.connection_id)))
            case _:
                _take_employee(answer, row)
    return answer


def _take_employee(answer: Surroundings, row: Any) -> None:
    """Somebody who gets all mail, or the default ticket manager, or both."""
    if row.kind == "reader":
        answer.readers.append(row.id)
    if row.connection_id == "default":
        answer.default_manager = PersonRef(
            id=row.id, kind="employee", name=row.name, email=row.email or ""
        )
