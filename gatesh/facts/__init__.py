"""Facts: what a simple command would do, read from its words by the tool's own grammar."""

from __future__ import annotations

from gatesh.model import CommandLine, Extent, Fact, SimpleCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    class Files(Protocol):
        """What facts may read of the file system. Paths are absolute; nothing is ever written."""

        def read(self, path: str, limit: int) -> bytes | None:
            """Return the content, or None where it cannot be read or is longer than `limit` bytes."""

        def kind(self, path: str) -> str:
            """Return "file", "directory", "link", "other" or "missing", without following a last link."""

        def real(self, path: str) -> str:
            """Return the path with every symbolic link resolved, existing or not."""

        def names(self, path: str, limit: int) -> list[str] | None:
            """Return the names in a folder; None where it cannot be read or holds more than `limit`."""

        def size(self, path: str) -> int:
            """Return the bytes of a file; 0 where it cannot be seen."""

    class Probe(Protocol):
        """Named read-only helpers in a child, with time and output limits."""

        def git_extent(self, path: str) -> Extent:
            """Return whether git can bring back everything at `path`; UNKNOWN where git cannot tell."""

        def repository(self, path: str) -> str:
            """Return the top of the git repository that holds `path`, or an empty string."""


class World:
    """What may be looked at while a line is considered: files, probes, and whose home it is."""

    def __init__(self, files: Files, probe: Probe, home: str) -> None:
        """Keep the ways out; `home` is the user's home in the password database."""
        self.files = files
        self.probe = probe
        self.home = home


def inspect(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[Fact]:
    """Return what `command` would do. Modules are imported only for the programs they know."""
    raise NotImplementedError
