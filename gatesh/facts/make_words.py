"""Make's text functions: what `$(patsubst %.c,%.o,a.c)` is, where its arguments can be known.

A part nobody knows (amounts.unseen) may be any number of words: what depends on it stays unknown.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.amounts import is_seen, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 20_000  # characters of one value
_MARK = re.compile("\0(\\w*)\0")

# so many arguments at most: what follows belongs to the last
ARGUMENTS = {
    **dict.fromkeys("subst patsubst foreach if let wordlist".split(), 3),
    **dict.fromkeys("filter filter-out findstring join addprefix addsuffix word file".split(), 2),
    **dict.fromkeys("strip sort words firstword lastword dir notdir suffix basename".split(), 1),
    **dict.fromkeys("wildcard realpath abspath value eval origin flavor shell guile".split(), 1),
    **dict.fromkeys("error warning info".split(), 1),
    **dict.fromkeys("call or and".split(), 1000),
}


def unknown(*texts: str) -> str:
    """Return the mark for what depends on a part of these that is not known."""
    found = next((m[1] for text in texts for m in _MARK.finditer(text)), "")
    return unseen(found)


def closing(text: str, at: int) -> int:
    """Return where the reference that opens at `at` is closed; the end where it is not."""
    opened, deep = text[at], 0
    closed = ")" if opened == "(" else "}"
    for place in range(at, len(text)):
        deep += (text[place] == opened) - (text[place] == closed)
        if not deep:
            return place
    return len(text)


def arguments(text: str, most: int, opened: str = "(") -> list[str]:
    """Return what a function is given: parts between commas that stand in no brackets of its kind."""
    found: list[str] = []
    start = deep = 0
    closed = ")" if opened == "(" else "}"
    for at, char in enumerate(text):
        deep += (char == opened) - (char == closed)
        if char == "," and deep == 0 and len(found) < most - 1:
            found.append(text[start:at])
            start = at + 1
    return [*found, text[start:]]


def found_outside(text: str, wanted: str) -> int:
    """Return where one of the characters stands outside of references and unescaped; -1 where none does."""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "$" and text[at + 1 : at + 2] in ("(", "{"):
            at = closing(text, at + 1)
        elif char == "\\" and text[at + 1 : at + 2] in (*wanted, "\\"):
            at += 1
        elif char in wanted:
            return at
        at += 1
    return -1


def parts(pattern: str) -> tuple[str, str, str]:
    """Return what stands before the first % of a pattern, "%" or "", and what stands behind it."""
    found = re.match(r"((?:[^%\\]|\\.)*?)%(.*)", pattern, re.DOTALL)
    if found is None:
        return pattern.replace("\\%", "%"), "", ""
    return found[1].replace("\\%", "%"), "%", found[2]


def stem(word: str, pattern: str) -> str | None:
    """Return what % stands for where a word fits a pattern; None where it does not."""
    start, percent, end = parts(pattern)
    if not percent:
        return "" if word == start else None
    fits = word.startswith(start) and word.endswith(end) and len(word) >= len(start) + len(end)
    return word[len(start) : len(word) - len(end)] if fits else None


def replaced(words: str, pattern: str, replacement: str) -> str:
    """Return the words, those that fit the pattern as the replacement says."""
    if not is_seen(pattern) or not is_seen(replacement):
        return unknown(pattern, replacement)

    def one(word: str) -> str:
        found = stem(word, pattern)
        if found is None:
            return word
        start, percent, end = parts(replacement)
        return f"{start}{found}{end}" if percent and "%" in pattern else f"{start}{percent}{end}"

    return _each(words, one)


def _each(words: str, one: Callable[[str], str]) -> str:
    """Return the words, each as `one` makes it; a word with an unseen part is unseen then."""
    return " ".join(one(w) if is_seen(w) else unknown(w) for w in words.split())


def _directory(word: str) -> str:
    return word[: word.rfind("/") + 1] or "./"


def _suffix(word: str) -> str:
    dot = word.rfind(".")
    return word[dot:] if dot > word.rfind("/") else ""


def _added(given: list[str]) -> str:
    """`addprefix`: a prefix stays in front of a word of which something is known."""
    return " ".join(given[0] + word for word in given[1].split())


def _chosen(given: list[str], *, kept: bool) -> str:
    patterns = given[0].split()
    return " ".join(
        w for w in given[1].split() if any(stem(w, p) is not None for p in patterns) is kept
    )


def _counted(text: str) -> int:
    return int(text) if re.fullmatch(r"\s*\d{1,6}\s*", text, re.ASCII) else 0


def _joined(given: list[str]) -> str:
    one, other = given[0].split(), given[1].split()
    longest = max(len(one), len(other))
    one, other = ([*side, *[""] * (longest - len(side))] for side in (one, other))
    return " ".join(map(str.__add__, one, other))


_MAPPED: dict[str, Callable[[str], str]] = {
    "dir": _directory,
    "notdir": lambda word: word[word.rfind("/") + 1 :],
    "suffix": _suffix,
    "basename": lambda word: word.removesuffix(_suffix(word)),
}
_WHOLLY: dict[str, Callable[[list[str]], str]] = {  # known where all of their arguments are
    "subst": lambda given: (
        given[2].replace(given[0], given[1]) if given[0] else given[2] + given[1]
    ),
    "findstring": lambda given: given[0] if given[0] in given[1] else "",
    "filter": lambda given: _chosen(given, kept=True),
    "filter-out": lambda given: _chosen(given, kept=False),
    "word": lambda given: " ".join(
        given[1].split()[_counted(given[0]) - 1 :][: _counted(given[0]) > 0]
    ),
    "wordlist": lambda given: " ".join(
        given[2].split()[max(_counted(given[0]), 1) - 1 : _counted(given[1])]
    ),
    "words": lambda given: str(len(given[0].split())),
    "firstword": lambda given: "".join(given[0].split()[:1]),
    "lastword": lambda given: "".join(given[0].split()[-1:]),
    "join": _joined,
}


def text_of(function: str, given: list[str]) -> str | None:
    """Return what a function of texts makes of its arguments; None where it is none of these."""
    given = [*given, "", ""]
    if function == "patsubst":
        found = replaced(given[2], given[0].strip(), given[1])
    elif function in _MAPPED:
        found = _each(given[0], _MAPPED[function])
        found = " ".join(found.split()) if function == "suffix" else found
    elif function == "strip":
        found = " ".join(given[0].split())
    elif function == "sort":
        found = " ".join(sorted(set(given[0].split())))
    elif function == "addprefix":
        found = _added(given)
    elif function == "addsuffix":
        found = " ".join(word + given[0] for word in given[1].split())
    elif function in _WHOLLY:
        found = _WHOLLY[function](given) if all(map(is_seen, given)) else unknown(*given)
    else:
        return None
    return found if len(found) <= _MOST else unknown(found)


def absolute(words: str, folder: str, real: Callable[[str], str] | None = None) -> str:
    """Return `abspath`, or `realpath` where `real` follows links."""

    def one(word: str) -> str:
        path = os.path.normpath(os.path.join(folder, word))
        return real(path) if real else path

    return " ".join(_each(words, one).split())
