"""Lines that run now, by the process of their door: a line that comes back from below is known.

Some agents enter their shell twice for one command: their own wrapper starts it again with a text that stood
in the line. Such a text was read, recorded and, where it had to be, approved with that line. What the kernel
says counts, the pid behind the socket and its ancestors; each text of a line is known once.
"""

from __future__ import annotations

import threading

from gatesh.model import Verdict
from gatesh.policy import verdict_of
from gatesh.session import ancestry, process
from gatesh.shell.read import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import CommandLine, Decision, Match
    from gatesh.shell.tokens import Source


class Entry:
    """One line that runs: its record, and what of it may come back."""

    def __init__(self, record: int, line: CommandLine, approved: tuple[Match, ...]) -> None:
        """Keep them; the texts are made out when somebody asks."""
        self.record, self.approved = record, approved
        self._line = line
        self._texts: list[str] | None = None
        self._lock = threading.Lock()

    def holds(self, line: CommandLine) -> bool:
        """Claim that a line from below is a text of this one, in the same folder, and not known yet."""
        if line.cwd != self._line.cwd or line.sources or line.script or line.arguments[1:]:
            return False
        with self._lock:
            if self._texts is None:
                self._texts = _texts(self._line)
            return line.text in self._texts

    def take(self, line: CommandLine, decision: Decision) -> bool:
        """Claim that nothing of such a line has to be asked about any more; once for each text."""
        if not all(covered(found, self.approved) for found in decision.matches):
            return False
        with self._lock:
            if self._texts is None or line.text not in self._texts:
                return False
            self._texts.remove(line.text)
            return True

    def below(self, line: CommandLine) -> Entry:
        """Return what is known while such a line runs in turn: it has no record of its own."""
        return Entry(self.record, line, self.approved)


def covered(match: Match, approved: tuple[Match, ...]) -> bool:
    """Claim that nobody has to be asked about a match, or that a person approved the very same."""
    return verdict_of(match) is Verdict.ALLOW or any(_same(match, known) for known in approved)


def _same(match: Match, other: Match) -> bool:
    return all(
        getattr(match, field) == getattr(other, field)
        for field in ("rule", "severity", "say", "target", "names", "cannot_see", "deny")
    )


def _texts(line: CommandLine) -> list[str]:
    """Return the texts of nested shells in a line."""
    found: list[Source] = []
    reading = read(line, found)
    wrapped = [reading.wrapping.text] if reading.wrapping else []
    return [text for text in (*wrapped, *(one.text for one in found)) if text != line.text]


class Running:
    """The lines that doors run now."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._entries: dict[tuple[int, int], Entry] = {}

    def add(self, pid: int, entry: Entry) -> tuple[int, int] | None:
        """Know the line that the door `pid` is about to run; return the key to forget it by."""
        door = process(pid)
        if door is None:
            return None
        with self._lock:
            self._entries[pid, door.start] = entry
        return pid, door.start

    def forget(self, key: tuple[int, int] | None, entry: Entry) -> None:
        """Forget the line of a door, where it has not begun another."""
        with self._lock:
            if key and self._entries.get(key) is entry:
                del self._entries[key]

    def above(self, pid: int) -> Entry | None:
        """Return the nearest line that a process runs below."""
        with self._lock:
            if not self._entries:
                return None
            entries = dict(self._entries)
        found = (entries.get((one.pid, one.start)) for one in ancestry(pid)[1:])
        return next(filter(None, found), None)
