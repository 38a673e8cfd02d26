"""The words of a query as the database's own query.

Whatever is typed is a parameter, never syntax: PostgreSQL itself makes the words of it, and FTS5
gets nothing but quoted strings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ticket_svc.migrations.listing_sql import JOINING
from ticket_svc.views.sql import Parameters

MAX_PHRASES = 5
# Shorter beginnings are words of their own: too many words begin so.
_SHORTEST_BEGINNING = 3
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
    finished = q.rstrip().endswith('"') or not words or len(words[-1]) < _SHORTEST_BEGINNING
    return Words(
        tuple(phrase for phrase in phrases if phrase.strip()),
        tuple(words if finished else words[:-1]),
        "" if finished else words[-1],
    )


def has_word(text: str) -> bool:
    """Whether there is anything in it to search for."""
    return any(letter.isalnum() for letter in text)


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase or a word. `unfinished` is the beginning of one."""

    text: str
    unfinished: bool = False


def terms_of(words: Words) -> list[Term]:
    """What has to be found, all of it."""
    found = [Term(each) for each in dict.fromkeys((*words.phrases, *words.words)) if has_word(each)]
    return [*found, Term(words.beginning, True)] if has_word(words.beginning) else found


def tsquery(term: Term, parameters: Parameters, *, estimated: bool = False) -> str:
    """An expression of PostgreSQL that no text can break.

    `estimated` says the same so that the planner knows how frequent a word is that could also be
    the beginning of another: of beginnings it knows little.
    """
    query = f"phraseto_tsquery('simple', {parameters.add(term.text)})"
    if not term.unfinished:
        return query
    either = f"{query} || " if estimated else ""
    return (
        f"CASE WHEN numnode({query}) = 0 THEN {query}"
        f" ELSE {either}({query}::text || ':*')::tsquery END"
    )


def fts(terms: Sequence[Term]) -> str:
    """A query of FTS5: quoted strings alone, so that nothing in them is syntax."""
    return " AND ".join(f"{_quoted(term.text)}{'*' if term.unfinished else ''}" for term in terms)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
