"""The files that a text in Ruby, Perl, PHP, Lua or R loads by their place, and what of them is called.

Only what stands in the project counts: an installed library is known by its name. Of a loaded file, what
is defined and never named by whoever loads it says nothing.
"""

from __future__ import annotations

import os.path
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = r"(?:__DIR__|dirname\(__FILE__\)|File\.dirname\(__FILE__\)|File\.join\(__dir__|__dir__)"
_TEXT = (
    rf"[\s(]{{1,8}}(?P<here>{_HERE}\s{{0,8}}[.+,]\s{{0,8}})?"
    r"(?P<q>['\"])(?P<name>[^'\"\n$#]{1,200})(?P=q)"
)
_LOADS = {
    "ruby": rf"\b(?P<how>require_relative|require|load|autoload\s+:\w+,){_TEXT}",
    "perl": rf"\b(?P<how>require|do){_TEXT}"
    r"|(?:^|;)[ \t]{0,40}(?:use|require)[ \t]{1,8}(?P<module>[A-Z]\w*(?:::\w+)*)",
    "php": rf"\b(?P<how>(?:include|require)(?:_once)?){_TEXT}",
    "lua": rf"\b(?P<how>dofile|loadfile|require){_TEXT}",
    "r": rf"\b(?P<how>source){_TEXT}",
}
_ENDINGS = {"ruby": ".rb", "perl": ".pm", "lua": ".lua"}
_PERL_FOLDER = re.compile(
    r"\buse[ \t]{1,8}lib[ \t]{1,8}(?:qw)?[('\"\s]{1,8}(?:\$FindBin::Bin/)?([\w./-]+)"
)
# The first line of a definition that goes on below, and how its last line begins, as far in as the first.
_DEFINED = {
    "ruby": (re.compile(r"([ \t]*)def\s+(?:self\.)?(\w+[?!]?)(?!.*(?:[;=]|\bend\b))"), "end"),
    "perl": (re.compile(r"([ \t]*)sub\s+(\w+)[^{}]*\{\s*$"), "}"),
    "php": (re.compile(r"([ \t]*)(?:\w+\s+){0,4}function\s+(\w+)[^{};]*\{?\s*$"), "}"),
    "lua": (
        re.compile(r"([ \t]*)(?:local\s+)?function\s+(?:\w+[.:]){0,4}(\w+)(?!.*(?:;|\bend\b))"),
        "end",
    ),
    "r": (re.compile(r"([ \t]*)(\w+)\s*(?:<-|=)\s*function[^{};]*\{\s*$"), "}"),
}


def loaded(text: str, language: str, path: str, cwd: str) -> Iterator[str]:
    """Yield where the files may stand that a text loads, the likeliest first."""
    if language not in _LOADS:
        return
    beside = os.path.dirname(path) if path else cwd
    found = _PERL_FOLDER.findall(text) if language == "perl" else []
    folders = [cwd, beside, *(os.path.join(base, f) for f in found for base in (cwd, beside))]
    for match in re.finditer(_LOADS[language], text, re.MULTILINE):
        groups = match.groupdict()
        name = groups["name"] or groups["module"].replace("::", "/") + ".pm"
        if groups["name"] is None and not found:
            continue  # without `use lib` only what is installed
        if groups["how"] == "require_relative" or groups["here"]:
            places = [beside]
        elif language == "ruby" and groups["how"] == "require" and name[:1] not in "./":
            continue  # a library
        else:
            places = folders
        ending = _ENDINGS.get(language, "")
        if language == "lua" and groups["how"] == "require":
            name = name.replace(".", "/")
        for place in dict.fromkeys(places):
            base = os.path.normpath(
                os.path.join(place, name.lstrip("/") if groups["here"] else name)
            )
            yield base
            if ending and not base.endswith(ending):
                yield base + ending


def used(text: str, language: str, names: frozenset[str]) -> str:
    """Return a loaded text without the definitions that nobody names."""
    kept, defined = _apart(text.split("\n"), *_DEFINED[language])
    called = names | _words(kept)
    while found := [name for name in defined if name.rstrip("?!") in called]:
        lines = [line for name in found for line in defined.pop(name)]
        called |= _words(lines)
        kept += lines
    return "\n".join(kept)


def _words(lines: list[str]) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", "\n".join(lines)))


def _apart(
    lines: list[str], begins: re.Pattern[str], end: str
) -> tuple[list[str], dict[str, list[str]]]:
    """Part the definitions from the rest; one that is not laid out as everybody does belongs to the rest."""
    kept: list[str] = []
    defined: dict[str, list[str]] = {}
    current: list[str] = []
    name = margin = ""
    for line in lines:
        inside = not line.strip() or line.startswith((margin + " ", margin + "\t"))
        if current and (inside or line == margin + "{"):
            current.append(line)
        elif current and line.rstrip(" \t\r;") == margin + end:
            defined.setdefault(name, []).extend((*current, line))
            current = []
        else:
            kept += current
            current = []
            if found := begins.match(line):
                margin, name, current = found[1], found[2], [line]
            else:
                kept.append(line)
    return kept + current, defined
