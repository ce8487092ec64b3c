"""The characters of a word while it is expanded, and how they came about."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word

# How the characters of an atom came about.
PLAIN = 0  # as written: globs, braces and tildes mean something
QUOTED = 1
VALUE = 2  # of an unquoted expansion: will be split, and globs mean something
HIDDEN = 3  # nobody knows what it becomes
ALL = 4  # "$@", "${a[@]}": `words` are what it becomes, where that is known
KNOWN = 5  # of an expansion inside double quotes


class Atom:
    """Characters of one kind."""

    __slots__ = ("kind", "text", "words")

    def __init__(self, text: str, kind: int, words: tuple[Word, ...] | None = None) -> None:
        """Keep them."""
        self.text = text
        self.kind = kind
        self.words = words
