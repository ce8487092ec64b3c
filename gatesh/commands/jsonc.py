"""Edits JSON with comments as text: one key of the top object changes, every other byte stays.

opencode and others read JSON with `//` and `/* */` comments and trailing commas. Parsing and writing it
anew would lose what a person wrote there.
"""

from __future__ import annotations

import json
import re

from gatesh._value import Value
from gatesh.errors import ConfigError

_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])')


class Member(Value):
    """One member of the top object: where its key starts, and where its value is."""

    key: str
    start: int
    value_start: int
    end: int
    value: object


class Document(Value):
    """A file's text, its top object's members, and the place after the opening brace."""

    text: str
    bare: str  # comments made blanks, every character in its place
    opened: int
    members: tuple[Member, ...]

    def member(self, key: str) -> Member | None:
        """Return the member named `key`."""
        return next((m for m in self.members if m.key == key), None)


def read(text: str, file: str) -> Document:
    """Read `text`; raises ConfigError with file and line where it is not one JSON object."""
    bare = _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else _blank(m[0]), text)
    strict = _TRAILING_COMMA.sub(lambda m: m[1] or " ", bare)
    try:
        whole = json.loads(strict)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        what = getattr(error, "msg", str(error)).lower()
        raise _unreadable(file, line, what) from error
    if not isinstance(whole, dict):
        raise _unreadable(file, 1, "not a JSON object")
    opened = strict.index("{") + 1
    members = tuple(_members(strict, opened))
    for member in members:
        if sum(other.key == member.key for other in members) > 1:
            line = text.count("\n", 0, member.start) + 1
            raise _unreadable(file, line, f'the key "{member.key}" is there twice')
    return Document(text, bare, opened, members)


def put(document: Document, key: str, value: str) -> str:
    """Return the text with `key` set to the string `value`: replaced, or put first."""
    written = json.dumps(value, ensure_ascii=False)
    found = document.member(key)
    text = document.text
    if found:
        return text[: found.value_start] + written + text[found.end :]
    pair = f"{json.dumps(key)}: {written}"
    if not document.members:
        at = document.opened
        broken = "\n" in document.bare[at : document.bare.index("}", at)]
        return f"{text[:at]}\n  {pair}{'' if broken else chr(10)}{text[at:]}"
    first = document.members[0].start
    line = text.rfind("\n", 0, first) + 1
    indent = text[line:first]
    if line and not indent.strip():
        return f"{text[:line]}{indent}{pair},\n{text[line:]}"
    return f"{text[:first]}{pair}, {text[first:]}"


def remove(document: Document, key: str) -> str:
    """Return the text without `key`, and without the comma and the line that were its own."""
    found = document.member(key)
    text = document.text
    if not found:
        return text
    start, end = found.start, found.end
    comma = re.compile(r"\s*,").match(document.bare, end)
    if comma:
        end = comma.end()
    elif found is not document.members[0]:
        before = document.bare.rindex(",", 0, start)
        text = text[:before] + text[before + 1 :]
        start, end = start - 1, end - 1
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[^\S\n]*\n").match(text, end)
    if line and rest and not text[line:start].strip():
        return text[:line] + text[rest.end() :]
    return text[:start] + text[end:].removeprefix(" ")


def _members(strict: str, at: int) -> list[Member]:
    decoder = json.JSONDecoder()
    members: list[Member] = []
    while True:
        at = _skip(strict, at, " \t\r\n,")
        if strict[at] == "}":
            return members
        start = at
        key, at = decoder.raw_decode(strict, at)
        value_start = _skip(strict, at, " \t\r\n:")
        value, at = decoder.raw_decode(strict, value_start)
        members.append(Member(key, start, value_start, at, value))


def _skip(text: str, at: int, characters: str) -> int:
    while text[at] in characters:
        at += 1
    return at


def _unreadable(file: str, line: int, what: str) -> ConfigError:
    return ConfigError(
        f"{file}:{line}: {what}", "gatesh does not touch a file it cannot read; mend it first"
    )


def _blank(comment: str) -> str:
    return re.sub(r"[^\n]", " ", comment)
