"""What was acknowledged stays: killed writers, many writers, a log that many make at once."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time

import pytest

from gatesh.audit.database import SCHEMA
from gatesh.audit.store import SqliteLog
from gatesh.errors import AuditError
from gatesh.model import (
    Ran,
)
from tests.audit.values import CHILD_ENV, LS, ROOT, rows

WRITER = """
import os, sys
from gatesh.audit.store import SqliteLog
from gatesh.model import Ran
from tests.audit.values import ASKER, CHILD_ENV, allow, command, line, seen
log = SqliteLog(sys.argv[1])
for i in range(int(sys.argv[2])):
    n = log.begin(line(f"echo {sys.argv[3]} {i}"), ASKER, seen(command("echo")), allow(), "d")
    os.write(1, b"%d\\n" % n)
    log.end(n, Ran(0, 1))
"""


def writer(path: str, count: int, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, path, str(count), name],
        cwd=ROOT, env=CHILD_ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_has_lost_no_acknowledged_row(path):
    moments = random.Random(40)
    acknowledged: list[int] = []
    for turn in range(25):
        child = writer(path, 1_000_000, str(turn))
        acknowledged += [int(child.stdout.readline())]  # it has begun
        time.sleep(moments.uniform(0, 0.05))
        child.kill()
        out, _ = child.communicate()
        acknowledged += [int(number) for number in out.split(b"\n")[:-1]]
    assert rows(path, "PRAGMA integrity_check")[0][0] == "ok"
    kept = {row[0] for row in rows(path, "SELECT record FROM record")}
    assert set(acknowledged) <= kept
    assert len(acknowledged) > 100
    assert len(acknowledged) == len(set(acknowledged))


@pytest.mark.slow
def test_eight_processes_at_once_lose_nothing_and_wait_for_each_other(path):
    children = [writer(path, 250, str(number)) for number in range(8)]
    for child in children:
        _, err = child.communicate(timeout=120)
        assert (child.returncode, err) == (0, b"")
    assert rows(path, "SELECT count(*), count(DISTINCT command_line) FROM record")[0][:] == (
        2000,
        2000,
    )
    assert rows(path, "SELECT count(*) FROM outcome")[0][0] == 2000
    assert rows(path, "SELECT DISTINCT outcome FROM command")[0][0] == "ran"


def test_many_threads_share_one_log(log, path):
    errors = []

    def write() -> None:
        try:
            for _ in range(25):
                log.end(log.begin(*LS), Ran(0, 1))
        except AuditError as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert rows(path, "SELECT count(*) FROM record r JOIN outcome o USING (record)")[0][0] == 200


def test_a_begin_row_is_synced_and_an_end_row_is_not(path, tmp_path):
    if not shutil.which("strace"):
        pytest.skip("strace is missing; tests/install-programs installs it")
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-o", trace, "-y", "-e", "trace=fsync,fdatasync,write", sys.executable, "-c", WRITER, path, "2", "x"],
        cwd=ROOT, env=CHILD_ENV | {"PATH": os.environ["PATH"]}, capture_output=True, check=False,
    )  # fmt: skip
    if b"PTRACE" in done.stderr:
        pytest.skip("strace may not trace here: " + done.stderr.decode()[-200:])
    assert done.returncode == 0, done.stderr.decode()
    calls = trace.read_text().splitlines()
    first, second = (i for i, call in enumerate(calls) if call.startswith("write(1<"))
    between = [call for call in calls[first:second] if "sync(" in call and "audit.db-wal" in call]
    assert len(between) == 1, between


@pytest.mark.slow
def test_a_death_while_the_log_is_made_leaves_one_that_can_be_used(path):
    moments = random.Random(7)
    made = 0
    for turn in range(12):
        fresh = path.replace("state", f"state{turn}")
        child = writer(fresh, 1, "x")
        time.sleep(moments.uniform(0.05, 0.35))
        child.kill()
        child.communicate()
        made += os.path.exists(fresh)
        log = SqliteLog(fresh)
        log.begin(*LS)
        log.close()
    assert made


OPENER = """
import sys, time
import gatesh.audit.migrations
from tests.audit.test_store import LS, SqliteLog
while time.time() < float(sys.argv[1]): pass
for path in sys.argv[2:]:
    SqliteLog(path).begin(*LS)
"""


def test_many_at_once_make_one_database(path):
    """Switching to WAL does not wait for others as the rest does."""
    paths = [path.replace("state", f"state{number}") for number in range(8)]
    for folder in map(os.path.dirname, paths):
        os.mkdir(folder, 0o700)
    start = str(time.time() + 3)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, start, *paths], cwd=ROOT, env=CHILD_ENV, stderr=-1
        )
        for _ in range(4)
    ]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, b"")
    for one in paths:
        assert rows(one, "SELECT count(*) FROM record")[0][0] == 4
        assert rows(one, "SELECT count(*) FROM _sqlite_migrations")[0][0] == SCHEMA
        assert rows(one, "PRAGMA user_version")[0][0] == SCHEMA
