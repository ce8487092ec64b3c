"""Reads the notations of pattern files: `git push {-f,--force}`, `DELETE host/path/*`, `drop *`.

Braces and sets are spelled out here, once, so that matching only compares. Raises NotationError with a
message for the author, also for what could never match; source.py knows the file and the line.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from gatesh.rules.rule import (
    ANY,
    Choice,
    CliPattern,
    FilePattern,
    GraphqlPattern,
    HttpPattern,
    LinePattern,
    Pattern,
    SqlPattern,
)
from gatesh.rules.sql_kinds import KINDS, OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Sets = Mapping[str, tuple[str, ...]]

FILE_ACTIONS = (
    "delete", "delete-tree", "truncate", "overwrite", "write", "device-write", "move-to-temp", "discard",
)  # fmt: skip
EXTENTS = frozenset(("missing", "recoverable", "derived", "losable", "unknown"))
CLAIMS = frozenset(("root", "directory"))
LINES = {"unparsed": 0, "unknown-program": 0, "unseen-code": 0, "assign": 1, "names": 2}  # words
_GRAPHQL = ("query", "mutation", "subscription")
_PORT = re.compile(r"[^:]+:\d+")
_SET = re.compile(r"@([a-z][a-z0-9-]*)")
_MOST = 4000  # alternatives of one word: more is a mistake
_DEEPEST = 12  # sets within sets, and braces within braces
_MOST_GAPS = 3  # `**` in one pattern: each multiplies the ways to try
_LISTED = 20  # names in a hint


class NotationError(ValueError):
    """A pattern that cannot be read, or that could never match, and what to do about it."""

    def __init__(self, what: str, hint: str = "see the notations in docs/patterns.md") -> None:
        """Keep what is wrong and the hint apart."""
        super().__init__(what)
        self.hint = hint


def near(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint for a name that is not known: the closest, or `otherwise`, or what is known."""
    names = sorted(known)
    if found := get_close_matches(word, names, 1):
        return f"did you mean {found[0]}?"
    if otherwise:
        return otherwise
    more = ", …" if len(names) > _LISTED else ""
    return f"known: {', '.join(names[:_LISTED])}{more}"


def parse(notation: str, text: str, sets: Sets, home: str) -> Pattern:
    """Return the compiled pattern of `text`; `~` at the start of a path is `home`."""
    if not text.strip():
        raise NotationError("the pattern is empty")
    match notation:
        case "cli":
            return _cli(text, sets)
        case "http":
            return _http(text, sets)
        case "graphql":
            return _graphql(text, sets)
        case "sql":
            return _sql(text, sets)
        case "file":
            return _file(text, sets, home)
        case _:
            return _line(text, sets, home)


def _cli(text: str, sets: Sets) -> CliPattern:
    (first, *rest), named = _named_at_end(text, sets)
    operands: list[Choice | None] = []
    options = []
    for word in rest:
        if word == "**":
            operands.append(None)
            continue
        spelled = spell_out(word, sets)
        if all(s.startswith("-") and s != "--" for s in spelled):
            options.append(tuple(_option(s) for s in spelled))
        elif any(s.startswith("-") and s != "--" for s in spelled):
            raise NotationError(f"{word} mixes options and operands")
        elif several := next((s for s in spelled if " " in s and "*" not in s), ""):
            raise NotationError(
                f"a word of a command line does not fit '{several}'",
                'write one pattern for each: cli = ["fly destroy", "fly apps destroy"]',
            )
        else:
            operands.append(_of(spelled))
    if operands.count(None) > _MOST_GAPS:
        raise NotationError(f"`**` stands more than {_MOST_GAPS} times in {text}")
    programs = spell_out(first, sets)
    if any("/" in program for program in programs):
        raise NotationError(f"{first} is no program's name", "leave out the folder")
    return CliPattern(_of(programs), tuple(operands), tuple(options), named)


