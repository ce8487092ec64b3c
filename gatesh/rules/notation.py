"""Reads the notations of pattern files: `git push {-f,--force}`, `DELETE host/path/*`, `drop *`.

Braces and sets are spelled out here, once, so that matching only compares. Raises ValueError with a
message for the author; load.py knows the file and the line.
"""

from __future__ import annotations

import re

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Sets = Mapping[str, tuple[str, ...]]

FILE_ACTIONS = (
    "delete", "delete-tree", "truncate", "overwrite", "write", "device-write", "move-to-temp",
)  # fmt: skip
EXTENTS = frozenset(("missing", "recoverable", "derived", "losable", "unknown"))
CLAIMS = frozenset(("root", "directory"))
LINES = {"unparsed": False, "unknown-program": False, "unseen-code": False, "assign": True}
_GRAPHQL = ("query", "mutation", "subscription")
_SET = re.compile(r"@([a-z][a-z0-9-]*)")
_MOST = 4000  # alternatives of one word: more is a mistake


def parse(notation: str, text: str, sets: Sets, home: str) -> Pattern:
    """Return the compiled pattern of `text`; `~` at the start of a path is `home`."""
    if not text.strip():
        raise ValueError("the pattern is empty")
    match notation:
        case "cli":
            return _cli(text, sets)
        case "http":
            return _http(text, sets)
        case "graphql":
            return _graphql(text, sets)
        case "sql":
            return SqlPattern(_choice(" ".join(text.lower().split()), sets))
        case "file":
            return _file(text, sets, home)
        case _:
            return _line(text, sets)


def _cli(text: str, sets: Sets) -> CliPattern:
    first, *rest = words(text)
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
            raise ValueError(f"{word} mixes options and operands")
        else:
            operands.append(_of(spelled))
    return CliPattern(_choice(first, sets), tuple(operands), tuple(options))


def _option(spelling: str) -> tuple[str, Choice | None]:
    name, equals, value = spelling.partition("=")
    return name, _of([value]) if equals else None


def _http(text: str, sets: Sets) -> HttpPattern:
    parts = words(text)
    if len(parts) != 2 or "/" not in parts[1]:
        raise ValueError("an http pattern is METHOD HOST/PATH, such as DELETE api.example.com/v1/*")
    host, _, path = parts[1].partition("/")
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
        raise ValueError(
            "a graphql pattern is OPERATION FIELD @ HOST, such as mutation * @ api.x.com"
        )
    return GraphqlPattern(_choice(parts[0], sets), _choice(parts[1], sets), hosts)


def _hosts(text: str, sets: Sets) -> Choice:
    return _of([h.lower().rstrip(".") for h in spell_out(text, sets)])


def _file(text: str, sets: Sets, home: str) -> FilePattern:
    actions, *rest = words(text)
    spelled = spell_out(actions, sets)
    for action in spelled:
        if action != "*" and action not in FILE_ACTIONS:
            raise ValueError(f"{action} is no file action: {', '.join(FILE_ACTIONS)}")
    paths = ANY
    if rest and rest[0] == "*":
        rest.pop(0)
    elif rest and rest[0][0] in "/~@*{":
        where = [home + p[1:] if p.startswith("~") else p for p in spell_out(rest.pop(0), sets)]
        if not all(p.startswith(("/", "*")) for p in where):
            raise ValueError("paths are absolute, or start with ~ or *")
        paths = _of(where, paths=True)
    extents: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    for word in rest:
        names = frozenset(spell_out(word, sets))
        if names <= EXTENTS:
            extents |= names
        elif names <= CLAIMS:
            claims |= names
        else:
            raise ValueError(f"{word} is none of {', '.join(sorted(EXTENTS | CLAIMS))}")
    return FilePattern(_of(spelled), paths, extents, claims)


def _line(text: str, sets: Sets) -> LinePattern:
    about, *rest = words(text)
    if about not in LINES:
        raise ValueError(f"{about} says nothing of a line: {', '.join(LINES)}")
    if len(rest) != LINES[about]:
        raise ValueError(f"{about} takes {'one word' if LINES[about] else 'no word'} more")
    return LinePattern(about, _choice(rest[0], sets) if rest else ANY)


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
        raise ValueError("a brace is not closed")
    return found


def spell_out(word: str, sets: Sets) -> list[str]:
    """Return every alternative of a word: braces expanded, sets replaced by their members."""
    found = _braces(word, sets)
    if len(found) > _MOST:
        raise ValueError(f"{word} stands for more than {_MOST} words")
    return found


def _braces(word: str, sets: Sets) -> list[str]:
    start = word.find("{")
    if start < 0:
        return _named(word, sets)
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
        raise ValueError("a brace is not closed")
    heads, tails = _named(word[:start], sets), _braces(word[last:], sets)
    middles = [m for part in parts for m in _braces(part, sets)]
    return [h + m + t for h in heads for m in middles for t in tails]


def _named(word: str, sets: Sets) -> list[str]:
    found = _SET.match(word)
    if not found:
        return [word]
    name = found.group(1)
    if name not in sets:
        raise ValueError(f"there is no set @{name}")
    rest = word[found.end() :]
    return [m + rest for member in sets[name] for m in _braces(member, sets)]


def _choice(text: str, sets: Sets, *, paths: bool = False) -> Choice:
    return _of(spell_out(text, sets), paths=paths)


def _of(spelled: list[str], *, paths: bool = False) -> Choice:
    globs = tuple(s for s in spelled if "*" in s.replace("\\*", ""))
    literals = frozenset(s.replace("\\*", "*") for s in spelled if s not in globs)
    return Choice(literals, globs, paths)
