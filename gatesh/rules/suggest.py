"""What a rule could let by: exceptions made of the facts that a person approved, widest last.

Only guesses: whoever shows them has tried them on the history first.
"""

from __future__ import annotations

from os.path import commonprefix
from posixpath import commonpath

from gatesh.facts.words import SHOWN
from gatesh.model import CliCall, FileChange, HttpRequest, SqlStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gatesh.model import Fact

    Change = tuple[str, str]  # "unless" or "when", and its text

_FEW = 3  # targets or tables that are named one by one
_SHORT = 3  # characters that two words must share to be one with a star
_QUOTES = frozenset("'\"\\")


def suggestions(facts: Sequence[Fact]) -> Iterator[Change]:
    """Yield changes that may fit all of these facts."""
    calls = [fact for fact in facts if isinstance(fact, CliCall)]
    requests = [fact for fact in facts if isinstance(fact, HttpRequest)]
    statements = [fact for fact in facts if isinstance(fact, SqlStatement)]
    changes = [fact for fact in facts if isinstance(fact, FileChange)]
    if calls and len(calls) == len(facts):
        yield from _of_calls(calls)
    if requests and len(requests) == len(facts):
        yield from _of_requests(requests)
    if statements and len(statements) == len(facts):
        tables = {table for fact in statements for table in fact.tables}
        yield from _none_of(tables, "({} in tables) == false")
    if changes and len(changes) == len(facts):
        yield from _of_files(changes)
    targets = {fact.target.name for fact in facts}
    if "" not in targets and not any(SHOWN in name for name in targets):
        yield from _none_of(targets, "target.name != {}")


def _none_of(names: set[str], claim: str) -> Iterator[Change]:
    plain = sorted(name for name in names if not _QUOTES & set(name))
    if plain and len(plain) == len(names) <= _FEW:
        yield "when", " && ".join(claim.format(f"'{name}'") for name in plain)


def _of_calls(calls: list[CliCall]) -> Iterator[Change]:
    shapes = {(fact.program, len(fact.operands)) for fact in calls}
    if len(shapes) > 1 or not all(w.known for fact in calls for w in fact.operands):
        return
    given = [{name for name, value in fact.options if value is None} for fact in calls]
    common = [name for name, _ in calls[0].options if all(name in names for names in given)]
    columns = zip(*([w.text for w in fact.operands] for fact in calls), strict=True)
    words = [_one(list(column)) for column in columns]
    if not any(" " in word for word in words):
        yield "unless", " ".join([calls[0].program, *words[:1], *dict.fromkeys(common), *words[1:]])


def _of_requests(requests: list[HttpRequest]) -> Iterator[Change]:
    paths = [fact.path.partition("?")[0].split("/") for fact in requests]
    shapes = {
        (fact.method, fact.host, len(path)) for fact, path in zip(requests, paths, strict=True)
    }
    if len(shapes) == 1:
        path = "/".join(_one(list(column)) for column in zip(*paths, strict=True))
        yield "unless", f"{requests[0].method} {requests[0].host}{path}"


def _of_files(changes: list[FileChange]) -> Iterator[Change]:
    paths = [path.path for fact in changes for path in fact.paths]
    if len({fact.action for fact in changes}) == 1 and all(p.startswith("/") for p in paths):
        above = commonpath(paths)
        if above.count("/") > 1:
            yield "unless", f"{changes[0].action} {above}{'/**' if len(set(paths)) > 1 else ''}"


def _one(words: list[str]) -> str:
    """Return the word, or what they begin with and a star."""
    if len(set(words)) == 1:
        return words[0].replace("*", "\\*")
    shared = commonprefix(words).replace("*", "\\*")  # noqa: RUF071  of characters, not of folders
    return f"{shared}*" if len(shared) >= _SHORT else "*"
