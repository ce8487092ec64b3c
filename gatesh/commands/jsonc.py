"""Edits JSON with comments as text: one place in it changes, every other byte stays.

opencode, Gemini CLI and others read JSON with `//` and `/* */` comments and trailing commas. Parsing and
writing it anew would lose what a person wrote there. A place is a path: `("hooks", "PreToolUse", 0)`.
"""

from __future__ import annotations

import json
import re

from gatesh._value import Value
from gatesh.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])')


class Part(Value):
    """A member or an element: its key or its index, where it starts, and where its value is."""

    key: str | int
    start: int
    value_start: int
    end: int
    value: object


class Document(Value):
    """A file's text, and the same in strict JSON with every character in its place."""

    text: str
    bare: str  # comments made blanks
    strict: str  # trailing commas too
    root: Part

    def member(self, *path: str | int) -> Part | None:
        """Return what stands at `path`."""
        found: Part | None = self.root
        for key in path:
            found = next((p for p in self.parts(found) if p.key == key), None) if found else None
        return found

    def parts(self, of: Part) -> tuple[Part, ...]:
        """Return the members of an object, the elements of an array, nothing of anything else."""
        if not isinstance(of.value, dict | list):
            return ()
        keyed = isinstance(of.value, dict)
        return tuple(_parts(self.strict, of.value_start + 1, keyed=keyed))


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
    at = strict.index("{")
    document = Document(text, bare, strict, Part("", at, at, len(strict.rstrip()), whole))
    _no_key_twice(document, document.root, file)
    return document


def put(document: Document, path: str | Path, value: object) -> str:
    """Return the text with `value` at `path`: replaced, or put first, with the objects on its way."""
    whole = (path,) if isinstance(path, str) else path
    found = document.member(*whole)
    if found:
        return _replaced(document, found, value)
    at, container = 0, document.root
    while (below := document.member(*whole[: at + 1])) is not None:
        at, container = at + 1, below
    if not isinstance(container.value, dict):
        raise ConfigError(f"{container.key} is no object", "mend the settings first")
    for key in reversed(whole[at + 1 :]):
        value = {key: value}
    return _inserted(document, container, f"{json.dumps(whole[at])}: ", value)


def prepend(document: Document, path: Path, value: object) -> str:
    """Return the text with `value` first in the array at `path`, which is made where it is not there."""
    found = document.member(*path)
    if found is None:
        return put(document, path, [value])
    if not isinstance(found.value, list):
        raise ConfigError(f"{found.key} is no list", "mend the settings first")
    return _inserted(document, found, "", value)


def remove(document: Document, path: str | Path) -> str:
    """Return the text without what stands at `path`, and without the comma and the line that were its own."""
    whole = (path,) if isinstance(path, str) else path
    found = document.member(*whole)
    container = document.member(*whole[:-1])
    text = document.text
    if not found or not container:
        return text
    start, end = found.start, found.end
    comma = re.compile(r"\s*,").match(document.bare, end)
    if comma:
        end = comma.end()
    elif found != document.parts(container)[0]:
        before = document.bare.rindex(",", 0, start)
        text = text[:before] + text[before + 1 :]
        start, end = start - 1, end - 1
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[^\S\n]*\n").match(text, end)
    if line and rest and not text[line:start].strip():
        return text[:line] + text[rest.end() :]
    return text[:start] + text[end:].removeprefix(" ")


def prune(text: str, path: Path, file: str) -> str:
    """Return the text without the empty arrays and objects on `path`, from its end upwards."""
    for length in range(len(path), 0, -1):
        document = read(text, file)
        found = document.member(*path[:length])
        if found is None or found.value not in ({}, []):
            break
        text = remove(document, path[:length])
    return text


def _replaced(document: Document, found: Part, value: object) -> str:
    text = document.text
    written = _written(value, _indent(text, found.start))
    return text[: found.value_start] + written + text[found.end :]


def _inserted(document: Document, container: Part, key: str, value: object) -> str:
    """Return the text with a new first part in an object or array."""
    text, parts = document.text, document.parts(container)
    if not parts:
        at = container.value_start + 1
        outer = _indent(text, container.start)
        broken = "\n" in document.bare[at : container.end]
        end = "" if broken else f"\n{outer}"
        return f"{text[:at]}\n{outer}  {key}{_written(value, outer + '  ')}{end}{text[at:]}"
    first = parts[0].start
    line = text.rfind("\n", 0, first) + 1
    indent = text[line:first]
    if line and not indent.strip():
        return f"{text[:line]}{indent}{key}{_written(value, indent)},\n{text[line:]}"
    return f"{text[:first]}{key}{json.dumps(value, ensure_ascii=False)}, {text[first:]}"


def _written(value: object, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent(text: str, at: int) -> str:
    line = text.rfind("\n", 0, at) + 1
    found = re.compile(r"[^\S\n]*").match(text, line)
    return found.group() if found else ""


def _parts(strict: str, at: int, *, keyed: bool) -> Iterator[Part]:
    decoder = json.JSONDecoder()
    index = 0
    while True:
        at = _skip(strict, at, " \t\r\n,")
        if strict[at] in "}]":
            return
        start, key = at, index
        if keyed:
            key, at = decoder.raw_decode(strict, at)
        value_start = _skip(strict, at, " \t\r\n:") if keyed else at
        value, at = decoder.raw_decode(strict, value_start)
        yield Part(key, start, value_start, at, value)
        index += 1


def _no_key_twice(document: Document, of: Part, file: str) -> None:
    parts = document.parts(of)
    for part in parts:
        if sum(other.key == part.key for other in parts) > 1:
            line = document.text.count("\n", 0, part.start) + 1
            raise _unreadable(file, line, f'the key "{part.key}" is there twice')
        _no_key_twice(document, part, file)


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
