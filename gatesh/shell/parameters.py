"""`${x…}`: what an operator makes of a value that is known."""

from __future__ import annotations

import re

from gatesh.shell.arithmetic import calculate
from gatesh.shell.atoms import ALL, HIDDEN, PLAIN, VALUE
from gatesh.shell.patterns import LONGEST, LONGEST_SEARCHED, parts_of, replaced, without

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.shell.atoms import Atom
    from gatesh.shell.patterns import One

_REMOVES = re.compile(r"##|#|%%|%")
_REPLACES = re.compile(r"//|/#|/%|/")
_CASES: dict[str, Callable[[str], str]] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": lambda text: text[:1].upper() + text[1:],
    ",": lambda text: text[:1].lower() + text[1:],
    "@U": str.upper,
    "@L": str.lower,
    "@u": lambda text: text[:1].upper() + text[1:],
}


def operated(
    value: str,
    rest: str,
    atoms: Callable[[int, int], list[Atom]],
    get: Callable[[str], str | None],
) -> str | None:
    """Return what `${NAME` + `rest` + `}` is for a known value; None where it cannot be told.

    `atoms` reads a slice of `rest` as a word; `get` knows the variables.
    """
    if len(value) > LONGEST or not value.isascii():
        return None  # what a character is depends on the locale
    if rest in _CASES:
        return _CASES[rest](value)
    removes = _REMOVES.match(rest)
    if removes:
        parts = _parts(atoms(removes.end(), len(rest)))
        return None if parts is None else without(value, removes.group(), parts)
    replaces = _REPLACES.match(rest)
    if replaces:
        return _replace(value, rest, replaces, atoms)
    if rest[:1] == ":":
        return _slice(value, rest[1:], get)
    return None


def _parts(atoms: list[Atom]) -> list[One] | None:
    if any(a.kind in (HIDDEN, ALL) or (a.kind == PLAIN and a.text[0] == "~") for a in atoms):
        return None
    return parts_of([(char, atom.kind in (PLAIN, VALUE)) for atom in atoms for char in atom.text])


def _replace(
    value: str, rest: str, operator: re.Match[str], atoms: Callable[[int, int], list[Atom]]
) -> str | None:
    """`${x/pattern/text}`; quotes and `&` in the text mean different things to different versions."""
    start = operator.end()
    slash = rest.find("/", start)
    pattern = rest[start:slash] if slash >= 0 else rest[start:]
    by = rest[slash + 1 :] if slash >= 0 else ""
    if slash >= 0 and re.search(r"[\[\\'\"$`]", pattern):
        return None  # the slash may belong to the pattern
    if operator.group() in ("/#", "/%") and slash >= 0 and not pattern:
        text = atoms(slash + 1, len(rest))
        if re.search(r"[\\'\"&~]", by) or any(a.kind in (HIDDEN, ALL) for a in text):
            return None
        added = "".join(a.text for a in text)
        plain = not re.search(r"[&\\]", added)
        return None if not plain else added + value if operator.group() == "/#" else value + added
    if not pattern or re.search(r"[\\'\"&~]", by) or len(value) > LONGEST_SEARCHED:
        return None
    parts = _parts(atoms(start, start + len(pattern)))
    text = atoms(slash + 1, len(rest)) if slash >= 0 else []
    if parts is None or any(
        a.kind in (HIDDEN, ALL) or "&" in a.text or "\\" in a.text for a in text
    ):
        return None
    return replaced(value, operator.group(), parts, "".join(a.text for a in text))


def _slice(value: str, rest: str, get: Callable[[str], str | None]) -> str | None:
    """`${x:offset}`, `${x:offset:length}`."""
    first, colon, second = rest.partition(":")
    if "?" in rest or ":" in second or not first.strip():
        return None
    start = calculate(first, get)
    count = calculate(second, get) if colon else len(value)
    if start is None or count is None:
        return None
    if start < 0:
        start += len(value)
        if start < 0:
            return ""
    end = start + count if count >= 0 else len(value) + count
    if start > len(value):
        return ""
    return value[start:end] if end >= start else None
