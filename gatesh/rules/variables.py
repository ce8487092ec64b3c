"""What `when` may speak of, by notation: checked when a rule is read, never when it is matched.

A condition that speaks of anything else would err on every fact, count as held, and so narrow nothing.
"""

from __future__ import annotations

import re

from gatesh.rules import condition
from gatesh.rules.notation import NotationError, near

_ALWAYS = frozenset(("target", "program", "cwd", "env"))
VARIABLES = {
    "cli": frozenset(("options", "operands")),
    "http": frozenset(("method", "host", "path", "body")),
    "graphql": frozenset(("field", "host", "operation", "args")),
    "sql": frozenset(("kind", "table", "tables", "text", "where")),
    "file": frozenset(("path", "action", "extent", "root", "directory", "size")),
}  # beside those that are always there
_MEMBERS = {"target": ("kind", "name", "locality", "local", "label"), "where": ("restricts",)}
_FUNCTIONS = frozenset(
    (
        "bytes", "contains", "double", "duration", "dyn", "endsWith", "int", "matches",
        "size", "startsWith", "string", "timestamp", "type", "uint",
    )
)  # fmt: skip
_MEMBER = re.compile(r"(?<![.\w])(target|where)\.(\w+)")
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_BOUND = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
_ERROR = re.compile(r"<input>:\d+:(\d+): Syntax error: (.*)")
_LONGEST, _DEEPEST, _MOST_LOOPS = 2000, 16, 2
_HINT = "see `when` in docs/patterns.md"


def check(source: str, notation: str) -> None:
    """Refuse an expression that cannot be read, or that no fact of this notation could decide."""
    if notation not in VARIABLES:
        raise NotationError(f"a {notation} rule has no 'when'", "leave it out")
    _refuse_costly(source)
    try:
        program = condition.compiled(source)
    except ValueError as error:
        raise NotationError(f"'when' cannot be read: {_plain(source, str(error))}", _HINT) from None
    bound = set(_BOUND.findall(source))
    known = _ALWAYS | VARIABLES[notation]
    for name in program.variables():
        if name not in known | bound:
            raise NotationError(f"'when' of a {notation} rule has no {name!r}", near(name, known))
    for name in program.functions():
        if name.isidentifier() and name not in _FUNCTIONS and not name.startswith("get"):
            raise NotationError(f"'when' has no function {name!r}", near(name, _FUNCTIONS))
    for of, name in _MEMBER.findall(_STRING.sub("''", source)):
        if of not in bound and name not in _MEMBERS[of]:
            raise NotationError(f"{of!r} in 'when' has no {name!r}", near(name, _MEMBERS[of]))


def _refuse_costly(source: str) -> None:
    """Refuse what would cost the one who has to decide it: anybody may write a project's file."""
    plain = _STRING.sub("''", source)
    depth = deepest = 0
    for char in plain:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if len(source) > _LONGEST or deepest > _DEEPEST or len(_BOUND.findall(plain)) > _MOST_LOOPS:
        raise NotationError(
            "'when' is too long, too deep, or loops within loops", "make it two rules"
        )


def _plain(source: str, said: str) -> str:
    """Return the parser's first complaint in plain words."""
    found = _ERROR.search(said)
    if not found:
        return said.splitlines()[0]
    column, what = int(found[1]), found[2]
    if what.startswith("missing "):
        return what.replace(" at '<EOF>'", " at the end")
    rest = source[column - 1 :].strip()
    early = "<EOF>" in what.partition(" expecting ")[0] or not rest
    return "it ends too early" if early else f"unexpected {rest!r}"
