"""Brace expansion: `{a,b}` and `{1..3}`, the first thing that happens to a word."""

from __future__ import annotations

import itertools
import re

from gatesh.shell.atoms import PLAIN, QUOTED, Atom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FIELDS = 512  # of one word with braces
MOST_BRACES = 64

_SEQUENCE = r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.(-?\d{1,6}))?"


def expand_braces(atoms: list[Atom]) -> list[list[Atom]] | None:
    """Return the words that `{a,b}` and `{1..3}` make of one; None where they are too many."""
    opening = [i for i, a in enumerate(atoms) if a.kind == PLAIN and "{" in a.text]
    if not opening:
        return [atoms]
    letters: list[Atom] = []
    for atom in atoms:
        if atom.kind == PLAIN:
            letters += [Atom(c, PLAIN) for c in atom.text]
        else:
            letters.append(atom)
    expanded = _braces(letters, [MOST_BRACES])
    if expanded is None:
        return None
    return [_merge(each) for each in expanded]


def _merge(letters: list[Atom]) -> list[Atom]:
    merged: list[Atom] = []
    for atom in letters:
        if merged and atom.kind == PLAIN == merged[-1].kind:
            merged[-1] = Atom(merged[-1].text + atom.text, PLAIN)
        else:
            merged.append(atom)
    return merged


def _braces(letters: list[Atom], left: list[int]) -> list[list[Atom]] | None:
    """Expand the first brace of `letters`, and then what is behind it; `left` bounds the work."""
    left[0] -= 1
    if left[0] < 0:
        return None
    for start, end, parts in _alternatives(letters):
        behind = _braces(letters[end + 1 :], left)
        if behind is None:
            return None
        result = []
        for part in parts:
            inner = _braces(part, left)
            if inner is None:
                return None
            result += [letters[:start] + i + b for i in inner for b in behind]
            if len(result) > MOST_FIELDS:
                return None
        return result
    return [letters]


def _alternatives(letters: list[Atom]) -> Iterator[tuple[int, int, list[list[Atom]]]]:
    """Yield each brace that means something: where it opens, where it closes, and what its parts are."""
    opened: list[list[int]] = []  # of each open brace: its place, and those of its commas
    closed: list[tuple[list[int], int]] = []
    for i, atom in enumerate(letters):
        if atom.kind != PLAIN or atom.text not in ("{", ",", "}"):
            continue
        if atom.text == "{":
            opened.append([i])
        elif opened and atom.text == ",":
            opened[-1].append(i)
        elif opened:
            closed.append((opened.pop(), i))
    for places, end in sorted(closed):
        if len(places) > 1:
            edges = [*places, end]
            yield places[0], end, [letters[a + 1 : b] for a, b in itertools.pairwise(edges)]
        else:
            sequence = _sequence(letters[places[0] + 1 : end])
            if sequence:
                yield places[0], end, sequence


def _sequence(letters: list[Atom]) -> list[list[Atom]] | None:
    """Expand `1..5`, `a..e` and `1..9..2`."""
    if len(letters) > 24 or any(a.kind != PLAIN for a in letters):
        return None
    match = re.fullmatch(_SEQUENCE, "".join(a.text for a in letters))
    if not match:
        return None
    first, last, step = match.groups()
    by = abs(int(step)) if step and int(step) else 1
    if first.isalpha() != last.isalpha():
        return None
    low, high = (ord(first), ord(last)) if first.isalpha() else (int(first), int(last))
    numbers = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    if len(numbers) > MOST_FIELDS:
        numbers = range(low, low + MOST_FIELDS + 1)  # too many: the caller gives up
    if first.isalpha():
        return [[Atom(chr(n), QUOTED)] for n in numbers]
    padded = any(len(x.lstrip("-")) > 1 and x.lstrip("-")[0] == "0" for x in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [[Atom(f"{n:0{width}d}" if width else str(n), QUOTED)] for n in numbers]
