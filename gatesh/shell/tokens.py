"""What the scanner finds in a text: its tokens, the substitutions in them, and the text's skeleton.

The skeleton is the structure alone: each simple command is one `w`, each redirect of a compound command
`> w`, and the operators and reserved words stay. `a "$(b)" | while read x; do c >f; done` becomes
`{ w | while w ; do w ; done ; }`. bashlex reads that without ever seeing a quote, and every `w` leads back
to the tokens it stands for.
"""

from __future__ import annotations

from enum import IntEnum

from gatesh.model import Span


class Unreadable(Exception):  # noqa: N818  an answer, not an error: it becomes model.Unparsed
    """The text cannot be read with certainty; `start` is where that shows."""

    def __init__(self, reason: str, start: int) -> None:
        """Keep the reason and the place."""
        super().__init__(reason)
        self.reason = reason
        self.start = start


class TooMuch(Unreadable):
    """A limit was reached, or a word may run anything now: what stands beyond has not been looked at."""


class Source:
    """A text that is read, and where its characters stand in the submitted line.

    `base` is the offset of its first character there; -1 says that it was unquoted or computed, and that
    all of it comes from `span`.
    """

    __slots__ = ("arrays", "base", "pieces", "span", "text")

    def __init__(self, text: str, base: int, span: Span) -> None:
        """Start without pieces: the scanner adds them by the offset at which they begin."""
        self.text = text
        self.base = base
        self.span = span
        self.pieces: dict[int, Piece] = {}
        self.arrays: dict[int, list[tuple[int, int]]] = {}  # behind `=(` → its elements

    def where(self, start: int, end: int) -> Span:
        """Return where that slice stands in the submitted line."""
        if self.base < 0:
            return self.span
        return Span(self.base + start, self.base + end)


class Piece:
    """An expansion: `$(…)` `` `…` `` `<(…)` `${…}` `$((…))`; `inner` are the expansions inside it."""

    __slots__ = ("end", "inner", "opener", "region", "source", "start")

    def __init__(self, opener: str, start: int) -> None:
        """Note the start; the scanner fills in the rest when it has found the end."""
        self.opener = opener
        self.start = start
        self.end = start
        self.inner: tuple[Piece, ...] = ()
        self.region: Region | None = None  # of $(…) and <(…)
        self.source: Source | None = None  # of `…`: its text after unquoting


class Kind(IntEnum):
    """What a token is."""

    WORD = 0
    REDIRECT = 1  # `target` is the word after it
    HEREDOC = 2  # a redirect whose `body` stands below
    CONDITION = 3  # [[ … ]]: `operands` are its words
    ARITHMETIC = 4  # (( … ))
    NAME = 5  # for NAME, NAME ()
    PATTERN = 6  # case … in PATTERN)


class Token:
    """A word or redirect of the text, with the expansions in it."""

    __slots__ = (
        "body",
        "end",
        "fd",
        "kind",
        "op",
        "operands",
        "pieces",
        "quoted",
        "start",
        "target",
    )

    def __init__(self, kind: Kind, start: int, end: int, pieces: tuple[Piece, ...] = ()) -> None:
        """Set what every token has."""
        self.kind = kind
        self.start = start
        self.end = end
        self.pieces = pieces
        self.op = ""
        self.fd: int | None = None
        self.target: Token | None = None
        self.operands: list[Token] = []
        self.body = (0, 0)  # of a here-document
        self.quoted = False  # its delimiter was quoted: nothing in the body is expanded


class Region:
    """The tokens of one command text (the line, or the inside of `$(…)`) and its skeleton."""

    __slots__ = ("at", "end", "out", "run", "size", "start")

    def __init__(self, start: int) -> None:
        """Open the group that makes one unit of the text."""
        self.start = start
        self.end = start
        self.out = ["{"]
        self.size = 2
        self.at: dict[int, list[Token]] = {}  # offset of a `w` in the skeleton → what it stands for
        self.run: list[Token] | None = None  # the simple command that further words belong to

    def emit(self, text: str, token: Token | None = None) -> None:
        """Append to the skeleton; a `w` with its token."""
        self.run = None
        if token is not None:
            self.run = self.at[self.size] = [token]
        self.out.append(text)
        self.size += len(text) + 1

    def add(self, token: Token) -> None:
        """Add a word or redirect to the simple command that is open, or open one."""
        if self.run is None:
            self.emit("w", token)
        else:
            self.run.append(token)

    def part(self) -> None:
        """End the command before a closing word: bashlex wants the `;` that bash can do without."""
        if self.out[-1] not in SEPARATORS:
            self.emit(";")

    def skeleton(self) -> str:
        """Return what bashlex will read."""
        self.part()
        return " ".join(self.out) + " }"


SEPARATORS = frozenset(
    ("{", "(", ";", "&", "|", "&&", "||", "!", "if", "then", "elif", "else", "while", "until", "do")
)
