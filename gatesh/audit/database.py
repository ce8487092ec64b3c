"""Opening the audit log's file, and saying what is wrong with it.

Manners: on the hot path only `_sqlite3` is imported (sqlite3 would cost a shell 4 ms more) and
`PRAGMA user_version` is all that is looked at; a new or an old schema goes to migrations.py. The file is
never repaired, moved or emptied here: evidence that cannot be read stays as it is.
"""

from __future__ import annotations

import os
import stat
import time

from gatesh.errors import AuditError

try:
    import _sqlite3 as sqlite
except ImportError:
    import sqlite3 as sqlite  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

SCHEMA = 9  # the number of the last step in migrations.py
BUSY_S = 30.0
_MADE_S = 2.0  # how long an empty log is believed to be in the making
_PAUSE_S = 0.0001

SqliteError = sqlite.Error

_BUSY, _LOCKED, _READONLY, _IOERR = 5, 6, 8, 10
_CORRUPT, _FULL, _CANTOPEN, _NOTADB, _CONSTRAINT = 11, 13, 14, 26, 19

# File systems where SQLite's locks or its shared memory cannot be trusted.
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs",
    "beegfs", "ocfs2", "gfs2", "davfs", "ncpfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs",
    "fuse.gcsfuse", "fuse.davfs", "fuse.cephfs", "fuse.juicefs",
})  # fmt: skip


def open_for_writing(path: str) -> Connection:
    """Return a connection to the log at `path`, made or migrated where needed; raises AuditError."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise AuditError(f"cannot open the audit log {path}: {error.strerror}") from error
    folder = os.path.dirname(path)
    if found is None:
        _prepare(folder)
        _create(path)
    else:
        check_owner(path, found)
        check_owner(folder, os.lstat(folder))
    try:
        db = connect(path)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA:
            db = _bring_up(db, path, version)
        db.execute("PRAGMA recursive_triggers=ON")  # or REPLACE deletes behind the triggers' back
    except sqlite.Error as error:
        raise explain(error, path) from error
    return db


def connect(path: str) -> Connection:
    """Return a connection without any hidden transaction, for use from several threads."""
    db: Connection = sqlite.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    return db


def begin_immediate(db: Connection, busy_s: float) -> None:
    """Begin a transaction that may write, and wait for other writers up to `busy_s` seconds.

    SQLite itself would back off by up to 100 ms, so that one of eight writers now and then waited a second.
    """
    db.execute("PRAGMA busy_timeout=0")
    try:
        pause, until = _PAUSE_S, 0.0
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
            except SqliteError as error:
                now = time.monotonic()
                until = until or now + busy_s
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != _BUSY or now >= until:
                    raise
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, _PAUSE_S * 32)
    finally:
        db.execute(f"PRAGMA busy_timeout={int(busy_s * 1000):d}")


def open_for_reading(path: str) -> Connection:
    """Return a connection that cannot write; raises AuditError. The file must exist."""
    from urllib.parse import quote

    try:
        db: Connection = sqlite.connect(
            f"file:{quote(path)}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None
        )
        version = db.execute("PRAGMA user_version").fetchone()[0]
        _check_version(path, version)
        if version == 0:
            version = _version_when_made(db, path)
        if version == 0:
            raise _foreign(path)
    except sqlite.Error as error:
        raise explain(error, path) from error
    return db


def check_owner(path: str, found: os.stat_result) -> None:
    """Refuse what another user owns or may write; raises AuditError."""
    if stat.S_ISLNK(found.st_mode):
        raise AuditError(
            f"{path} is a symbolic link", "put the audit log where it is, without a link"
        )
    if found.st_uid != os.geteuid():
        raise AuditError(
            f"{path} belongs to user {found.st_uid}, and you are user {os.geteuid()}",
            "each user keeps a log of their own; move that one aside",
        )
    if found.st_mode & 0o022:
        raise AuditError(f"{path} can be written by others than you", f"chmod go-w {path}")


def explain(error: Exception, path: str) -> AuditError:
    """Return the AuditError that says what SQLite's error means and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    primary, said = code & 0xFF, str(error)
    if primary == _FULL or (primary == _IOERR and _is_full(path)):
        return AuditError(
            f"the record cannot be written: the disk of {path} is full", "free some space on it"
        )
    if primary in (_CORRUPT, _NOTADB):
        return AuditError(
            f"the audit log {path} is damaged: {said}",
            "it is left as it is; move it aside to begin a new one: "
            f"mv {path}* $(mktemp -d {os.path.dirname(path)}/damaged.XXXX)",
        )
    if primary in (_BUSY, _LOCKED):
        return AuditError(
            f"the audit log {path} was locked by another process for {BUSY_S:.0f} s",
            f"see who holds it: fuser -v {path}",
        )
    if primary in (_READONLY, _CANTOPEN):
        return AuditError(
            f"the audit log {path} cannot be written: {said}",
            "its folder must be on a writable file system and belong to you",
        )
    return AuditError(
        f"the audit log {path} failed: {said}", "look at the file system it lies on, then try again"
    )


