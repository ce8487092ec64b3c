"""BEGIN … ROLLBACK on PostgreSQL: what stands between them is undone, and is how a careful person tries it.

Only where nothing in between could end the transaction, or reach beyond it: COMMIT, CALL, DO, what cannot be
read. A statement that fails ends nothing: the server ignores what follows until the ROLLBACK.
"""

from __future__ import annotations

from gatesh.facts.sql_kinds import classify
from gatesh.facts.sql_scan import POSTGRES, Piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.sql_statement import Statement

UNDONE = "undone"

# What a transaction takes back; a function that is made there may still be called there.
_TAKEN_BACK = (
    "insert", "update", "upsert", "delete", "merge", "truncate", "drop table", "drop view",
    "drop index", "drop schema", "drop type", "drop sequence", "drop materialized view",
    "drop trigger", "drop policy", "drop function", "alter table", "create table", "create index",
    "create view", "create or replace view", "select into",
)  # fmt: skip
_NEUTRAL = frozenset(
    (
        "select",
        "show",
        "explain",
        "set",
        "comment",
        "lock table",
        "analyze",
        "transaction",
        "grant",
        "revoke",
    )
)
_WORK = frozenset(("work", "transaction"))


def told(pieces: list[Piece]) -> Iterator[Statement]:
    """Yield what statements do; those that their own text rolls back are told as undone."""
    for group, undone in _groups(pieces):
        seen = classify(group, POSTGRES)
        if undone and all(s.kind in _NEUTRAL or s.kind.startswith(_TAKEN_BACK) for s in seen):
            seen = tuple(
                s if s.kind in _NEUTRAL else s.but(kind=UNDONE, restricts=None) for s in seen
            )
        yield from seen


def _groups(pieces: list[Piece]) -> Iterator[tuple[list[Piece], bool]]:
    """Yield the pieces in order, cut so that each BEGIN … ROLLBACK stands for itself."""
    loose: list[Piece] = []
    at = 0
    while at < len(pieces):
        end = _end(pieces, at) if _opens(pieces[at]) else -1
        if end < 0:
            loose.append(pieces[at])
            at += 1
            continue
        if loose:
            yield loose, False
            loose = []
        yield pieces[at : end + 1], True
        at = end + 1
    if loose:
        yield loose, False


def _opens(piece: Piece) -> bool:
    words = piece.words()
    return words[:1] == ["begin"] or words[:2] == ["start", "transaction"]


def _end(pieces: list[Piece], begin: int) -> int:
    """Return where the transaction is rolled back; -1 where it is not, or may be committed before."""
    for at in range(begin + 1, len(pieces)):
        words = pieces[at].words()
        lead = words[0] if words else ""
        if lead in ("rollback", "abort") and _WORK.issuperset(words[1:]):
            return at if len(words) == len(pieces[at].tokens) else -1
        if lead in ("commit", "end", "begin", "start", "prepare") or words[:2] == [
            "rollback",
            "prepared",
        ]:
            return -1
    return -1
