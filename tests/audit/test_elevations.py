"""Elevations in the log: what its readers tell of them, and of a log that knows of none yet."""

import sqlite3
import time

from gatesh.audit.query import AuditReader, Filter
from gatesh.audit.store import SqliteLog
from tests.audit.values import LS


def test_a_log_that_knows_of_none_yet_is_read_all_the_same(log, path):
    log.begin(*LS)
    log.close()
    db = sqlite3.connect(path)
    db.executescript(
        "DROP TABLE elevation; DROP TABLE elevation_end; ALTER TABLE record DROP COLUMN elevations;"
        "DELETE FROM _sqlite_migrations WHERE name = '0009-elevations'; PRAGMA user_version=8"
    )
    db.close()
    reader = AuditReader(path)
    assert reader.show(1)["elevated"] == []
    assert [row["elevated"] for row in reader.sessions(5)] == [""]
    reader.close()
    SqliteLog(path).close()
    reader = AuditReader(path)
    assert reader.history(Filter())[0]["elevations"] == []
    reader.close()


def test_what_is_lifted_of_a_session_is_told_until_it_has_ended(log, path):
    log.begin(*LS)
    session, later_ns = LS[1].session, time.time_ns() + 10**12
    for target, until_ns in (("staging", later_ns), ("*.example.com", later_ns), ("x", 1)):
        log.elevation(session, "data-write money", target, until_ns, "me", "A1")
    log.elevation_end(2, "revoked", "me")
    reader = AuditReader(path)
    assert [row["elevated"] for row in reader.sessions(5)] == ["data-write, money on staging"]
    reader.close()
