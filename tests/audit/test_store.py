from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gatesh.audit.database import SCHEMA, network_file_system
from gatesh.audit.store import SqliteLog
from gatesh.errors import AuditError
from gatesh.model import (
    Answer,
    Answered,
    Assurance,
    CliCall,
    Decision,
    Match,
    Ran,
    Refused,
    Severity,
    Span,
    Target,
    Unparsed,
    Verdict,
)
from tests.audit.values import ASKER, CHILD_ENV, allow, command, line, seen

ROOT = str(Path(__file__).parents[2])
LS = line("ls -la"), ASKER, seen(command("ls", "-la")), allow(), "digest"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "audit.db")


@pytest.fixture
def log(path: str):
    found = SqliteLog(path)
    yield found
    found.close()


def rows(path: str, sql: str, *values: object) -> list[sqlite3.Row]:
    db = sqlite3.connect(path)
    try:
        db.row_factory = sqlite3.Row
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


# -- what is written ---------------------------------------------------------------------------------


def test_a_begin_row_says_who_submitted_what_where_and_what_was_decided(log, path):
    found = Match(
        "r1",
        "data-destroy",
        Severity.HIGH,
        "deletes x",
        "stop",
        Target("files", "/x"),
        0,
        Span(0, 2),
    )
    inspection = seen(command("rm", "x"), facts=((0, CliCall("rm", (), (), Target("host", "h"))),))

    number = log.begin(line("rm x"), ASKER, inspection, Decision(Verdict.ASK, (found,)), "d1")

    (row,) = rows(path, "SELECT * FROM command")
    assert row["record"] == number == 1
    assert abs(row["time_ns"] - time.time_ns()) < 60e9
    kept = ("session", "door", "command_line", "working_directory", "parse_status", "programs", "verdict",
            "severity", "rule_ids", "targets", "pattern_digest", "pid", "uid", "tty", "agent", "outcome")  # fmt: skip
    assert [row[name] for name in kept] == [
        "boot:4711:99", "line", "rm x", "/srv/app", "parsed", " rm ", "ask", "high", " r1 ",
        " files:/x host:h ", "d1", 4711, 1000, "/dev/pts/3", "opencode", "unknown",
    ]  # fmt: skip
    assert rows(path, 'SELECT rule, say, span_end FROM "match"')[0][:] == ("r1", "deletes x", 2)
    assert rows(path, "SELECT agent_version, root_name FROM session")[0][:] == ("1.0", "node")


