"""The audit log: whether it opens, is whole, and has everything that was ever written into it."""

from __future__ import annotations

import os
import sqlite3
import time

from gatesh.audit.database import SCHEMA, check_owner, explain, open_for_reading
from gatesh.audit.migrations import migrate
from gatesh.audit.query import AuditReader, Filter, running
from gatesh.doctor.finding import Level, note, ok, problem
from gatesh.errors import AuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_MOST_S = 0.5  # for looking through a log that may have gigabytes
_STEPS = 10_000
_SHOWN = 1_000
_LARGE = 2 << 30  # bytes
_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


def log(places: Places) -> Iterator[Finding]:
    """Look at the log's file and what is in it."""
    path = places.audit_db
    if not os.path.lexists(path):
        yield note("log", f"there is none yet at {path}", "the first command makes it")
        return
    check_owner(path, os.lstat(path))
    try:
        check_owner(os.path.dirname(path), os.lstat(os.path.dirname(path)))
    except AuditError:
        return  # said already, with the places
    size = os.stat(path).st_size
    db = open_for_reading(path)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version < SCHEMA:
            what = f"schema {version}, this gatesh writes {SCHEMA}"
            yield note("log", what, "nothing: the next command brings it up to date")
        else:
            yield from _append_only(db)
        for found in _whole(db, path):
            yield found
            if found.level is Level.PROBLEM:
                return  # what is read of it can be wrong, or fail
        yield from _numbers(db)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    finally:
        db.close()
    if size > _LARGE:
        what = f"{path} has {size / 1e9:.1f} GB"
        yield note(
            "log", what, "move it aside where it is in the way: the next command begins another"
        )
    yield from _unfinished(path)


def _whole(db: Connection, path: str) -> Iterator[Finding]:
    end = time.monotonic() + _MOST_S
    db.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        said = [row[0] for row in db.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
        do = f"sqlite3 {path} 'PRAGMA quick_check' looks through all of it"
        yield note("log", f"{path} opens; it is too large to be looked through quickly", do)
        return
    finally:
        db.set_progress_handler(None, 0)
    if said == ["ok"]:
        count = db.execute("SELECT count(*) FROM record").fetchone()[0]
        size = os.stat(path).st_size
        yield ok("log", f"{path} is whole: {count} records, {size / 1e6:.1f} MB")
        return
    folder = os.path.dirname(path)
    what = f"{path} is damaged: {'; '.join(said)}"
    yield problem(
        "log", what, f"keep it, and begin another: mv {path}* $(mktemp -d {folder}/damaged.XXXX)"
    )


def _append_only(db: Connection) -> Iterator[Finding]:
    """Compare the triggers that keep rows from being changed with those of a new log."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    migrate(fresh)
    lost = dict(fresh.execute(_TRIGGERS)).items() - dict(db.execute(_TRIGGERS)).items()
    fresh.close()
    if lost:
        what = f"rows can be changed: triggers were taken away ({', '.join(sorted(n for n, _ in lost))})"
        yield problem("log", what, "find out who did it, keep a copy, and begin another log")


def _numbers(db: Connection) -> Iterator[Finding]:
    """Look for records that are gone: a number is never given twice."""
    count, last = db.execute("SELECT count(*), coalesce(max(record), 0) FROM record").fetchone()
    given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'record'").fetchone()
    gone = max(last, given[0] if given else 0) - count
    if gone:
        what = f"{gone} of {count + gone} records are gone: somebody removed them"
        yield problem("log", what, "find out who did it, keep a copy, and begin another log")


def _unfinished(path: str) -> Iterator[Finding]:
    """Count the lines of which nobody knows how they ended."""
    wanted = Filter(outcome="unknown", programs=False, limit=_SHOWN)
    rows = AuditReader(path).history(wanted)
    lost = [row["record"] for row in rows if not running(row)]
    if lost:
        many = " or more" if len(rows) == _SHOWN else ""
        what = (
            f"commands that began and have no end: {len(lost)}{many}, the last is record {lost[0]}"
        )
        do = f"their shell was killed, or the power went: gatesh show {lost[0]}"
        yield note("log", what, do)
