"""Full text: the words of a query as the database's own query, and the statement of a search.

Whatever is typed is a parameter, never syntax: PostgreSQL itself makes the words of it, and FTS5
gets nothing but quoted strings.
"""

# ruff: noqa: S608  # values are parameters; all the rest is our own words

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ticket_svc.migrations.listing_sql import JOINING
from ticket_svc.tickets.columns import NEIGHBOURS, RANKED
from ticket_svc.views.schemas import TicketFilter
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters
from ticket_svc.views.statements import conditions

# Relevance is looked at for so many of the newest matches: it stays fast for frequent words.
CANDIDATES = 500
MAX_PHRASES = 5
# Before every other ticket: the one that has the number.
_FIRST = 2_000_000_000
_SCALE = 1_000_000
_PHRASE = re.compile(r'"([^"]*)"')
_NUMBER = re.compile(r"\s*([0-9]{4})-?([0-9]{4})\s*")
_SPACED = str.maketrans(JOINING, " " * len(JOINING))


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed. `beginning` is the last word, which may be unfinished."""

    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    beginning: str = ""
    number: str | None = None


def words_of(q: str) -> Words:
    """Phrases in double quotes, then single words; a quote that is not closed is none."""
    number = _NUMBER.fullmatch(q)
    if number is not None:
        return Words(phrases=(" ".join(number.groups()),), number="-".join(number.groups()))
    phrases = [found.translate(_SPACED) for found in _PHRASE.findall(q)][:MAX_PHRASES]
    rest = _PHRASE.sub(" ", q).translate(_SPACED).replace('"', " ")
    words = rest.split()
    finished = q.rstrip().endswith('"') or not words
    return Words(
        tuple(phrase for phrase in phrases if phrase.strip()),
        tuple(words if finished else words[:-1]),
        "" if finished else words[-1],
    )


def by_relevance(wanted: TicketFilter) -> bool:
    """Whether the list is a search in the order of relevance."""
    return bool(wanted.q) and wanted.sort != "newest"


def search_sql(scope: Scope, after: Sequence[Any] | None, rows: int, parameters: Parameters) -> str:
    """The first `rows` tickets found after the cursor, with the names of their neighbours."""
    words = words_of(scope.filter.q or "")
    query = _tsquery(words, parameters) if parameters.postgres else ""
    matches = (
        f"d.document @@ {query}" if query else f"ticket_fts MATCH {parameters.add(fts(words))}"
    )
    visible = conditions(scope, parameters)
    if after is not None and not by_relevance(scope.filter):
        visible.append(f"t.id < {parameters.add(after[0])}")
    where = [matches, *visible]
    if scope.public_only:
        where.append("d.public")
    relevant = by_relevance(scope.filter)
    rank = _rank(query) if relevant else "0"
    found = f"{_source(parameters)} WHERE {' AND '.join(where)} ORDER BY t.id DESC"
    if relevant:
        newest = f"SELECT * FROM (SELECT t.id, {rank} AS rank FROM {found} LIMIT {CANDIDATES}) f"
        if words.number is not None:
            where = [f"t.number = {parameters.add(words.number)}", *visible]
            exact = f"SELECT t.id, {_FIRST} FROM ticket t WHERE {' AND '.join(where)}"
            newest = f"{newest} UNION ALL {exact}"
        page = _relevant(newest, after, rows, parameters)
    else:
        page = f"SELECT DISTINCT t.id, 0 AS rank FROM {found} LIMIT {rows}"
    columns, neighbours = RANKED[parameters.postgres], NEIGHBOURS[parameters.postgres]
    return (
        f"SELECT {columns} FROM ({page}) k JOIN ticket t ON t.id = k.id"
        f" {neighbours} ORDER BY k.rank DESC, t.id DESC"
    )


def _source(parameters: Parameters) -> str:
    if parameters.postgres:
        return "ticket_text d JOIN ticket t ON t.id = d.ticket_id"
    return (
        "ticket_fts JOIN ticket_text d ON d.seq = ticket_fts.rowid"
        " JOIN ticket t ON t.id = d.ticket_id"
    )


def _relevant(matches: str, after: Sequence[Any] | None, rows: int, parameters: Parameters) -> str:
    """The best of the newest matches; a ticket is as relevant as the best of its texts."""
    beyond = ""
    if after is not None:
        given = f"({parameters.add(after[0])}, {parameters.add(after[1])})"
        beyond = f" HAVING (max(rank), id) < {given}"
    return (
        f"SELECT id, max(rank) AS rank FROM ({matches}) m GROUP BY id{beyond}"
        f" ORDER BY 2 DESC, 1 DESC LIMIT {rows}"
    )


def _rank(query: str) -> str:
    if query:
        return f"(ts_rank(d.document, {query}) * {_SCALE})::bigint"
    return f"CAST(-bm25(ticket_fts) * {_SCALE} AS INTEGER)"


def _tsquery(words: Words, parameters: Parameters) -> str:
    """An expression of PostgreSQL that no text can break."""
    parts = [f"phraseto_tsquery('simple', {parameters.add(each)})" for each in words.phrases]
    if words.words:
        parts.append(f"plainto_tsquery('simple', {parameters.add(' '.join(words.words))})")
    if words.beginning:
        last = f"phraseto_tsquery('simple', {parameters.add(words.beginning)})"
        parts.append(
            f"CASE WHEN numnode({last}) = 0 THEN {last} ELSE ({last}::text || ':*')::tsquery END"
        )
    return f"({' && '.join(parts)})" if parts else "''::tsquery"


def fts(words: Words) -> str:
    """The query of FTS5: quoted strings alone, so that nothing in them is syntax."""
    strings = [_quoted(each) for each in (*words.phrases, *words.words) if _has_word(each)]
    if _has_word(words.beginning):
        strings.append(f"{_quoted(words.beginning)}*")
    # What has no word in it finds nothing.
    return " AND ".join(strings) or '""'


def _has_word(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
