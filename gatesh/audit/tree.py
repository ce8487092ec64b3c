"""The rows of a tree: there are many, so each costs one statement, and the disk is waited for elsewhere.

A row survives the death of this process as soon as it is added (WAL, `synchronous=NORMAL`); after `sync` also a
power loss. To sync the write-ahead log ourselves, from another thread, is what `synchronous=FULL` does in the
middle of the commit, while nobody else can write. End rows are written together when there is time.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

from gatesh.audit.database import SqliteError, connect, explain
from gatesh.audit.store import insert_record, inserting
from gatesh.errors import AuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Connection

    from gatesh.audit.record import Part, Row
    from gatesh.model import Ran

_BUSY = 5
_PAUSE_S = 0.0001
_BUSY_S = 30.0
_PAGES = 100_000  # of a write-ahead log that nobody folded back: as good as never
_FOLD_S = 2.0
_ROOM = 4 << 20  # bytes that a write-ahead log has from the start
_TOGETHER = 256  # end rows in one transaction
_END = """INSERT INTO outcome (record, time_ns, wait_status, exit_code, signal, duration_ns)
  VALUES (?, ?, ?, ?, ?, ?)"""

_CONNECTION = """INSERT INTO connection (record, time_ns, pid, address, port, kind)
  VALUES (?, ?, ?, ?, ?, ?)"""


class TreeLog:
    """A connection of its own to a log that is open already; `end` and `flush` are for one thread."""

    def __init__(self, path: str) -> None:
        """Connect; raises AuditError."""
        self._path = path
        self._ends: list[tuple[object, ...]] = []
        self._written = False
        self._closed = threading.Event()
        self._lock = threading.Lock()  # one statement at a time
        try:
            self._db = _connected(path)
        except SqliteError as error:
            raise explain(error, path) from error
        self._files = self._look()
        self._ahead = self._opened()
        self._unsynced: OSError | None = None
        threading.Thread(target=self._fold, name="fold", daemon=True).start()

    def add(self, row: Row, parts: Sequence[Part] = ()) -> int:
        """Write the row of a record and those that belong to it; return its number. Raises AuditError."""
        if self._look() != self._files:
            raise self._replaced()
        if parts:
            return self._write(lambda db: self._together(db, lambda: insert_record(db, row, parts)))
        sql = inserting("record", tuple(row))
        return self._write(lambda db: db.execute(sql, tuple(row.values())).lastrowid or 0)

    def sync(self) -> None:
        """Wait until all that was added is on the disk; raises AuditError. For any thread.

        Once it failed it fails for good: the kernel reports what it could not write only once.
        """
        try:
            if self._unsynced is not None:
                raise self._unsynced
            os.fdatasync(self._ahead)
        except OSError as error:
            self._unsynced = error
            raise AuditError(
                f"the audit log {self._path} cannot be brought to the disk: {error.strerror}",
                "look at the file system it lies on, then start again",
            ) from error

    def connection(self, record: int, pid: int, address: str, port: int, kind: str) -> None:
        """Write where the program of a record connects to; raises AuditError."""
        row = (record, time.time_ns(), pid, address, port, kind)
        self._write(lambda db: db.execute(_CONNECTION, row).lastrowid or 0)

    def end(self, record: int, ran: Ran) -> None:
        """Keep an end row until `flush`."""
        status = ran.wait_status
        code = os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None
        number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None
        self._ends.append((record, time.time_ns(), status, code, number, ran.duration_ns))
        if len(self._ends) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write the end rows that are kept; raises AuditError."""
        if not self._ends:
            return
        ends, self._ends = self._ends, []
        self._write(lambda db: self._together(db, lambda: db.executemany(_END, ends).rowcount))

    def close(self) -> None:
        """Write what is left, and close."""
        self._closed.set()
        self.flush()
        with self._lock:
            self._db.close()
        os.close(self._ahead)

    @staticmethod
    def _together(db: Connection, work: Callable[[], int]) -> int:
        db.execute("BEGIN IMMEDIATE")
        try:
            done = work()
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return done

    def _write(self, work: Callable[[Connection], int]) -> int:
        pause, until = _PAUSE_S, 0.0
        while True:
            try:
                with self._lock:
                    done = work(self._db)
            except SqliteError as error:
                now = time.monotonic()
                until = until or now + _BUSY_S
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != _BUSY or now >= until:
                    raise explain(error, self._path) from error
                time.sleep(pause)
                pause = min(pause * 2, _PAUSE_S * 32)
            else:
                self._written = True
                return done

    def _opened(self) -> int:
        """Return a descriptor of the write-ahead log, whose name is on the disk."""
        # SQLite holds no lock on this file, so that a second descriptor may be closed without losing one.
        try:
            descriptor = os.open(self._path + "-wal", os.O_RDONLY | os.O_CLOEXEC)
            found = os.fstat(descriptor)
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._replaced() from error
        os.fsync(folder)
        os.close(folder)
        if (found.st_dev, found.st_ino) != self._files[2:]:
            raise self._replaced()
        return descriptor

    def _replaced(self) -> AuditError:
        return AuditError(
            f"the audit log {self._path} was removed or replaced while it was in use",
            "find out who did, and start again",
        )

    def _look(self) -> tuple[int, ...]:
        try:
            found, ahead = os.stat(self._path), os.stat(self._path + "-wal")
        except OSError:
            return ()
        return found.st_dev, found.st_ino, ahead.st_dev, ahead.st_ino

    def _make_room(self, db: Connection) -> None:
        """Have the write-ahead log be long already: a sync of a file that grows takes half as long again.

        SQLite takes zeros behind its last frame for what is left of an earlier round, and writes over them.
        Nobody else may write meanwhile, hence the transaction.
        """
        with suppress(OSError, SqliteError):
            descriptor = os.open(self._path + "-wal", os.O_WRONLY | os.O_CLOEXEC)
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    found = os.fstat(descriptor)
                    missing = _ROOM - found.st_size
                    if missing > 0 and (found.st_dev, found.st_ino) == self._files[2:]:
                        os.pwrite(descriptor, bytes(missing), found.st_size)
                finally:
                    db.execute("ROLLBACK")
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

    def _fold(self) -> None:
        """Fold the write-ahead log back now and then, beside everything else."""
        db = _connected(self._path)
        self._make_room(db)
        while not self._closed.wait(_FOLD_S):
            if self._written:
                self._written = False
                try:
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                except SqliteError:
                    continue  # the next time will do
        db.close()


def _connected(path: str) -> Connection:
    db = connect(path)
    db.execute("PRAGMA busy_timeout=0")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute(f"PRAGMA wal_autocheckpoint={_PAGES:d}")
    db.execute("PRAGMA recursive_triggers=ON")
    return db
