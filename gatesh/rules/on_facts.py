"""Patterns that speak of HTTP requests, GraphQL fields, SQL statements and files."""

from __future__ import annotations

import re

from gatesh.model import Extent
from gatesh.rules.hit import MAYBE, NO, YES, Hit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatesh.model import FileChange, GraphqlField, HttpRequest, PathEffect, SqlStatement
    from gatesh.rules.rule import (
        Choice,
        FilePattern,
        GraphqlPattern,
        HttpPattern,
        SqlPattern,
    )

# What is taken of a table, by the statement's kind or its verb; where nothing stands it goes as a whole.
_TAKEN = {
    "delete": "rows",
    "every row": "every row",
    "truncate": "every row",
    "merge": "rows",
    "update": "values",
    "upsert": "values",
    "replace": "rows",
    "alter table drop column": "a column",
    "alter table alter column type": "values",
}
_THERE = (Extent.LOSABLE, Extent.DERIVED, Extent.RECOVERABLE)
_NO_THING = re.compile(r"v\d+(?:\.\d+)*|api|rest|graphql", re.IGNORECASE)  # segments of any path
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")


def http_hit(pattern: HttpPattern, fact: HttpRequest) -> Hit | None:
    """Compare method, host (of the URL and really connected to) and path."""
    reached = _host(pattern.hosts, fact)
    method = _level(pattern.methods, fact.method.upper(), hidden=_hidden(fact.cannot_see, "method"))
    if NO in (reached, method):
        return None
    path = _level(
        pattern.paths, _plain(fact.path), hidden=_hidden(fact.cannot_see, "path", "url", "host")
    )
    level = min(method, reached, path)
    if level is NO:
        return None
    host = fact.host or fact.connect_host
    captures = {"method": fact.method, "host": host, "path": fact.path}
    segments = [s for s in _plain(fact.path).split("/") if s]
    last = segments[-1:]
    variables = {**captures, "body": fact.body if fact.body is not None else ""}
    if fact.body is None and _hidden(fact.cannot_see, "body"):
        del variables["body"]  # `when` cannot see it either
    found = _hit(level, tuple(last) or (host,), captures, fact.cannot_see, variables)
    return found.but(lost=_thing(segments, posted=fact.method.upper() == "POST"))


def graphql_hit(
    pattern: GraphqlPattern, fact: HttpRequest, field: GraphqlField | None
) -> Hit | None:
    """Compare operation, root field and host; `field` is None where the document cannot be seen."""
    level = min(_host(pattern.hosts, fact), YES if field else MAYBE)
    host = fact.host or fact.connect_host
    if field is None:
        # Any upload may be a GraphQL document; it counts where host or path say that it is one.
        unlikely = pattern.hosts.any and not re.search("graphql|gql", fact.path, re.IGNORECASE)
        if level is NO or unlikely or fact.method.upper() in ("GET", "HEAD"):
            return None
        captures = {"field": "an unseen operation", "host": host}
        return _hit(level, (host,), captures, fact.cannot_see, captures).but(lost=())
    fits = pattern.operations.holds(field.operation) and pattern.fields.holds(field.name)
    if level is NO or not fits:
        return None
    captures = {"field": field.name, "host": host, "operation": field.operation}
    variables = {**captures, "args": dict(field.arguments)}
    found = _hit(level, (field.name,), captures, (), variables)
    ids = tuple(value for name, value in field.arguments if name.lower().endswith("id") and value)
    return found.but(lost=ids)


def sql_hit(pattern: SqlPattern, fact: SqlStatement) -> Hit | None:
    """Compare the statement's kind."""
    if not pattern.kinds.holds(fact.kind):
        return None
    names = fact.tables
    captures = {"kind": fact.kind, "table": ", ".join(names) or "a table", "text": fact.text}
    where = {} if fact.restricts is None else {"restricts": fact.restricts}
    variables = {"kind": fact.kind, "table": ", ".join(names), "tables": list(names)}
    return Hit(
        names or (fact.kind,),
        captures,
        cannot_see=fact.cannot_see,
        variables={**variables, "where": where, "text": fact.text},
        lost=tuple(name for name in names if name != "*"),
        part=_part(fact),
    )


def _part(fact: SqlStatement) -> str:
    """Return what a statement takes of the tables it names: `DELETE` leaves them."""
    verb = "every row" if fact.kind == "delete" and fact.restricts is False else fact.kind
    verb = verb if verb in _TAKEN else fact.kind.partition(" ")[0]
    what = _TAKEN.get(verb, "")
    return f"{what} of " if what else ""


