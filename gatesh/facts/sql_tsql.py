"""SQL Server's dialect, where a statement needs no semicolon to end: SELECT 1 DROP TABLE users."""

from __future__ import annotations

import re

from gatesh.facts.sql_kinds import LIMIT, classify
from gatesh.facts.sql_scan import SQLITE, Piece, Token, pieces
from gatesh.facts.sql_statement import Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_VERBS = frozenset(
    """
    drop truncate delete update insert alter create exec execute merge grant revoke deny backup restore
    shutdown dbcc kill use declare if while select reconfigure bulk
    """.split()
)
# Behind these a verb only says what is spoken of: ON DELETE, FOR UPDATE, THEN DELETE, GRANT SELECT, DELETE.
_BEFORE_A_NAME = frozenset(
    "on for after of then grant revoke deny as with union all except intersect exists in not from , ( .".split()
)
_OBJECTS = frozenset(
    "table database schema view index role user login procedure function trigger".split()
)
_CONTROL = frozenset("go begin end if else print declare while return use reconfigure".split())
_COMMAND = re.compile(
    r"^\s*(?::(?:!!|r|connect|on|out|error|setvar|ed)\b|!!)", re.IGNORECASE | re.MULTILINE
)
_GO = re.compile(r"^\s*go(?:\s+\d+)?\s*$", re.IGNORECASE | re.MULTILINE)
_SHELL = frozenset({"xp_cmdshell", "sp_oacreate", "sp_oamethod"})


def batches(text: str) -> Iterator[Statement]:
    """Yield what a text does that sqlcmd is given."""
    if len(text) > LIMIT:
        yield Statement("unknown", text=text[:2000], cannot_see=("statements: too long",))
        return
    for found in _COMMAND.finditer(text):
        shell = "!!" in found.group()
        yield Statement("shell escape" if shell else "unknown", text=text[found.start() :][:200])
    for batch in _GO.split(text):
        yield from _batch(batch)


def _batch(text: str) -> Iterator[Statement]:
    for piece in pieces(text, SQLITE):
        if any(token.text in _SHELL for token in piece.tokens):
            yield Statement("shell escape", text=piece.source[:2000])
        for tokens in _split(piece.tokens):
            yield from _told(tokens, text)


def _told(tokens: list[Token], text: str) -> Iterator[Statement]:
    lead = tokens[0].text
    if lead in _CONTROL or (lead == "set" and len(tokens) > 1):
        return
    if lead in ("backup", "dbcc"):
        yield Statement("show" if lead == "backup" else "unknown", text=_source(tokens, text))
        return
    if lead == "deny":
        yield Statement("revoke", text=_source(tokens, text))
        return
    if (
        lead == "delete" and len(tokens) > 1 and not tokens[1].is_word("from")
    ):  # DELETE users WHERE …
        at = tokens[0].start
        tokens = [
            Token("word", "delete", at, at),
            Token("word", "from", at + 1, at + 1),
            *tokens[1:],
        ]
    yield from classify([Piece(tokens, _source(tokens, text))], SQLITE)


def _source(tokens: list[Token], text: str) -> str:
    return text[tokens[0].start : tokens[-1].end]


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the statements that follow each other without a semicolon."""
    begin, depth = 0, 0
    for at, token in enumerate(tokens):
        depth += token.is_op("(") - token.is_op(")")
        if at > begin and depth == 0 and _begins(tokens, begin, at):
            yield tokens[begin:at]
            begin = at
    yield tokens[begin:]


def _begins(tokens: list[Token], begin: int, at: int) -> bool:
    """Claim that a new statement begins at `at`."""
    token, lead = tokens[at], tokens[begin].text
    if token.kind != "word" or token.text not in _VERBS or tokens[at - 1].text in _BEFORE_A_NAME:
        return False
    if lead == "create" and any(
        t.is_word("procedure", "proc", "trigger", "function", "view") for t in tokens[begin:at][:6]
    ):
        return False  # the rest of the batch is its body
    if token.text == "if" and tokens[at - 1].text in _OBJECTS:
        return False  # DROP TABLE IF EXISTS
    if token.text in ("drop", "alter", "create") and lead == "alter":
        return tokens[at + 1 : at + 2] != [] and tokens[at + 1].text in _OBJECTS
    if token.text == "select":
        return lead not in ("insert", "create", "with", "merge", "update", "delete")
    return True
