"""CREATE, ALTER and DROP: the object decides, and for a table what is altered."""

from __future__ import annotations

from gatesh.facts.sql_scan import Token
from gatesh.facts.sql_statement import Statement, behind, has_word, read_name, read_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.sql_statement import Told

# What CREATE, ALTER and DROP are followed by; longer names first where one begins another.
OBJECTS = tuple(
    tuple(name.split())
    for name in (
        "access method", "aggregate", "cast", "collation", "column", "conversion", "database",
        "default privileges", "domain", "event trigger", "event", "extension", "foreign data wrapper",
        "foreign table", "function", "group", "index", "instance", "language", "large object",
        "logfile group", "materialized view", "operator class", "operator family", "operator", "owned",
        "package", "policy", "procedural language", "procedure", "publication", "resource group", "role",
        "routine", "rule", "schema", "sequence", "server", "spatial reference system", "statistics",
        "subscription", "system", "table", "tablespace", "temporary table", "text search configuration",
        "text search dictionary", "text search parser", "text search template", "transform", "trigger",
        "type", "undo tablespace", "user mapping", "user", "view", "virtual table",
    )
)  # fmt: skip
# Adjectives between the verb and the object, which change nothing for us.
_ADJECTIVES = frozenset(
    """
    global local temp temporary unlogged unique recursive trusted procedural constraint fulltext
    spatial online offline definer sql security invoker algorithm undefined merge temptable
    """.split()
)

ALTER_ACTIONS = (
    # words of the action, the kind it is told as
    ("drop constraint", "drop constraint"),
    ("drop partition", "drop partition"),
    ("drop index", "drop index"),
    ("drop key", "drop index"),
    ("drop foreign key", "drop constraint"),
    ("drop primary key", "drop constraint"),
    ("drop check", "drop constraint"),
    ("drop", "drop column"),
    ("truncate partition", "truncate partition"),
    ("exchange partition", "exchange partition"),
    ("reorganize partition", "reorganize partition"),
    ("coalesce partition", "coalesce partition"),
    ("discard", "discard tablespace"),
    ("detach partition", "detach partition"),
    ("disable row level security", "disable row level security"),
    ("no force row level security", "disable row level security"),
    ("disable trigger", "disable trigger"),
    ("disable rule", "disable rule"),
    ("disable", "disable"),
    ("rename", "rename"),
    ("modify", "modify column"),
    ("change", "modify column"),
    ("owner to", "owner"),
    ("set schema", "set schema"),
    ("set unlogged", "set unlogged"),
    ("add", "add"),
    ("set", "set"),
    ("reset", "set"),
    ("enable", "enable"),
    ("force row level security", "enable"),
    ("validate", "add"),
    ("attach partition", "add"),
    ("inherit", "set"),
    ("no inherit", "set"),
    ("replica identity", "set"),
    ("cluster on", "set"),
    ("convert to", "modify column"),
)


def _object(tokens: list[Token], at: int) -> tuple[str, int]:
    """Return what kind of object is named at `at`, and the index behind the kind."""
    for words in OBJECTS:
        if all(
            at + i < len(tokens) and tokens[at + i].is_word(word) for i, word in enumerate(words)
        ):
            return " ".join(words), at + len(words)
    return "", at


def definition(verb: str, tokens: list[Token]) -> Iterator[Told]:
    """Tell a CREATE, ALTER or DROP; the query in CREATE TABLE … AS is left to the parser."""
    at = 1
    replace = ""
    if len(tokens) > 2 and tokens[1].is_word("or") and tokens[2].is_word("replace", "alter"):
        at, replace = 3, "or replace "
    what, behind = _object(tokens, at)
    while (
        not what
        and at < len(tokens)
        and (tokens[at].is_word(*_ADJECTIVES) or not _plain(tokens[at]))
    ):
        at += 1
        what, behind = _object(tokens, at)
    if not what:
        yield Statement("unknown")
        return
    if verb == "alter" and what in ("table", "foreign table", "materialized view"):
        yield from _alterations(what, tokens, behind)
        return
    kind = f"{verb} {replace}{what}"
    if (
        verb == "create"
        and replace == ""
        and has_word(tokens, "superuser", "createrole", "bypassrls")
    ):
        kind += " superuser" if what in ("role", "user") else ""
    yield Statement(kind, read_names(tokens, behind))
    if verb == "create" and what in ("table", "materialized view", "temporary table", "schema"):
        query = next((i for i, t in enumerate(tokens) if t.is_word("select", "with") and i), None)
        if query is not None:
            yield tokens[query:]


def _plain(token: Token) -> bool:
    """Claim that a token is a word: MySQL's DEFINER = `root`@`%` is not."""
    return token.kind == "word"


def _alterations(what: str, tokens: list[Token], at: int) -> Iterator[Statement]:
    """ALTER TABLE name action, action …: one statement for every different action."""
    while at < len(tokens) and tokens[at].is_word("if", "exists", "only"):
        at += 1
    if at < len(tokens) and tokens[at].is_word("all"):
        yield Statement(f"alter {what} set")
        return
    name, at = read_name(tokens, at)
    if at < len(tokens) and tokens[at].is_op("*"):
        at += 1
    actions: list[str] = []
    depth, begin = 0, at
    for i in range(at, len(tokens) + 1):
        if i < len(tokens):
            depth += tokens[i].is_op("(") - tokens[i].is_op(")")
        if i == len(tokens) or (depth == 0 and tokens[i].is_op(",")):
            actions.append(_action(tokens[begin:i]))
            begin = i + 1
    for action in dict.fromkeys(actions):
        yield Statement(f"alter {what} {action}".strip(), (name,))


def _action(tokens: list[Token]) -> str:
    words = [t.text for t in tokens if t.kind == "word"]
    if words[:1] == ["alter"]:
        named = next(
            (t.text for t in tokens[1:] if t.kind == "name" or not t.is_word("column")), ""
        )
        if "using" in words and not any(t.text == named for t in behind(tokens, "using")):
            return "drop column"  # TYPE int USING NULL: nothing of the old values is left
        drops = [w for w in words[1:] if w in ("drop", "type")]
        return f"alter column {drops[0]}" if drops else "alter column"
    for phrase, kind in ALTER_ACTIONS:
        expected = phrase.split()
        if words[: len(expected)] == expected:
            return kind
    return "other"