def _named_at_end(text: str, sets: Sets) -> tuple[list[str], tuple[Choice, ...]]:
    """Take `... NAME` off the end, as often as it stands there."""
    found = words(text)
    named: list[Choice] = []
    while len(found) > 2 and found[-2] == "...":
        named.insert(0, _choice(found[-1], sets))
        del found[-2:]
    if "..." in found:
        raise NotationError("`...` stands at the end, in front of one word", "such as: npx ... rm")
    return found, tuple(named)


def _option(spelling: str) -> tuple[str, Choice | None]:
    name, equals, value = spelling.partition("=")
    return name, _of([value]) if equals else None


def _http(text: str, sets: Sets) -> HttpPattern:
    parts = words(text)
    if len(parts) != 2 or "/" not in parts[1]:
        raise NotationError(
            "an http pattern is METHOD HOST/PATH, such as DELETE api.example.com/v1/*"
        )
    if "://" in parts[1]:
        raise NotationError("a host is named without its scheme", "leave out https://")
    host, _, path = parts[1].partition("/")
    if "?" in path or "#" in path:
        raise NotationError(
            "a path is compared without what follows `?` or `#`", "leave it out, or use `when`"
        )
    methods = _of([m.upper() for m in spell_out(parts[0], sets)])
    return HttpPattern(methods, _hosts(host, sets), _choice("/" + path, sets, paths=True))


def _graphql(text: str, sets: Sets) -> GraphqlPattern:
    parts = words(text)
    hosts = ANY
    if len(parts) >= 3 and parts[-2] == "@":
        hosts = _hosts(parts[-1], sets)
        parts = parts[:-2]
    if len(parts) == 1:  # a bare field, as in `unless`
        return GraphqlPattern(ANY, _choice(parts[0], sets), hosts)
    if len(parts) != 2 or not set(spell_out(parts[0], sets)) <= {*_GRAPHQL, "*"}:
        raise NotationError(
            "a graphql pattern is OPERATION FIELD @ HOST, such as mutation * @ api.x.com"
        )
    return GraphqlPattern(_choice(parts[0], sets), _choice(parts[1], sets), hosts)


def _hosts(text: str, sets: Sets) -> Choice:
    spelled = [h.lower().rstrip(".") for h in spell_out(text, sets)]
    for host in spelled:
        if "/" in host or _PORT.fullmatch(host):
            raise NotationError(f"{host} is more than a host", "leave out scheme, port and path")
    return _of(spelled)


def _sql(text: str, sets: Sets) -> SqlPattern:
    kinds = _choice(" ".join(text.lower().split()), sets)
    for kind in sorted(kinds.literals):
        if kind not in KINDS and not kind.startswith(OPEN):
            raise NotationError(f"no statement is called {kind!r}", _kind_hint(kind))
    for glob in kinds.globs:
        if not glob.startswith((*OPEN, "*")) and not any(map(_of([glob]).fits, KINDS)):
            raise NotationError(f"no kind of statement fits {glob!r}", _kind_hint(glob))
    return SqlPattern(kinds)


def _kind_hint(kind: str) -> str:
    """Return what was meant: often a kind with the name of a table behind it."""
    words = kind.split()
    for end in range(len(words) - 1, 0, -1):
        if (shorter := " ".join(words[:end])) in KINDS:
            return f"the kind is {shorter!r}; for a table add when = \"'{words[-1]}' in tables\""
    return near(kind, KINDS)


def _file(text: str, sets: Sets, home: str) -> FilePattern:
    actions, *rest = words(text)
    spelled = spell_out(actions, sets)
    for action in spelled:
        if action != "*" and action not in FILE_ACTIONS:
            hint = near(action, FILE_ACTIONS, "such as: delete-tree ~/Documents/**")
            raise NotationError(f"{action} is no file action: {', '.join(FILE_ACTIONS)}", hint)
    paths = ANY
    if rest and rest[0] == "*":
        rest.pop(0)
    elif rest and rest[0][0] in "/~@*{":
        paths = _paths(rest.pop(0), sets, home)
    extents: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    for word in rest:
        names = frozenset(spell_out(word, sets))
        if names <= EXTENTS:
            extents |= names
        elif names <= CLAIMS:
            claims |= names
        else:
            raise NotationError(f"{word} is none of {', '.join(sorted(EXTENTS | CLAIMS))}")
    return FilePattern(_of(spelled), paths, extents, claims)


