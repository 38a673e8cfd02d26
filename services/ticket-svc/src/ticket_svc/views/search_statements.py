"""The statement of a search on PostgreSQL: tickets of one of three sources, newest first, each
looked at for all words, which may stand in different texts of it. The best come first.
"""

# ruff: noqa: S608  # values are parameters; all the rest is our own words

from collections.abc import Sequence
from typing import Any

from ticket_svc.tickets.columns import NEIGHBOURS, RANKED
from ticket_svc.views.filters import conditions
from ticket_svc.views.paths import by_relevance, path_of
from ticket_svc.views.scope import Scope
from ticket_svc.views.sql import Parameters
from ticket_svc.views.statements import (
    END,
    END_UNFIT,
    WITHIN,
    Part,
    gathering_sql,
    share,
    walked_sql,
)
from ticket_svc.views.words import Term, tsquery

# Relevance is looked at for so many of the newest matches.
CANDIDATES = 500
# Before every other ticket: the one that has the number.
FIRST = 2_000_000_000
SCALE = 1_000_000


class Search:
    """`rows` tickets of what a search finds after the cursor."""

    def __init__(
        self, scope: Scope, terms: Sequence[Term], after: Sequence[Any] | None, rows: int
    ) -> None:
        self.parameters = Parameters(postgres=True)
        self.relevant = by_relevance(scope.filter)
        self.after = after
        # By relevance, every page is one of the same candidates.
        self.part = Part(scope, None if self.relevant else after, rows, self.parameters)
        self.queries = [tsquery(term, self.parameters) for term in terms]
        self.public = " AND d.public" if scope.public_only else ""

    def all_of(self, queries: Sequence[str]) -> str:
        """The query of a text that has all of them."""
        return f"({' && '.join(queries)})"

    def of_texts(self, queries: Sequence[str]) -> str:
        """The tickets with a text that matches all of the queries; there must be few such texts."""
        fits = ["t.id = m.id", *conditions(self.part.scope, self.parameters)]
        # OFFSET lets the planner see nothing of the order that the texts' tickets are wanted in:
        # it would read all texts in that order.
        texts = (
            "SELECT d.ticket_id AS id FROM ticket_text d"
            f" WHERE d.document @@ {self.all_of(queries)}{self.public} OFFSET 0"
        )
        behind = ""
        if self.part.after is not None:
            behind = f" WHERE x.id < {self.parameters.add(self.part.after[0])}"
        return (
            f"SELECT m.id, {WITHIN} AS place"
            f" FROM (SELECT DISTINCT x.id FROM ({texts}) x{behind} ORDER BY 1 DESC OFFSET 0) m"
            f" CROSS JOIN LATERAL (SELECT FROM ticket t WHERE {' AND '.join(fits)} OFFSET 0) t"
        )

    def of_filter(self) -> str:
        """All tickets that the filter lets through; there must be few."""
        gathering = f"{gathering_sql(self.part)} OFFSET 0"
        return f"SELECT g.id, {WITHIN} AS place FROM ({gathering}) g ORDER BY g.id DESC"

    def of_walk(self, budget: int) -> str:
        """The newest that the filter lets through, out of about `budget` tickets."""
        path = path_of(self.part.scope)
        count = share(path, budget)
        place = f"CASE WHEN w.n < {count} THEN {WITHIN} WHEN w.fits THEN {END} ELSE {END_UNFIT} END"
        walked = walked_sql(self.part, path, budget)
        return f"SELECT w.id, {place} AS place FROM ({walked}) w WHERE w.fits OR w.n = {count}"

    def sql(self, source: str, number: str | None) -> str:
        """The page out of a source. The last but one column is the rank, or for the newest first
        the place in a walk (`statements.walk_sql`).
        """
        rows, keys = self.part.rows, "k.rank DESC, t.id DESC"
        if self.relevant:
            page = self._best(self._matching(source, CANDIDATES), number)
        else:
            place = f"CASE WHEN f.found THEN f.place ELSE {END_UNFIT} END"
            page = f"SELECT f.id, {place} AS rank FROM ({self._matching(source, rows)}) f"
            keys = "t.id DESC"
        return (
            f"SELECT {RANKED[True]} FROM ({page}) k JOIN ticket t ON t.id = k.id"
            f" {NEIGHBOURS[True]} ORDER BY {keys}"
        )

    def _matching(self, source: str, count: int) -> str:
        """The newest of the source in whose texts all words stand, and the end of a walk."""
        having = " AND ".join(f"bool_or(d.document @@ {query})" for query in self.queries)
        texts = f"ticket_text d WHERE d.ticket_id = s.id AND s.place <> {END_UNFIT}{self.public}"
        return (
            f"SELECT s.id, s.place, m.found FROM ({source}) s"
            f" LEFT JOIN LATERAL (SELECT true AS found FROM {texts} HAVING {having}) m ON true"
            f" WHERE m.found OR s.place <> {WITHIN} LIMIT {count}"
        )

    def _best(self, matching: str, number: str | None) -> str:
        """The most relevant; a ticket is as relevant as the best of its texts."""
        rank = f"(ts_rank(d.document, {self.all_of(self.queries)}) * {SCALE})::bigint"
        best = f"SELECT max({rank}) FROM ticket_text d WHERE d.ticket_id = f.id{self.public}"
        ranked = f"SELECT f.id, ({best}) AS rank FROM ({matching}) f WHERE f.found"
        if number is not None:
            fits = [f"t.number = {self.parameters.add(number)}"]
            fits += conditions(self.part.scope, self.parameters)
            exact = f"SELECT t.id, {FIRST} FROM ticket t WHERE {' AND '.join(fits)}"
            ranked = f"{ranked} UNION ALL {exact}"
        beyond = ""
        if self.after is not None:
            given = ", ".join(map(self.parameters.add, self.after))
            beyond = f" HAVING (max(r.rank), r.id) < ({given})"
        return (
            f"SELECT r.id, max(r.rank) AS rank FROM ({ranked}) r GROUP BY r.id{beyond}"
            f" ORDER BY 2 DESC, 1 DESC LIMIT {self.part.rows}"
        )
