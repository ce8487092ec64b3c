"""The records of a tree: all are committed before their program runs; who waits for the disk, and where.

What is promised to survive a power loss (lines, and whatever a rule spoke of) is committed like the rest and
then synced: in a thread of its own, so that the loop of the supervisor waits for a slow disk once at most.
"""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue

from gatesh.audit.line_log import LineLog
from gatesh.errors import AuditError
from gatesh.model import Door, Ran, Verdict
from gatesh.policy import outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.audit.record import Part, Row
    from gatesh.audit.store import SqliteLog
    from gatesh.audit.tree import TreeLog
    from gatesh.model import (
        Asker,
        CommandLine,
        Decision,
        Elevation,
        Inspection,
        Match,
        Opened,
        Refused,
    )


class Records:
    """The two logs of a session."""

    def __init__(
        self,
        log: SqliteLog,
        tree: TreeLog,
        outside: Callable[[int, Match], None] | None = None,
        elevated: Callable[[tuple[Elevation, ...], int], None] | None = None,
    ) -> None:
        """Keep them; `begin` does not wait for the disk in the thread that calls this.

        `outside` is told what is refused for leaving its scope, `elevated` what is let through by elevations.
        """
        self.outside, self.elevated = outside, elevated
        self._log, self._tree = log, tree
        self._thread = threading.get_ident()

    def below(self, above: int) -> Below:
        """Return the log for one program that runs below the record `above`."""
        return Below(self, self._log, above)

    def mac(self, data: bytes) -> str:
        """Return the keyed HMAC of `data` in hexadecimal."""
        return self._log.mac(data)

    def rows(
        self, line: CommandLine, asker: Asker, seen: Inspection, decision: Decision, rules: str
    ) -> tuple[Row, list[Part]]:
        """Return what `begin` takes; raises AuditError."""
        return self._log.rows(line, asker, seen, decision, rules)

    def begin(self, row: Row, parts: list[Part]) -> int:
        """Commit a begin row; in the loop's thread without waiting for the disk, which `sync` does."""
        number = self._tree.add(row, parts)
        if threading.get_ident() != self._thread:
            self._tree.sync()
        return number

    def sync(self) -> None:
        """Wait until every begin row is on the disk; raises AuditError. For any thread."""
        self._tree.sync()

    def end(self, record: int, outcome: Ran | Refused) -> None:
        """Write an end row: soon, where the program ran."""
        if isinstance(outcome, Ran):
            self._tree.end(record, outcome)
        else:
            self._log.end(record, outcome)

    def flush(self) -> None:
        """Write what waits for a quiet moment."""
        self._tree.flush()


def durable(opened: Opened) -> bool:
    """Claim that the row of a program must survive a power loss: it is a line's, or more than harmless."""
    spoken_of = opened.decision.matches or opened.seen.elevations
    return opened.line.door is not Door.EXEC or bool(spoken_of)


_QUICK_S = 0.0005  # about what it costs to hand a sync to another thread, and to hear of its end


class Syncs:
    """Programs that wait for the disk: one sync for all that came while the last one ran."""

    def __init__(self, records: Records) -> None:
        """Start the thread."""
        self._records = records
        self._took = 1.0  # seconds, of the last one
        self._waiting: SimpleQueue[Callable[[AuditError | None], None]] = SimpleQueue()
        threading.Thread(target=self._serve, name="sync", daemon=True).start()

    def at_once(self) -> bool:
        """Sync here and now, where the disk was quick the last time; return whether that is done."""
        if self._took >= _QUICK_S:
            return False
        try:
            self._sync()
        except AuditError:
            return False  # and so it stays: the thread will meet it too, and say so
        return True

    def add(self, done: Callable[[AuditError | None], None]) -> None:
        """Have `done` called, in that thread, once all that is committed now is on the disk, or failed."""
        self._waiting.put(done)

    def _serve(self) -> None:
        while True:
            together = [self._waiting.get()]
            while not self._waiting.empty():
                together.append(self._waiting.get())
            failed = None
            try:
                self._sync()
            except AuditError as error:
                failed = error
            for done in together:
                done(failed)

    def _sync(self) -> None:
        began = time.monotonic()
        self._records.sync()
        self._took = time.monotonic() - began


class Below(LineLog):
    """gate.AuditLog for one program; `row` is its row where it was let through and nothing matched."""

    def __init__(self, records: Records, log: SqliteLog, above: int) -> None:
        """Keep where it belongs."""
        self._records, self._log, self._above = records, log, above
        self.row: Row | None = None

    def begin(
        self, line: CommandLine, asker: Asker, seen: Inspection, decision: Decision, rules: str
    ) -> int:
        """Commit the begin row."""
        allowed = decision.verdict is Verdict.ALLOW
        brief = allowed and line.door is Door.EXEC and not decision.matches
        row, parts = self._log.rows(line, asker, seen, decision, rules, brief=brief)
        row["above"] = self._above or None
        if allowed and not decision.matches and not seen.elevations:
            self.row = row
        number = self._records.begin(row, parts)
        if seen.elevations and self._records.elevated:
            self._records.elevated(seen.elevations, number)
        left = outside(decision) if decision.verdict is Verdict.DENY else None
        if left and self._records.outside:
            self._records.outside(number, left)
        return number
