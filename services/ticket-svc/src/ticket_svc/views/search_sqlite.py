"""The statements of a search on SQLite, over the FTS5 index."""

# ruff: noqa: S608  # values are parameters; all the rest is our own words

from collections.abc import Sequence
from typing import Any

from ticket_svc.tickets.columns import NEIGHBOURS, RANKED
from ticket_svc.views.filters import conditions
from ticket_svc.views.paths import by_relevance
from ticket_svc.views.scope import Scope
from ticket_svc.views.search_statements import CANDIDATES, FIRST, SCALE
from ticket_svc.views.sql import Parameters
from ticket_svc.views.words import Term, fts

# A word in fewer texts is looked for first, and all texts of their tickets for the other words.
FEW = 2_000
# So many of the newest texts with all words are looked at.
_MANY = 50_000
_SCORE = f"CAST(-bm25(ticket_fts) * {SCALE} AS INTEGER)"


def count_sql(term: Term, parameters: Parameters) -> str:
    """How many texts have the word, up to FEW."""
    match = f"ticket_fts MATCH {parameters.add(fts([term]))}"
    return f"SELECT count(*) FROM (SELECT 1 FROM ticket_fts WHERE {match} LIMIT {FEW})"


class Search:
    """`rows` tickets of what a search finds after the cursor, with the names of neighbours.

    CROSS JOIN keeps SQLite to the order of the tables, as it knows nothing of words.
    """

    def __init__(
        self, scope: Scope, terms: Sequence[Term], after: Sequence[Any] | None, rows: int
    ) -> None:
        self.parameters = Parameters(postgres=False)
        self.relevant = by_relevance(scope.filter)
        self.terms, self.after, self.rows = terms, after, rows
        self.public = " AND d.public" if scope.public_only else ""
        self.visible = conditions(scope, self.parameters)
        if after is not None and not self.relevant:
            self.visible.append(f"t.id < {self.parameters.add(after[0])}")

    def of_texts(self) -> str:
        """Tickets with a text that has all words, with the rank of each text."""
        return (
            f"SELECT t.id, f.score AS rank FROM ({self._texts(self.terms)}) f"
            " CROSS JOIN ticket_text d ON d.seq = f.seq CROSS JOIN ticket t ON t.id = d.ticket_id"
            f"{self._where()}{self.public}"
        )

    def of_rarest(self, rarest: Term) -> str:
        """Tickets in whose texts all words stand; best are those that have all in one."""
        first = (
            "SELECT DISTINCT d.ticket_id AS id FROM ticket_fts"
            f" CROSS JOIN ticket_text d ON d.seq = ticket_fts.rowid{self.public}"
            f" WHERE {self._matches([rarest])}"
        )
        others = " AND ".join(
            f"t.id IN (SELECT d.ticket_id FROM ({self._texts([term])}) f"
            f" CROSS JOIN ticket_text d ON d.seq = f.seq{self.public})"
            for term in self.terms
            if term != rarest
        )
        best = (
            f"SELECT d.ticket_id, max(w.score) AS score FROM ({self._texts(self.terms)}) w"
            f" CROSS JOIN ticket_text d ON d.seq = w.seq{self.public} GROUP BY d.ticket_id"
        )
        return (
            f"SELECT t.id, coalesce(b.score, 0) AS rank FROM ({first}) r"
            f" CROSS JOIN ticket t ON t.id = r.id LEFT JOIN ({best}) b ON b.ticket_id = t.id"
            f"{self._where()} AND (b.score IS NOT NULL OR {others})"
        )

    def sql(self, matching: str, number: str | None) -> str:
        """The page out of what matches."""
        newest = f"{matching} ORDER BY t.id DESC"
        if self.relevant:
            page = self._best(f"SELECT * FROM ({newest} LIMIT {CANDIDATES}) f", number)
        else:
            page = f"SELECT id, 0 AS rank FROM ({matching}) f GROUP BY id ORDER BY id DESC"
            page = f"{page} LIMIT {self.rows}"
        return (
            f"SELECT {RANKED[False]} FROM ({page}) k JOIN ticket t ON t.id = k.id"
            f" {NEIGHBOURS[False]} ORDER BY k.rank DESC, t.id DESC"
        )

    def _best(self, matches: str, number: str | None) -> str:
        """The best of the newest; a ticket is as relevant as the best of its texts."""
        if number is not None:
            where = [f"t.number = {self.parameters.add(number)}", *self.visible]
            exact = f"SELECT t.id, {FIRST} FROM ticket t WHERE {' AND '.join(where)}"
            matches = f"{matches} UNION ALL {exact}"
        beyond = ""
        if self.after is not None:
            given = ", ".join(map(self.parameters.add, self.after))
            beyond = f" HAVING (max(rank), id) < ({given})"
        return (
            f"SELECT id, max(rank) AS rank FROM ({matches}) m GROUP BY id{beyond}"
            f" ORDER BY 2 DESC, 1 DESC LIMIT {self.rows}"
        )

    def _texts(self, terms: Sequence[Term]) -> str:
        """The newest texts that have all the words; with the limit, ranks are made in there."""
        return (
            f"SELECT rowid AS seq, {_SCORE} AS score FROM ticket_fts"
            f" WHERE {self._matches(terms)} ORDER BY rowid DESC LIMIT {_MANY}"
        )

    def _matches(self, terms: Sequence[Term]) -> str:
        return f"ticket_fts MATCH {self.parameters.add(fts(terms))}"

    def _where(self) -> str:
        return f" WHERE {' AND '.join(['true', *self.visible])}"
