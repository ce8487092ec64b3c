"""A line that cannot be read, looked at roughly: which words in it may be programs, guessed high."""

from __future__ import annotations

import re

_WORD = r"[^\s;&|(){}<>$`'\"\\=,]+"
MOST_NAMES = 2000
# Expansions, globs and braces within a word, and what takes its code from elsewhere.
_HIDING = r"""(?x)
    [$`] | [A-Za-z][*?[{] | []*?}][A-Za-z] | (?:^|[;&|(\n])\s*\.\s
    | (?<![\w./-])(?:(?:ba|da|z|k)?sh|eval|source|trap|xargs|parallel|python3?|perl|ruby|node)(?![\w.-])
"""


def names(text: str) -> tuple[str, ...]:
    """Return the base names of all that may be a program, also with the quotes taken out of words."""
    found: dict[str, None] = {}
    for each in (text, _unquoted(text)):
        for match in re.finditer(_WORD, each):
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
    return re.sub(r"\\\n|['\"\\]", "", text)
