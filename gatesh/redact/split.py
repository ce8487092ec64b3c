"""A rough splitting of any text into words, as a shell would quote them.

For redaction alone: it never fails, and what it gets wrong hides a little too much or too little. What runs
is decided by gatesh.shell, never by this.
"""

from __future__ import annotations

import re

from gatesh._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<end>[;|&\n()`]|\$\()|(?P<space>[ \t\r\f\v]+)|(?P<less>[<>])"""
    r"""|(?P<word>(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\\.?|[^\s;|&()<>`"'\\$]|\$(?!\())+)""",
    re.DOTALL,
)
_QUOTES = re.compile(r"""(?s)"((?:[^"\\]|\\.)*)"?|'([^']*)'?|\\(.?)|([^"'\\]+)""")


class Piece(Value):
    """One word: its text without quotes, and where it stands."""

    text: str
    start: int
    end: int
    source: str

    def cover(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `start` to `end` of `text` stand; quotes around them stay."""
        if self.text == self.source:
            return self.start + start, self.start + end
        first, last, seen = self.start, self.end, 0
        for found in _QUOTES.finditer(self.source):
            inside, after = found.span(found.lastindex or 0)
            length = after - inside
            if seen <= start < seen + length:
                first = self.start + inside + start - seen
                if end > seen + length and start == seen:
                    first = (
                        self.start + found.start()
                    )  # it goes on behind the quote: take both quotes
                if end <= seen + length:
                    return first, self.start + inside + end - seen
            elif seen < end <= seen + length:
                last = self.start + (found.end() if end == seen + length else inside + end - seen)
            seen += length
        return first, last


def split(text: str) -> Iterator[list[Piece]]:
    """Yield the words of each simple command, roughly."""
    pieces: list[Piece] = []
    for found in _TOKEN.finditer(text):
        if found["word"] is not None:
            source = found["word"]
            pieces.append(Piece(_dequoted(source), found.start(), found.end(), source))
        elif found["end"] is not None and pieces:
            yield pieces
            pieces = []
    if pieces:
        yield pieces


def _dequoted(source: str) -> str:
    if '"' not in source and "'" not in source and "\\" not in source:
        return source
    return "".join(found[found.lastindex or 4] or "" for found in _QUOTES.finditer(source))