def file_hit(pattern: FilePattern, fact: FileChange, path: PathEffect) -> Hit | None:
    """Compare action, path, extent and what else is claimed of the path."""
    claims = {"root": path.root, "directory": path.directory}
    action = action_on(fact, path)
    fits = (
        (pattern.actions.holds(fact.action) or pattern.actions.holds(action))
        and (not pattern.extents or path.extent.value in pattern.extents)
        and all(claims[name] for name in pattern.claims)
    )
    if not fits:
        return None
    sees = path.path.startswith("/")
    if not pattern.paths.holds(path.path) and not (pattern.paths.any and not sees):
        return None
    captures = {"path": path.path, "action": action, "extent": path.extent.value}
    variables = {**captures, **claims, "size": path.size}
    return _hit(YES, (path.path,), captures, fact.cannot_see, variables)


def action_on(fact: FileChange, path: PathEffect) -> str:
    """Return what becomes of one path: `rm -rf FILE` does to a file what `rm FILE` does."""
    alone = fact.action == "delete-tree" and not path.directory and path.extent in _THERE
    return "delete" if alone else fact.action


def http_lacks(pattern: HttpPattern, fact: HttpRequest) -> tuple[int, str]:
    """Return how near the pattern comes, and the first part of it that the request lacks."""
    hidden = fact.cannot_see
    if _host(pattern.hosts, fact) is NO:
        return 0, f"the host is not {pattern.hosts}"
    if (
        _level(pattern.paths, _plain(fact.path), hidden=_hidden(hidden, "path", "url", "host"))
        is NO
    ):
        return 1, f"the path is not {pattern.paths}"
    return 2, f"the method is not {pattern.methods}"


def graphql_lacks(
    pattern: GraphqlPattern, fact: HttpRequest, field: GraphqlField | None
) -> tuple[int, str]:
    """Return how near the pattern comes, and the first part of it that the request lacks."""
    if _host(pattern.hosts, fact) is NO:
        return 0, f"the host is not {pattern.hosts}"
    if field is None:
        return 1, "nothing says that it is GraphQL"
    if not pattern.operations.holds(field.operation):
        return 2, f"{field.operation} {field.name} is no {pattern.operations}"
    return 3, f"the field {field.name} is not {pattern.fields}"


def file_lacks(pattern: FilePattern, path: PathEffect) -> tuple[int, str]:
    """Return how near the pattern comes, and the first part of it that the path lacks."""
    if not pattern.paths.holds(path.path):
        return 0, f"the path is not {pattern.paths}"
    if pattern.extents and path.extent.value not in pattern.extents:
        return 2, f"{path.path} is {path.extent.value}"
    return 1, f"{path.path} is no {' and '.join(sorted(pattern.claims))}"


def _hit(
    level: int,
    names: tuple[str, ...],
    captures: dict[str, str],
    cannot_see: tuple[str, ...],
    variables: Mapping[str, object],
) -> Hit:
    return Hit(names, captures, level is YES, cannot_see, dict(variables))


def _thing(segments: list[str], *, posted: bool) -> tuple[str, ...]:
    """Return what a path is about, with what kind of thing that is: `volumes/7`.

    POST …/subscriptions/sub_1/cancel: the last says what is done. POST …/volumes/7: it does not.
    """
    kind = segments[-2] if segments[1:] else ""
    listed = kind.endswith("s") and not _NO_THING.fullmatch(kind)
    if posted and (not listed or segments[-1].startswith("_")):
        segments = segments[:-1]
    if not segments or _NO_THING.fullmatch(segments[-1]):
        return ()
    kept = segments[-2:-1] if len(segments) > 1 and not _NO_THING.fullmatch(segments[-2]) else []
    return ("/".join([*kept, segments[-1]]),)


def _host(hosts: Choice, fact: HttpRequest) -> int:
    if hosts.any:
        return YES
    reached = [h.lower().rstrip(".") for h in (fact.host, fact.connect_host) if h]
    return YES if any(hosts.holds(h) for h in reached) else NO


def _level(choice: Choice, text: str, *, hidden: bool) -> int:
    if choice.any or (text and choice.holds(text)):
        return YES
    return MAYBE if hidden or not text else NO


def _hidden(cannot_see: tuple[str, ...], *parts: str) -> bool:
    return any(c.partition(":")[0] in parts for c in cannot_see)


def _plain(path: str) -> str:
    """Return a URL's path without its query, escapes resolved, as the server will see it."""
    path = path.partition("?")[0].partition("#")[0]
    return _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), path)
