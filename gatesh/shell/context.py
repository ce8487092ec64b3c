"""What holds for all commands of a text while it is walked through."""

from __future__ import annotations

from gatesh.model import Origin
from gatesh.shell.reading import Feed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word
    from gatesh.shell.sink import Sink


class Context:
    """What holds for all commands of a text: where they were found and what surrounds them."""

    __slots__ = ("depth", "feed", "origin", "piped_in", "prefixes", "remote", "sink")

    def __init__(
        self,
        origin: Origin = Origin.DIRECT,
        prefixes: tuple[str, ...] = (),
        remote: str = "",
        depth: int = 0,
    ) -> None:
        """Start with nothing on standard input."""
        self.origin = origin
        self.prefixes = prefixes
        self.remote = remote
        self.depth = depth
        self.feed = Feed(None)
        self.sink: Sink | None = None  # who wants to know what is printed
        self.piped_in = False

    def but(self, origin: Origin | None = None) -> Context:
        """Return a copy, with another origin."""
        twin = Context(origin or self.origin, self.prefixes, self.remote, self.depth)
        twin.feed, twin.piped_in, twin.sink = self.feed, self.piped_in, self.sink
        return twin

    @property
    def stdin(self) -> Word | None:
        """The text on standard input, from its beginning."""
        return self.feed.word

    @stdin.setter
    def stdin(self, word: Word | None) -> None:
        self.feed = Feed(word)
