"""The value that the SQL modules hand to each other, and how names are read from tokens."""

from __future__ import annotations

from gatesh._value import Value
from gatesh.facts.sql_scan import Token

_BEFORE_NAMES = frozenset(
    """
    if exists not only concurrently table no_write_to_binlog by on full verbose freeze analyze
    schema sequence into set low_priority delayed
    """.split()
)


class Statement(Value):
    """One statement and what it does; `restricts` is None where the kind has no WHERE."""

    kind: str
    tables: tuple[str, ...] = ()
    restricts: bool | None = None
    text: str = ""
    cannot_see: tuple[str, ...] = ()


# What the lexical look yields: what it is sure of, and the tokens that only the parser can tell.
Told = Statement | list[Token]


def read_name(tokens: list[Token], at: int) -> tuple[str, int]:
    """Return a dotted name at `at` and the index behind it."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "name"):
        parts.append(tokens[at].text)
        at += 1
        if at + 1 < len(tokens) and tokens[at].is_op("."):
            at += 1
        else:
            break
    return ".".join(parts), at


def read_names(tokens: list[Token], at: int) -> tuple[str, ...]:
    """Return the names separated by commas that begin at `at`, after IF EXISTS and ONLY."""
    found: list[str] = []
    while at < len(tokens):
        while at < len(tokens) and tokens[at].is_word(*_BEFORE_NAMES):
            at += 1
        name, at = read_name(tokens, at)
        if name:
            found.append(name)
        if at < len(tokens) and tokens[at].is_op("*"):
            at += 1
        if not (at < len(tokens) and tokens[at].is_op(",")):
            break
        at += 1
    return tuple(found)


def has_word(tokens: list[Token], *words: str) -> bool:
    """Claim that one of the unquoted words is there."""
    return any(token.is_word(*words) for token in tokens)


def behind(tokens: list[Token], word: str) -> list[Token]:
    """Return the tokens behind the first `word`."""
    return tokens[next(i for i, t in enumerate(tokens) if t.is_word(word)) + 1 :]
