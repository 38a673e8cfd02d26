"""How a search finds its tickets without reading more than some ten thousand texts.

By the rarest of its words, if few texts have it; else by all words in one text, if few have them
all; else among the tickets of the filter, if they are few; else among the newest tickets. What lies
behind those is found by a narrower search, or further down a list by time.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from patchbay_kit.db import Database
from ticket_svc.views import estimating
from ticket_svc.views.finding import Found, run, up_to_end
from ticket_svc.views.scope import Scope
from ticket_svc.views.search_sqlite import FEW, count_sql
from ticket_svc.views.search_sqlite import Search as SqliteSearch
from ticket_svc.views.search_statements import Search
from ticket_svc.views.sql import Parameters
from ticket_svc.views.statements import Part, gathering_sql
from ticket_svc.views.words import Term, terms_of, tsquery, words_of

# So many texts are read for a rare word, and all texts of their tickets looked at for the others;
# so many tickets of a filter are looked at; so few texts are read without asking for more.
_FEW, _HANDFUL = 10_000, 500
# So many of the newest tickets are looked at.
_WALK = 6_000
# Of a long query the longest words are asked for; they are the rarest.
_ASKED = 4


async def found_tickets(
    db: Database, scope: Scope, after: Sequence[Any] | None, rows: int
) -> Found:
    """The next `rows` of what the filter's `q` finds after the cursor."""
    words = words_of(scope.filter.q or "")
    terms = terms_of(words)
    if not terms:
        return Found([])
    if not db.is_postgres:
        return await _found_on_sqlite(db, SqliteSearch(scope, terms, after, rows), words.number)
    search = Search(scope, terms, after, rows)
    source = await _source(db, search, terms)
    sql = search.sql(source, words.number)
    found = await run(db, sql, search.parameters, planned_anew=True)
    return Found(found) if search.relevant else up_to_end(search.part, found)


async def _source(db: Database, search: Search, terms: Sequence[Term]) -> str:
    by_length = sorted(range(len(terms)), key=lambda n: -len(terms[n].text))[:_ASKED]
    counts = {n: await _texts(db, [terms[n]]) for n in by_length}
    rarest = min(counts, key=lambda n: counts[n])
    if counts[rarest] <= _HANDFUL:
        return search.of_texts([search.queries[rarest]])
    tickets = await _tickets(db, search.part)
    if tickets <= min(counts[rarest], _FEW):
        return search.of_filter()
    if counts[rarest] <= _FEW:
        return search.of_texts([search.queries[rarest]])
    if len(terms) > 1 and await _texts(db, terms) <= _FEW:
        return search.of_texts(search.queries)
    return search.of_walk(_WALK)


async def _tickets(db: Database, part: Part) -> int:
    """How many tickets the filter lets through; too many where finding them takes long."""
    asked = Part(part.scope, part.after, 0, Parameters(postgres=True))
    sql = gathering_sql(asked)
    expected = await estimating.expect(db.engine, sql, asked.parameters)
    return expected.rows if expected.cheap else _FEW + 1


async def _texts(db: Database, terms: Sequence[Term]) -> int:
    """How many texts have all of these words, as far as the statistics know."""
    parameters = Parameters(postgres=True)
    query = " && ".join(tsquery(term, parameters, estimated=True) for term in terms)
    sql = f"SELECT FROM ticket_text d WHERE d.document @@ ({query})"
    return (await estimating.expect(db.engine, sql, parameters)).rows


async def _found_on_sqlite(db: Database, search: SqliteSearch, number: str | None) -> Found:
    matching = await _matching_on_sqlite(db, search)
    return Found(await run(db, search.sql(matching, number), search.parameters))


async def _matching_on_sqlite(db: Database, search: SqliteSearch) -> str:
    if 1 < len(search.terms) <= _ASKED:
        async with db.read() as session:
            for term in search.terms:
                parameters = Parameters(postgres=False)
                counted = text(count_sql(term, parameters))
                if await session.scalar(counted, parameters.named()) < FEW:
                    return search.of_rarest(term)
    return search.of_texts()
