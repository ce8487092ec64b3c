"""The audit log in SQLite: rows are added, never changed; a begin row is on the disk when `begin` returns.

Manners: one connection, every transaction begun with BEGIN IMMEDIATE, `synchronous=FULL` for what is
promised (begin, answer) and NORMAL for what is courteous (end, alert). Whatever fails becomes an AuditError,
so that a door has one thing to catch before it runs nothing. Imports nothing heavy: it is on the way of
every `gatesh -c`.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock

from gatesh import __version__
from gatesh.audit.database import (
    BUSY_S,
    SqliteError,
    begin_immediate,
    explain,
    open_for_writing,
    refuse_network,
)
from gatesh.audit.record import rows_of, to_text
from gatesh.errors import AuditError
from gatesh.key import hmac_sha256, key_beside, load_key
from gatesh.model import Ran, Refused
from gatesh.redact import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Connection
    from typing import TypeVar

    from gatesh.audit.past import SessionPast
    from gatesh.audit.record import Part, Row
    from gatesh.model import Answer, Asker, CommandLine, Decision, Inspection, Outcome

    T = TypeVar("T")

# A begin row never pays for a checkpoint unless end rows have failed to for long (in pages of 4 KiB).
_CHECKPOINT_DURABLE = 8_000
_CHECKPOINT = 1_000

_MOST_ALERTS = 1_000


class SqliteLog:
    """gate.AuditLog on one SQLite file; may be used from several threads, not across a fork."""

    def __init__(self, path: str, *, thorough: bool = False) -> None:
        """Open the log at `path`, made where it is missing; raises AuditError.

        `thorough` also looks again at the file system it lies on: for a keeper, which starts once.
        """
        self._path = path
        self._key = b""
        self._busy_s = BUSY_S
        self._sessions: set[str] = set()
        self._lock = allocate_lock()
        if thorough:
            refuse_network(path)
        self._db = open_for_writing(path)
        self._files = _inodes(path)
        self._alerts: dict[str, int] = {}

    # -- gate.AuditLog ---------------------------------------------------------------------------

    def begin(
        self, line: CommandLine, asker: Asker, seen: Inspection, decision: Decision, rules: str
    ) -> int:
        """Commit the begin row and return its number; when it returns, the row survives a power loss."""
        return self.add(asker, *self.rows(line, asker, seen, decision, rules))

    def rows(
        self,
        line: CommandLine,
        asker: Asker,
        seen: Inspection,
        decision: Decision,
        rules: str,
        *,
        brief: bool = False,
    ) -> tuple[Row, list[Part]]:
        """Return what `begin` would commit; raises AuditError."""
        try:
            return rows_of(line, asker, seen, decision, rules, self.mac, brief=brief)
        except AuditError:
            raise
        except Exception as error:  # the promise: no record, no run, whatever the reason
            raise AuditError(f"the record cannot be made: {error!r}", "report this line") from error

    def add(self, asker: Asker, record: Row, parts: list[Part]) -> int:
        """Commit the row of a record and those that belong to it, as durable as `begin`."""

        def work(db: Connection) -> int:
            self._know(db, asker)
            return insert_record(db, record, parts)

        number = self._commit(work, durable=True)
        self._sessions.add(asker.session)
        return number

    def answer(self, record: int, answer: Answer) -> None:
        """Commit what a human, or nobody, said; as durable as `begin`."""
        row: Row = {
            "record": record,
            "time_ns": time.time_ns(),
            "answered": answer.answered.value,
            "approver": to_text(answer.approver),
            "assurance": answer.assurance.value,
            "comment": to_text(redact(answer.comment).text),
            "why": to_text(redact(answer.why).text),
            "by": answer.by,
        }
        self._commit(lambda db: _insert(db, "answer", row), durable=True)

    def end(self, record: int, outcome: Outcome) -> None:
        """Write the end row: wait status and duration, or that it was refused."""
        row: Row = {"record": record, "time_ns": time.time_ns()}
        if isinstance(outcome, Ran):
            status = outcome.wait_status
            row["wait_status"] = status
            row["duration_ns"] = outcome.duration_ns
            if status is None:
                pass
            elif os.WIFEXITED(status):
                row["exit_code"] = os.WEXITSTATUS(status)
            elif os.WIFSIGNALED(status):
                row["signal"] = os.WTERMSIG(status)
        elif isinstance(outcome, Refused):
            row["refused_status"] = outcome.status
            row["message"] = to_text(redact(outcome.message).text)
        self._commit(lambda db: _insert(db, "outcome", row), durable=False)

    def mac(self, data: bytes) -> str:
        """Return the keyed HMAC of `data` in hexadecimal."""
        if not self._key:
            self._key = load_key(key_beside(self._path))
        return hmac_sha256(self._key, data)

    def past(self, session: str) -> SessionPast:
        """Return what the log knows of a session, and of the uses of a secret."""
        from gatesh.audit.past import SessionPast

        return SessionPast(self._db, self._lock, session)

    # -- what the keeper adds --------------------------------------------------------------------

    def session(self, asker: Asker, name: str = "", gate: str = "") -> None:
        """Register a session before its first record; a second time does nothing.

        `gate` is what stands between its programs and the machine, where that is more than their shell.
        """
        self._commit(lambda db: self._know(db, asker, name, gate), durable=False)
        self._sessions.add(asker.session)

    def alert(
        self, kind: str, text: str, *, session: str = "", pid: int = 0, uid: int | None = None
    ) -> None:
        """Write down something that reached the keeper and was refused.

        Of one kind, no more than _MOST_ALERTS an hour: whoever floods the socket shall not fill the disk,
        and a full disk would stop everybody.
        """
        hour = f"{kind} {time.monotonic() // 3600}"
        self._alerts[hour] = count = self._alerts.get(hour, 0) + 1
        if count > _MOST_ALERTS:
            return
        if count == _MOST_ALERTS:
            text = "and more of them, which are not written down within this hour"
        row: Row = {
            "time_ns": time.time_ns(),
            "kind": kind,
            "text": to_text(redact(text).text),
            "session": session,
            "pid": pid,
            "uid": uid,
        }
        self._commit(lambda db: _insert(db, "alert", row), durable=False)

    def refused_answer(self, record: int, who: str, how: str, why: str) -> None:
        """Write down that somebody tried to answer `record` and was not believed."""
        row: Row = {
            "record": record,
            "time_ns": time.time_ns(),
            "who": to_text(who),
            "how": to_text(redact(how).text),
            "why": why,
        }
        self._commit(lambda db: _insert(db, "refused_answer", row), durable=True)

    def elevation(
        self, session: str, classes: str, target: str, until_ns: int, who: str, assurance: str
    ) -> int:
        """Commit that an elevation is given and return its number; as durable as `begin`."""
        row: Row = {
            "time_ns": time.time_ns(),
            "session": session,
            "classes": to_text(classes),
            "target": to_text(redact(target).text),
            "until_ns": until_ns,
            "approver": to_text(who),
            "assurance": assurance,
        }
        return self._commit(lambda db: _insert(db, "elevation", row), durable=True)

    def elevation_end(self, number: int, how: str, who: str) -> None:
        """Write how an elevation ended, and by whom."""
        row: Row = {"elevation": number, "time_ns": time.time_ns(), "how": how, "who": to_text(who)}
        self._commit(lambda db: _insert(db, "elevation_end", row), durable=True)

    def close(self) -> None:
        """Close the file; the last to close it folds the write-ahead log back into it."""
        with self._lock:
            try:
                self._db.close()
            except SqliteError as error:
                raise explain(error, self._path) from error

    # -- transactions ----------------------------------------------------------------------------

    def _commit(self, work: Callable[[Connection], T], *, durable: bool) -> T:
        with self._lock:
            self._look()
            db = self._db
            try:
                db.execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=NORMAL")
                pages = _CHECKPOINT_DURABLE if durable else _CHECKPOINT
                db.execute(f"PRAGMA wal_autocheckpoint={pages:d}")
                begin_immediate(db, self._busy_s)
                done = work(db)
                db.execute("COMMIT")
            except SqliteError as error:
                self._roll_back()
                raise explain(error, self._path) from error
            except Exception as error:  # the promise: no record, no run, whatever the reason
                self._roll_back()
                raise AuditError(f"the record cannot be written: {error!r}") from error
            except BaseException:
                self._roll_back()
                raise
            return done

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except SqliteError:
            pass  # the error that led here is the one to tell

    def _look(self) -> None:
        """Refuse to write into a file that is no longer the one at its path: nobody would read it."""
        if _inodes(self._path) != self._files:
            raise AuditError(
                f"the audit log {self._path} was removed or replaced while it was in use",
                "find out who did; start the keeper again to begin a new one",
            )

    def _know(self, db: Connection, asker: Asker, name: str = "", gate: str = "") -> None:
        if asker.session in self._sessions:
            return
        found = db.execute("SELECT 1 FROM session WHERE session = ?", (asker.session,))
        if found.fetchone():
            return
        row: Row = {
            "session": asker.session,
            "time_ns": time.time_ns(),
            "uid": asker.uid,
            "root_pid": asker.root_pid,
            "root_start": asker.root_start,
            "root_name": to_text(asker.root_name),
            "agent": to_text(asker.agent),
            "agent_version": to_text(asker.agent_version),
            "tty": to_text(asker.tty),
            "gatesh_version": __version__,
            "name": to_text(name),
            "gate": gate,
        }
        _insert(db, "session", row)


def insert_record(db: Connection, record: Row, parts: Sequence[Part]) -> int:
    """Insert the row of a record and those that belong to it; return its number."""
    number = _insert(db, "record", record)
    for table, row in parts:
        if table == "alert":
            _insert(db, table, {**row, "text": f"record {number}: {row['text']}"})
        else:
            _insert(db, table, {"record": number, **row})
    return number


def _insert(db: Connection, table: str, row: Row) -> int:
    return db.execute(inserting(table, tuple(row)), tuple(row.values())).lastrowid or 0


_insertions: dict[tuple[str, tuple[str, ...]], str] = {}


def inserting(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts a row: table and columns are ours, only values come from outside."""
    found = _insertions.get((table, columns))
    if found is None:
        names, marks = ",".join(f'"{name}"' for name in columns), ",".join("?" * len(columns))
        found = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
        _insertions[table, columns] = found
    return found


def _inodes(path: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return what the log and its write-ahead log are on the disk; None where either is missing."""
    try:
        found, ahead = os.stat(path), os.stat(path + "-wal")
    except OSError:
        return None
    return (found.st_dev, found.st_ino), (ahead.st_dev, ahead.st_ino)