@pytest.mark.parametrize(
    ("status", "exit_code", "signal"),
    [(0, 0, None), (0x0300, 3, None), (9, None, 9), (0x86, None, 6)],
)
def test_an_end_row_tells_exit_from_signal(log, path, status, exit_code, signal):
    number = log.begin(*LS)
    log.end(number, Ran(status, 1500))
    (row,) = rows(path, "SELECT * FROM command")
    assert (row["outcome"], row["wait_status"], row["exit_code"], row["signal"], row["duration_ns"]) == (
        "ran", status, exit_code, signal, 1500,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "end", "outcome"),
    [
        (Answer(Answered.REJECTED), Refused(126, "no"), "refused"),
        (Answer(Answered.WITHDRAWN), Refused(126, "gone"), "abandoned"),
        (Answer(Answered.APPROVED), Refused(125, "no bash"), "failed"),
        (Answer(Answered.APPROVED), Ran(0, 1), "ran"),
        (Answer(Answered.APPROVED), None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_the_view_says_what_became_of_a_record(log, path, answer, end, outcome):
    number = log.begin(
        line("rm x"), ASKER, seen(command("rm", "x")), Decision(Verdict.ASK, ()), "d"
    )
    if answer:
        log.answer(number, answer)
    if end:
        log.end(number, end)
    assert rows(path, "SELECT outcome FROM command")[0][0] == outcome


def test_the_first_answer_and_the_first_end_row_count_whatever_is_appended_later(log, path):
    number = log.begin(*LS)
    log.answer(number, Answer(Answered.REJECTED, "tty", Assurance.A1, "no"))
    log.end(number, Refused(126, "no"))
    log.answer(number, Answer(Answered.APPROVED))
    log.end(number, Ran(0, 1))
    row = rows(path, "SELECT * FROM command")
    assert [(r["answered"], r["assurance"], r["comment"], r["outcome"]) for r in row] == [
        ("rejected", "A1", "no", "refused")
    ]


def test_a_session_is_registered_once(path):
    for log in (SqliteLog(path), SqliteLog(path)):
        log.session(ASKER)
        log.session(ASKER)
        log.begin(*LS)
        log.close()
    assert rows(path, "SELECT count(*) FROM session")[0][0] == 1


def test_what_was_refused_at_the_socket_is_kept(log, path):
    number = log.begin(*LS)
    log.alert("answer-by-asker", "approve 1 --password hunter2", session="s", pid=7, uid=0)
    log.refused_answer(number, "pid 7 /usr/bin/socat", "socket", "descends from the asker")
    assert rows(path, "SELECT kind, text, pid FROM alert")[0][:] == (
        "answer-by-asker", "approve 1 --password <redacted>", 7,
    )  # fmt: skip
    assert rows(path, "SELECT record, why FROM refused_answer")[0][:] == (
        1,
        "descends from the asker",
    )


def test_bytes_that_are_no_text_are_spelled_out_and_still_told_apart(log, path):
    one, other = (b"echo \xff".decode("utf-8", "surrogateescape"), "echo \\udcff")
    for text in (one, other, "echo a\0b", "echo \ud800"):
        log.begin(line(text), ASKER, seen(command("echo", text[5:])), allow(), "d")
    found = rows(path, "SELECT command_line, command_hmac FROM record ORDER BY record")
    assert [row[0] for row in found] == [
        "echo \\udcff",
        "echo \\udcff",
        "echo a\\x00b",
        "echo \\ud800",
    ]
    assert len({row[1] for row in found}) == 4


def test_a_very_long_line_is_cut_and_says_so_and_its_hmac_is_of_the_whole(log, path):
    text = "echo " + "x" * 2_000_000
    log.begin(line(text), ASKER, seen(command("echo")), allow(), "d")
    (row,) = rows(path, "SELECT command_line, characters, command_hmac FROM record")
    assert len(row[0]) < 1_100_000
    assert row[0].endswith("more characters]")
    assert row[1] == 2_000_005
    assert row[2] == log.mac(text.encode())


def test_an_unparsed_line_is_an_ordinary_record(log, path):
    reading = Unparsed("a quote is never closed", Span(5, 6), (), ("rm",))
    log.begin(
        line("rm 'x"),
        ASKER,
        seen().but(reading=reading),
        Decision(Verdict.ASK, (), reading.reason),
        "d",
    )
    assert rows(path, "SELECT parse_status, unparsed FROM record")[0][:] == (
        "unparsed", "a quote is never closed",
    )  # fmt: skip


# -- append-only -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", ["session", "record", "match", "answer", "refused_answer", "alert", "outcome"]
)
@pytest.mark.parametrize(
    "change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_rows_are_never_changed(log, path, table, change):
    """REPLACE deletes without firing delete triggers, unless recursive_triggers is on: hence a trigger of its own."""
    found = Match("r1", "c", Severity.LOW, "", "", Target("x"), 0, Span(0, 1))
    number = log.begin(
        line("rm x"), ASKER, seen(command("rm")), Decision(Verdict.ASK, (found,)), "d"
    )
    log.answer(number, Answer(Answered.REJECTED))
    log.refused_answer(number, "w", "h", "y")
    log.alert("k", "t")
    log.end(number, Refused(126, "no"))
    db = sqlite3.connect(path, isolation_level=None)
    before = db.execute(f'SELECT * FROM "{table}"').fetchall()
    column = db.execute(f'SELECT * FROM "{table}"').description[0][0]
    assert before
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        db.execute(change.format(f'"{table}"', f'"{column}"'))
    assert db.execute(f'SELECT * FROM "{table}"').fetchall() == before
    db.close()


def test_a_record_number_is_never_given_twice(log, path):
    log.begin(*LS)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TRIGGER record_no_delete")
    db.execute("DELETE FROM record")
    db.close()
    assert log.begin(*LS) == 2


# -- durability and many writers ----------------------------------------------------------------------

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
        assert rows(one, "SELECT count(*) FROM _sqlite_migrations")[0][0] == 5
        assert rows(one, "PRAGMA user_version")[0][0] == SCHEMA


# -- what makes it refuse -------------------------------------------------------------------------------


def test_a_new_log_belongs_to_its_owner_alone(path):
    old = os.umask(0)
    try:
        log = SqliteLog(path)
        log.begin(*LS)
        modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in Path(path).parent.iterdir()}
    finally:
        os.umask(old)
    log.close()
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
    assert set(modes) >= {"audit.db", "hmac.key"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_log_that_others_may_write_is_refused(path, where):
    SqliteLog(path).close()
    os.chmod(path if where == "file" else os.path.dirname(path), 0o777)
    with pytest.raises(AuditError, match="can be written by others") as caught:
        SqliteLog(path)
    assert "chmod" in caught.value.hint


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file of another user's")
def test_a_log_of_another_user_is_refused(path):
    SqliteLog(path).close()
    os.chown(path, 12345, 12345)
    with pytest.raises(AuditError, match="belongs to user 12345"):
        SqliteLog(path)


def test_a_link_instead_of_a_log_is_refused(path, tmp_path):
    SqliteLog(str(tmp_path / "state" / "other.db")).close()
    os.symlink("other.db", path)
    with pytest.raises(AuditError, match="symbolic link"):
        SqliteLog(path)


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_damaged_log_is_left_as_it_is_and_the_hint_says_how_to_move_it_aside(path, content):
    folder = Path(path).parent
    folder.mkdir(mode=0o700)
    Path(path).write_bytes(content)
    os.chmod(path, 0o600)
    with pytest.raises(AuditError, match="damaged") as caught:
        SqliteLog(path)
    assert Path(path).read_bytes() == content
    done = subprocess.run(caught.value.hint.split("begin a new one: ")[1], shell=True, check=False)
    assert done.returncode == 0
    log = SqliteLog(path)
    assert log.begin(*LS) == 1
    log.close()


def test_damage_that_comes_later_is_an_audit_error_too(path):
    log = SqliteLog(path)
    log.begin(*LS)
    log.close()
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(AuditError):
        SqliteLog(path).begin(*LS)


def test_a_log_of_a_newer_gatesh_is_refused(path):
    SqliteLog(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA + 1}")
    db.close()
    with pytest.raises(AuditError, match="newer gatesh"):
        SqliteLog(path)


def test_another_sqlite_file_is_refused_and_left_as_it_is(path):
    os.mkdir(os.path.dirname(path), 0o700)
    sqlite3.connect(path).execute("CREATE TABLE x(y)").connection.close()
    os.chmod(path, 0o600)
    before = Path(path).read_bytes()
    with pytest.raises(AuditError, match="is not an audit log"):
        SqliteLog(path)
    assert Path(path).read_bytes() == before


def test_a_flood_of_alerts_does_not_fill_the_disk(log, path):
    for number in range(1100):
        log.alert("unpaired", f"attempt {number}")
    log.alert("another kind", "x")
    assert rows(path, "SELECT count(*) FROM alert WHERE kind = 'unpaired'")[0][0] == 1000
    assert rows(path, "SELECT text FROM alert ORDER BY alert DESC LIMIT 2")[1][0].startswith(
        "and more"
    )


def test_a_locked_log_is_an_audit_error(log, path, monkeypatch):
    log._busy_s = 0.05
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AuditError, match="locked by another process"):
        log.begin(*LS)
    other.execute("ROLLBACK")
    other.close()
    assert log.begin(*LS) == 1


@pytest.mark.parametrize("how", ["removed", "replaced"])
@pytest.mark.parametrize("file", ["", "-wal"])
def test_a_log_taken_away_under_a_keeper_is_noticed(log, path, how, file):
    """An agent of the same user can unlink the file: rows would go where nobody reads them."""
    log.begin(*LS)
    os.rename(path + file, path + ".aside")
    if how == "replaced":
        Path(path + file).touch(0o600)
    with pytest.raises(AuditError, match="removed or replaced"):
        log.begin(*LS)


def test_a_failing_record_of_any_kind_is_an_audit_error(log):
    with pytest.raises(AuditError):
        log.begin(line("ls"), ASKER, None, allow(), "d")
    with pytest.raises(AuditError):
        log.begin(line("ls"), ASKER.but(pid=2**80), seen(command("ls")), allow(), "d")
    assert log.begin(*LS) == 1


BEGIN = f"""
import sys
sys.path.insert(0, {ROOT!r})
from gatesh.errors import AuditError
from tests.audit.test_store import LS, SqliteLog
try:
    log = SqliteLog(sys.argv[1])
    while True: log.begin(*LS)
except AuditError as error:
    print(error.lines())
"""


def in_namespace(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a sh script where it may mount; skips where the machine forbids that."""
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        probe = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
        if probe.returncode == 0:
            return subprocess.run(
                [*unshare, "sh", "-ec", script, "sh", *words],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
    pytest.skip("no private mount namespace here: " + probe.stderr.strip())


def test_a_read_only_folder_is_an_audit_error(tmp_path):
    folder = tmp_path / "ro"
    folder.mkdir(mode=0o700)
    if os.getuid():
        folder.chmod(0o500)
        done = subprocess.run(
            [sys.executable, "-c", BEGIN, f"{folder}/audit.db"],
            capture_output=True,
            text=True,
            check=False,
        )
    else:  # root writes through any mode
        done = in_namespace(
            'mount -t tmpfs -o mode=700,ro tmpfs "$1"; exec "$2" -c "$3" "$1/audit.db"',
            str(folder), sys.executable, BEGIN,
        )  # fmt: skip
    assert "gatesh: error: cannot make the audit log" in done.stdout, done
    assert "gatesh: hint: its folder must be on a writable file system" in done.stdout


def test_a_log_on_a_disk_that_became_read_only_is_an_audit_error(tmp_path):
    folder = tmp_path / "ro"
    folder.mkdir(mode=0o700)
    SqliteLog(f"{folder}/audit.db").close()
    done = in_namespace(
        'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; exec "$2" -c "$3" "$1/audit.db"',
        str(folder), sys.executable, BEGIN,
    )  # fmt: skip
    assert "gatesh: error: " in done.stdout, done
    assert "cannot be written" in done.stdout, done


def test_a_full_disk_is_an_audit_error_and_what_was_written_stays_whole(tmp_path):
    folder = tmp_path / "full"
    folder.mkdir(mode=0o700)
    check = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); print(db.execute('PRAGMA integrity_check').fetchone(), db.execute('SELECT count(*) FROM record').fetchone())"
    done = in_namespace(
        'mount -t tmpfs -o mode=700,size=600k tmpfs "$1"; "$2" -c "$3" "$1/audit.db"; cp "$1"/audit.db* "$5"; "$2" -c "$4" "$5/audit.db"',
        str(folder), sys.executable, BEGIN, check, str(tmp_path),
    )  # fmt: skip
    assert "is full" in done.stdout, done
    assert "('ok',)" in done.stdout, done


# -- network file systems ------------------------------------------------------------------------------

MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:26 / /home rw shared:2 - nfs4 srv:/home rw
31 30 254:2 / /home/me/.local rw - ext4 /dev/vdb rw
32 22 0:30 / /mnt/with\\040blank rw - cifs //srv/x rw
33 22 0:31 / /over rw - ext4 /dev/vdc rw
34 33 0:32 / /over rw - fuse.sshfs me@srv: rw
broken row
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/audit.db", ""),
        ("/home/me/state/audit.db", "nfs4"),
        ("/home/me/.local/state/audit.db", ""),
        ("/homework/audit.db", ""),
        ("/mnt/with blank/audit.db", "cifs"),
        ("/over/audit.db", "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_told_from_the_mount_table(path, kind):
    assert network_file_system(path, MOUNTS) == kind


def test_the_mount_table_of_this_machine_can_be_read(path):
    log = SqliteLog(path, thorough=True)
    log.close()
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        assert network_file_system("/proc/self", file.read()) == ""


FUSE = f"""
import os, subprocess, sys
sys.path.insert(0, {ROOT!r})
from gatesh.audit.store import SqliteLog
from gatesh.errors import AuditError
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={{fd}},rootmode=40000,user_id=0,group_id=0"
subprocess.run(["mount", "-i", "-t", "fuse.sshfs", "-o", options, "x", sys.argv[1]], pass_fds=[fd], check=True)
os.close(fd)
try:
    SqliteLog(sys.argv[1] + "/audit.db", thorough=True)
except AuditError as error:
    print(error.lines())
"""


def test_a_log_on_a_mounted_network_file_system_is_refused(tmp_path):
    if not os.access("/dev/fuse", os.W_OK):
        pytest.skip("no /dev/fuse here, so no network file system to mount")
    done = in_namespace('exec "$2" -c "$3" "$1"', str(tmp_path), sys.executable, FUSE)
    if done.returncode:
        pytest.skip("nothing may be mounted here: " + done.stderr[-200:])
    assert "on a network file system (fuse.sshfs)" in done.stdout
    assert "gatesh: hint: set GATESH_HOME to a folder on a local disk" in done.stdout


# -- the hot path ----------------------------------------------------------------------------------------


def test_writing_a_plain_record_imports_nothing_heavy(path):
    SqliteLog(path).close()
    heavy = "typing dataclasses json contextlib threading hashlib hmac sqlite3 sqlite_utils inspect logging pathlib"
    code = f"""
import sys
from gatesh.audit.store import SqliteLog
from gatesh.model import Asker, CommandLine, Decision, Inspection, Parsed, Verdict
log = SqliteLog(sys.argv[1])
log.begin(CommandLine("ls", "/", {{"PATH": "/bin"}}), Asker(1, 1, "s", 1, 1), Inspection(Parsed(()), (), ()), Decision(Verdict.ALLOW, ()), "d")
print(sorted(set({heavy.split()!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-ISc", f"import sys; sys.path.insert(0, {ROOT!r})\n{code}", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\n", "")