def _line(text: str, sets: Sets, home: str) -> LinePattern:
    (about, *rest), named = _named_at_end(text, sets)
    if about not in LINES:
        what = f"{about} says nothing of a line: {', '.join(LINES)}"
        raise NotationError(what, near(about, LINES, "such as: assign DEPLOY_ENV"))
    if len(rest) != LINES[about]:
        takes = ("no word", "one word", "two words")[LINES[about]]
        raise NotationError(f"{about} takes {takes} more")
    if named and about != "assign":
        raise NotationError(f"nothing stands behind {about}", "leave out `...`")
    choice = _choice(rest[0], sets) if rest else ANY
    paths = _paths(rest[1], sets, home) if rest[1:] else ANY
    return LinePattern(about, choice, paths, named)


def _paths(text: str, sets: Sets, home: str) -> Choice:
    where = [home + p[1:] if p.startswith("~") else p for p in spell_out(text, sets)]
    if not all(p.startswith(("/", "*")) for p in where):
        raise NotationError("paths are absolute, or start with ~ or *")
    return _of(where, paths=True)


def words(text: str) -> list[str]:
    """Split at blanks, except inside braces."""
    found, depth, word = [], 0, ""
    for char in text.strip() + " ":
        depth += (char == "{") - (char == "}")
        if char.isspace() and not depth:
            if word:
                found.append(word)
            word = ""
        else:
            word += char
    if depth or word.strip():
        raise NotationError("a brace is not closed")
    return found


def spell_out(word: str, sets: Sets) -> list[str]:
    """Return every alternative of a word: braces expanded, sets replaced by their members."""
    return _braces(word, sets, _DEEPEST)


def _braces(word: str, sets: Sets, deepest: int) -> list[str]:
    if not deepest:
        raise NotationError("sets or braces stand in one another too deeply")
    start = word.find("{")
    if start < 0:
        return _named(word, sets, deepest)
    depth, parts, last = 0, [], start + 1
    for i in range(start, len(word)):
        char = word[i]
        depth += (char == "{") - (char == "}")
        if (char == "," and depth == 1) or not depth:
            parts.append(word[last:i])
            last = i + 1
        if not depth:
            break
    else:
        raise NotationError("a brace is not closed")
    middles = [m for part in parts for m in _braces(part, sets, deepest - 1)]
    joined = _joined(_named(word[:start], sets, deepest), middles, word)
    rest = word[last:]
    return _joined(joined, _braces(rest, sets, deepest), word) if rest else joined


def _named(word: str, sets: Sets, deepest: int) -> list[str]:
    found = _SET.match(word)
    if not found:
        return [word]
    name = found.group(1)
    if name not in sets:
        raise NotationError(f"there is no set @{name}", near(name, sets))
    members: list[str] = []
    for member in sets[name]:
        members += _braces(member, sets, deepest - 1)
        _refuse_many(len(members), word)
    return _joined(members, [word[found.end() :]], word)


def _joined(heads: list[str], tails: list[str], word: str) -> list[str]:
    _refuse_many(len(heads) * len(tails), word)
    return [head + tail for head in heads for tail in tails]


def _refuse_many(count: int, word: str) -> None:
    if count > _MOST:
        raise NotationError(f"{word} stands for more than {_MOST} words")


def _choice(text: str, sets: Sets, *, paths: bool = False) -> Choice:
    return _of(spell_out(text, sets), paths=paths)


def _of(spelled: list[str], *, paths: bool = False) -> Choice:
    globs = tuple(s for s in spelled if "*" in s.replace("\\*", ""))
    literals = frozenset(s.replace("\\*", "*") for s in spelled if s not in globs)
    return Choice(literals, globs, paths)
