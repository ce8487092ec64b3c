"""Logs that cannot be trusted or written: an error that says what to do, and nothing runs."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatesh.audit.database import SCHEMA, network_file_system
from gatesh.audit.store import SqliteLog
from gatesh.errors import AuditError
from tests.audit.values import ASKER, LS, ROOT, allow, command, line, rows, seen


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
from gatesh.audit.store import SqliteLog
from tests.audit.values import LS
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
