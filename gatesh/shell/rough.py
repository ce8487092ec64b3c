"""A line that cannot be read, looked at roughly: which words in it may be programs, guessed high."""

from __future__ import annotations

import re

_WORD = r"[^\s;&|(){}<>$`'\"\\=,]+"
MOST_NAMES = 2000


def names(text: str) -> tuple[str, ...]:
    """Return the base names of all that may be a program, also with the quotes taken out of words."""
    found: dict[str, None] = {}
    for each in (text, re.sub(r"\\\n|['\"\\]", "", text)):
        for match in re.finditer(_WORD, each):
            found[match.group().rsplit("/", 1)[-1]] = None
            if len(found) >= MOST_NAMES:
                break
    found.pop("", None)
    return tuple(found)
