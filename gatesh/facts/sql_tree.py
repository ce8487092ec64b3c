"""Statements whose words alone do not tell: DELETE, UPDATE, MERGE and what they hide in, by sqlglot.

The only module that imports sqlglot, and only when one of these is seen. What it gets is rendered from
our own tokens, so that it cannot read a comment or a string otherwise than the server will. sqlglot is
tolerant: roots are allow-listed, and a modifying word that did not become a node makes it "unknown".
"""

from __future__ import annotations

import re

from gatesh.facts.sql_scan import Token, plain
from gatesh.facts.sql_statement import Statement
from gatesh.facts.sql_where import restricts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_DEEPEST = 300  # brackets within brackets; deeper would end sqlglot's recursion


def parsed(tokens: list[Token], dialect: str) -> Iterator[Statement]:
    """Tell what one statement does, node by node."""
    try:
        yield from _told(_parse(tokens, dialect), tokens, dialect)
    except Exception:  # noqa: BLE001  a parser's defect must become "unknown", never a yes
        yield _guess(tokens)


def _told(tree: Any, tokens: list[Token], dialect: str) -> list[Statement]:
    from sqlglot import exp

    roots = (exp.Select, exp.SetOperation, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Values,
             exp.Subquery)  # fmt: skip
    if not isinstance(tree, roots) or next(tree.find_all(exp.Command), None) is not None:
        return [_guess(tokens)]
    told = [s for node in tree.walk() for s in _node(node, exp, dialect)]
    if not _accounted_for(tokens, told):
        told.append(Statement("unknown"))
    return told or [Statement("select", _tables(tree, exp))]


def _parse(tokens: list[Token], dialect: str) -> Any:
    """Return the tree of exactly one statement, or None."""
    depth = deepest = 0
    for token in tokens:
        depth += token.is_op("(") - token.is_op(")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return None
    import logging

    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings are our "unknown"
    trees = sqlglot.parse(plain(tokens, dialect), read=dialect)
    return trees[0] if len(trees) == 1 else None


def _guess(tokens: list[Token]) -> Statement:
    """Tell what could not be parsed by its first word, as the worst that it can be."""
    lead = tokens[0].text
    if lead in ("delete", "update"):
        return Statement(lead, restricts=False, cannot_see=("WHERE: cannot be read",))
    return Statement("unknown")


def _node(node: Any, exp: Any, dialect: str) -> Iterator[Statement]:
    """Tell what this one node does; its children are visited on their own."""
    if isinstance(node, exp.Delete):
        where = node.args.get("where")
        table = _table_names(node.args.get("tables") or [node.this], exp)
        yield Statement("delete", table, restricts(where, _own(node, table, exp), dialect, exp))
    elif isinstance(node, exp.Update) and not isinstance(node.parent, exp.When):
        where = node.args.get("where")
        table = _table_names([node.this], exp)
        yield Statement("update", table, restricts(where, _own(node, table, exp), dialect, exp))
    elif isinstance(node, exp.Insert) and not isinstance(node.parent, exp.When):
        table = _table_names([node.this], exp)
        kind = _insertion(node)
        yield Statement(kind, table)
        if kind == "upsert" and _overwrites(node, exp):
            yield Statement("update", table, restricts=False)
    elif isinstance(node, exp.Merge):
        deletes = any("delete" in str(w.args.get("then")).lower() for w in node.find_all(exp.When))
        yield Statement("merge delete" if deletes else "merge", _table_names([node.this], exp))
    elif isinstance(node, exp.Into):
        yield Statement("select into", _table_names([node.this], exp))


def _own(node: Any, table: tuple[str, ...], exp: Any) -> frozenset[str]:
    """Return every name by which the changed table itself goes in its statement, aliases included."""
    own = {name.rsplit(".", 1)[-1].lower() for name in table}
    joined = [t for t in node.find_all(exp.Table) if t.find_ancestor(exp.Query) is None]
    return frozenset(own | {t.alias.lower() for t in joined if t.alias and t.name.lower() in own})


def _insertion(node: Any) -> str:
    """Return the kind of an INSERT: one that overwrites rows is more than an insert."""
    if node.args.get("overwrite"):
        return "replace"
    if str(node.args.get("alternative")).upper() == "REPLACE":
        return "replace"
    conflict = node.args.get("conflict")
    updates = conflict is not None and "UPDATE" in conflict.sql().upper()
    return "upsert" if updates else "insert"


def _overwrites(node: Any, exp: Any) -> bool:
    """Claim that an upsert of queried rows sets what was not queried: … DO UPDATE SET email = NULL."""
    if not isinstance(node.expression, exp.Query):
        return False  # VALUES name the rows
    own = {name.rsplit(".", 1)[-1].lower() for name in _table_names([node.this], exp)}
    read = {t.name.lower() for t in node.expression.find_all(exp.Table)}
    assigned = [
        a for a in node.args["conflict"].find_all(exp.EQ) if isinstance(a.parent, exp.OnConflict)
    ]
    return bool(own & read) or not all(
        re.search(r"\b(?:excluded|values|new)\b", a.expression.sql(), re.IGNORECASE)
        for a in assigned
    )


def _accounted_for(tokens: list[Token], told: list[Statement]) -> bool:
    """Claim that every modifying word became a node: a tolerant parser may have made an alias of it."""
    kinds = [s.kind.split()[0] for s in told]
    for word, as_kinds in (("delete", ("delete", "merge")), ("merge", ("merge",)),
                           ("insert", ("insert", "upsert", "replace", "merge"))):  # fmt: skip
        wanted = sum(t.is_word(word) for t in tokens)
        if wanted and not any(kind in as_kinds for kind in kinds):
            return False
        if word == "delete" and "merge" not in kinds and wanted > kinds.count("delete"):
            return False
    updates = any(
        token.is_word("update") and not tokens[max(i - 1, 0)].is_word("for", "do", "key", "then")
        for i, token in enumerate(tokens)
    )
    if updates and "update" not in kinds:
        return False
    return bool(kinds) or not any(token.is_word("into") for token in tokens)


def _table_names(nodes: list[Any], exp: Any) -> tuple[str, ...]:
    names: list[str] = []
    for node in nodes:
        found = node if isinstance(node, exp.Table) else node.find(exp.Table) if node else None
        if found is not None:
            names.append(".".join(p for p in (found.catalog, found.db, found.name) if p))
    return tuple(names)


def _tables(tree: Any, exp: Any) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for t in tree.find_all(exp.Table) for name in _table_names([t], exp))
    )