def network_file_system(path: str, mountinfo: str) -> str:
    """Return the type of the network file system that holds `path`, or "" where it is a local one.

    `mountinfo` is the text of /proc/self/mountinfo; the longest mount point that leads to `path` counts,
    and of equal ones the last, which lies on top.
    """
    longest, kind = -1, ""
    for row in mountinfo.splitlines():
        left, _, right = row.partition(" - ")
        fields, filesystem = left.split(" "), right.split(" ")[0]
        if len(fields) < 5 or not filesystem:
            continue
        point = fields[4].encode().decode("unicode_escape") if "\\" in fields[4] else fields[4]
        inside = point in ("/", path) or path.startswith(point + "/")
        if inside and len(point) >= longest:
            longest, kind = len(point), filesystem
    return kind if kind in _NETWORK else ""


def refuse_network(path: str) -> None:
    """Refuse a place on a network file system, where locks cannot be trusted; raises AuditError."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            kind = network_file_system(os.path.realpath(path), file.read())
    except OSError:
        return  # no /proc: nothing to be learned, and SQLite's own errors remain
    if kind:
        raise AuditError(
            f"the audit log {path} would be on a network file system ({kind})",
            "set GATESH_HOME to a folder on a local disk",
        )


def _prepare(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        check_owner(folder, os.lstat(folder))
    except OSError as error:
        raise AuditError(
            f"cannot make the folder {folder}: {error.strerror}",
            "its parent must be on a writable file system and belong to you",
        ) from error


def _create(path: str) -> None:
    """Make the empty file ourselves: SQLite would let the umask decide who may read it."""
    refuse_network(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        check_owner(path, os.lstat(path))
    except OSError as error:
        raise AuditError(
            f"cannot make the audit log {path}: {error.strerror}",
            "its folder must be on a writable file system and belong to you",
        ) from error


def _check_version(path: str, version: int) -> None:
    if version > SCHEMA:
        raise AuditError(
            f"the audit log {path} was made by a newer gatesh (schema {version}, this one knows {SCHEMA})",
            "use that version, or set GATESH_HOME to another folder",
        )


def _foreign(path: str) -> AuditError:
    return AuditError(
        f"{path} is not an audit log of gatesh",
        f"if it is empty, remove it; else move it aside: mv {path} {path}.other",
    )


def _bring_up(db: Connection, path: str, version: int) -> Connection:
    """Make or migrate the schema, one process at a time."""
    import fcntl

    from gatesh.audit.migrations import migrate

    _check_version(path, version)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Switching to WAL does not wait for other connections, so this lock does.
        _wait_for(lambda: fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB), path)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise _foreign(path)
        migrate(db)
    finally:
        os.close(folder)
    return db


def _version_when_made(db: Connection, path: str) -> int:
    """Return the version of a log that another process may be making now, when that has been done."""
    import fcntl

    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + _MADE_S
        while True:
            _wait_for(lambda: fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB), path)
            version: int = db.execute("PRAGMA user_version").fetchone()[0]
            # Empty: its maker has made the file, and not taken the lock yet.
            if version or os.stat(path).st_size or time.monotonic() >= until:
                return version
            fcntl.flock(folder, fcntl.LOCK_UN)
            time.sleep(0.01)
    finally:
        os.close(folder)


def _wait_for(lock: Callable[[], None], path: str) -> None:
    until = time.monotonic() + BUSY_S
    while True:
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() >= until:
                raise AuditError(
                    f"the audit log {path} is being made by another process for {BUSY_S:.0f} s",
                    f"see who holds it: fuser -v {os.path.dirname(path)}",
                ) from None
        time.sleep(0.01)


def _is_full(path: str) -> bool:
    try:
        room = os.statvfs(os.path.dirname(path))
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < 65_536
