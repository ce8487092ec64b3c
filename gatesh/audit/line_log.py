"""The log as one line's gate sees it: what its owner does not do in a way of its own, the log does."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.audit.past import SessionPast
    from gatesh.audit.store import SqliteLog
    from gatesh.model import Answer, Outcome


class LineLog:
    """gate.AuditLog but for `begin`, which is its owner's."""

    _log: SqliteLog

    def answer(self, record: int, answer: Answer) -> None:
        """Commit what a human, or nobody, said."""
        self._log.answer(record, answer)

    def end(self, record: int, outcome: Outcome) -> None:
        """Write the end row."""
        self._log.end(record, outcome)

    def mac(self, data: bytes) -> str:
        """Return the keyed HMAC of `data`."""
        return self._log.mac(data)

    def past(self, session: str) -> SessionPast:
        """Return what the log knows of a session, and of the uses of a secret."""
        return self._log.past(session)
