"""A text looked at roughly: which words may be programs, and whether it may have been misread. Guessed high."""

from __future__ import annotations

import re

from gatesh.model import Unparsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Reading
    from gatesh.shell.tokens import Source

_WORD = re.compile(r"[^\s;&|(){}<>$`'\"\\=,]+")
MOST_NAMES = 2000
# Expansions, globs and braces within a word, and what takes its code from elsewhere.
_HIDING = r"""(?x)
    [$`] | [A-Za-z][*?[{] | []*?}][A-Za-z] | (?:^|[;&|(\n])\s*\.\s
    | (?<![\w./-])(?:(?:ba|da|z|k)?sh|eval|source|trap|xargs|parallel|python3?|perl|ruby|node)(?![\w.-])
"""
_MOST_READ_TWICE = 32 << 10  # characters of a line that our reader gave up
# One of these is in every construct that our scanner reads without a parser's help (see second.py).
_MARKS = (
    "<<", "`", "[[", "((", "${", "$'", '$"', "'$", '"$', "case", "select", "coproc", "function", "time", "(",
    "#", "\\\n",
)  # fmt: skip


def names(text: str) -> tuple[str, ...]:
    """Return the base names of all that may be a program, also with the quotes taken out of words."""
    found: dict[str, None] = {}
    for each in (text, _unquoted(text)):
        for match in _WORD.finditer(each):
            found[match.group().rsplit("/", 1)[-1]] = None
            if len(found) >= MOST_NAMES:
                break
    found.pop("", None)
    return tuple(found)


def hides(text: str, reason: str) -> bool:
    """Claim that bash may run a program from this text whose name stands nowhere in it.

    A quote that is open at the end is one for bash as well: it runs nothing from there on.
    """
    if reason in ("a ' is not closed", 'a " is not closed') and "alias" not in text:
        return False
    return any(re.search(_HIDING, each) for each in (text, _unquoted(text)))


def _unquoted(text: str) -> str:
    for mark in ("\\\n", "'", '"', "\\"):  # no expression: the caller may be out of stack
        text = text.replace(mark, "")
    return text


def may_be_misread(reading: Reading, texts: list[Source]) -> bool:
    """Claim that a second reader should look at a line; quick, and never too low."""
    if isinstance(reading, Unparsed):
        return sum(len(source.text) for source in texts) <= _MOST_READ_TWICE
    return any(is_marked(source.text) for source in texts)


def is_marked(text: str) -> bool:
    """Claim that a text may hold a construct that our scanner reads alone."""
    return any(mark in text for mark in _MARKS)
