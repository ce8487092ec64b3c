"""The records of a tree: those of lines as durable as ever, those of harmless programs below them cheap."""

from __future__ import annotations

import threading

from gatesh.model import Door, Ran, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.audit.record import Row
    from gatesh.audit.store import SqliteLog
    from gatesh.audit.tree import TreeLog
    from gatesh.model import (
        Answer,
        Asker,
        CommandLine,
        Decision,
        Inspection,
        Outcome,
        Refused,
    )


class Records:
    """The two logs of a session; TreeLog belongs to the thread that made this."""

    def __init__(self, log: SqliteLog, tree: TreeLog, asker: Asker) -> None:
        """Keep them, and who submits."""
        self._log, self._tree, self._asker = log, tree, asker
        self._thread = threading.get_ident()

    def below(self, above: int) -> Below:
        """Return the log for one program that runs below the record `above`."""
        return Below(self, self._log, above)

    def begin(self, row: Row, matches: list[Row], door: Door) -> int:
        """Commit a begin row: of a harmless program without waiting for the disk."""
        if door is Door.EXEC and not matches and threading.get_ident() == self._thread:
            return self._tree.add(row)
        return self._log.add(self._asker, row, matches)

    def again(self, row: Row, door: Door) -> int:
        """Commit the begin row of a program that is known."""
        return self.begin(row, [], door)

    def end(self, record: int, outcome: Ran | Refused) -> None:
        """Write an end row: soon, where the program ran."""
        if isinstance(outcome, Ran):
            self._tree.end(record, outcome)
        else:
            self._log.end(record, outcome)

    def flush(self) -> None:
        """Write what waits for a quiet moment."""
        self._tree.flush()


class Below:
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
        row, matches = self._log.rows(line, asker, seen, decision, rules, brief=brief)
        row["above"] = self._above or None
        if allowed and not matches:
            self.row = row
        return self._records.begin(row, matches, line.door)

    def answer(self, record: int, answer: Answer) -> None:
        """Commit what a human, or nobody, said."""
        self._log.answer(record, answer)

    def end(self, record: int, outcome: Outcome) -> None:
        """Write the end row of what was refused."""
        self._log.end(record, outcome)

    def mac(self, data: bytes) -> str:
        """Return the keyed HMAC of `data`."""
        return self._log.mac(data)
