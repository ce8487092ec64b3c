"""What holds for all commands of a text while it is walked through."""

from __future__ import annotations

from gatesh.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word


class Context:
    """What holds for all commands of a text: where they were found and what surrounds them."""

    __slots__ = ("depth", "origin", "piped_in", "prefixes", "remote", "stdin")

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
        self.stdin: Word | None = None
        self.piped_in = False

    def but(self, origin: Origin | None = None) -> Context:
        """Return a copy, with another origin."""
        twin = Context(origin or self.origin, self.prefixes, self.remote, self.depth)
        twin.stdin, twin.piped_in = self.stdin, self.piped_in
        return twin
