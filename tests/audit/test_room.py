"""The write-ahead log of a tree is long from the start, and holds what was written all the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from gatesh.audit.tree import TreeLog
from gatesh.places import places_below
from gatesh.wiring import open_log

KILLED = """
import os, sys
from gatesh.audit.tree import TreeLog
tree = TreeLog(sys.argv[1])
while os.path.getsize(sys.argv[1] + "-wal") < 4 << 20:
    pass
for number in range(20):
    tree.connection(1, number, "192.0.2.1", 443, "connect")
os.kill(os.getpid(), 9)
"""

WRITES = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for number in range(500):
    db.execute("INSERT INTO connection (record, time_ns, pid, address, port, kind) VALUES (1, 1, ?, '', 1, '')", [number])
    if number == 20:
        print("begun", flush=True)
"""


def log_in(folder: Path) -> str:
    folder.chmod(0o700)
    places = places_below(str(folder))
    open_log(places)
    return places.audit_db


def test_it_is_there_before_many_rows_are(tmp_path: Path) -> None:
    path = log_in(tmp_path)
    tree = TreeLog(path)
    until = time.monotonic() + 10
    while os.path.getsize(f"{path}-wal") < 4 << 20:
        assert time.monotonic() < until
        time.sleep(0.01)
    tree.connection(1, 1, "192.0.2.1", 443, "connect")
    assert os.path.getsize(f"{path}-wal") == 4 << 20
    tree.close()


def test_who_opens_it_after_a_death_finds_every_row(tmp_path: Path) -> None:
    path = log_in(tmp_path)
    subprocess.run([sys.executable, "-c", KILLED, path], timeout=60, check=False)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT pid FROM connection ORDER BY pid").fetchall() == [
            (n,) for n in range(20)
        ]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_rows_that_others_write_meanwhile_are_kept(tmp_path: Path) -> None:
    path = log_in(tmp_path)
    command = [sys.executable, "-c", WRITES, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "begun\n"
        for _ in range(5):
            TreeLog(path).close()
        assert writer.wait(60) == 0
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM connection").fetchone() == (500,)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
