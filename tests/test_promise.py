"""Promise 1, record before run: whenever gatesh dies, what left a trace on disk has a begin row."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.failpoint import STEPS
from tests.installed import GATESH

LINES = int(
    os.environ.get("GATESH_LINES", "75")
)  # of each of eight at once; `make test-run` takes 250


def recorded(place: Path) -> list[str]:
    """The command lines with a begin row; the database must be whole."""
    if not (place / "audit.db").exists():
        return []
    with sqlite3.connect(place / "audit.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in db.execute("SELECT command_line FROM record ORDER BY record")]


def ended(place: Path) -> int:
    with sqlite3.connect(place / "audit.db") as db:
        return int(db.execute("SELECT count(*) FROM outcome").fetchone()[0])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("held", [False, True], ids=["allowed", "approved"])
def test_a_death_at_any_step_leaves_no_unrecorded_trace(
    step: str, held: bool, env: dict[str, str], place: Path, work: Path
) -> None:
    line = "touch ran"
    if held:  # the incident's own command, sent to a closed port of this machine
        line += (
            "; curl -s --connect-to backboard.railway.app:80:127.0.0.1:9"
            " http://backboard.railway.app/graphql/v2"
            """ -d '{"query":"mutation{volumeDelete(volumeId:1)}"}' || true"""
        )

    done = subprocess.run(
        [sys.executable, "-m", "tests.failpoint", step, line],
        env=env | {"PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=work,
        capture_output=True,
    )

    reached = held or step.split()[1] not in ("ask", "answer")
    assert (done.returncode == -signal.SIGKILL) == reached, done.stderr.decode()
    if (work / "ran").exists():
        assert recorded(place) == [line]
    assert (work / "ran").exists() == (
        step in ("after run", "before end", "after end") or not reached
    )
    assert (
        ended(place) == (1 if step == "after end" or not reached else 0) if place.exists() else True
    )


def test_a_death_at_a_random_moment_leaves_no_unrecorded_trace(
    env: dict[str, str], place: Path, work: Path
) -> None:
    moments = random.Random(300)
    began = time.monotonic()
    for _ in range(5):
        subprocess.run([GATESH, "-c", "true"], env=env, cwd=work, check=True)
    usual = (time.monotonic() - began) / 5

    def once(number: int) -> None:
        child = subprocess.Popen(
            [GATESH, "-c", f"echo {number} >trace-{number}"],
            env=env, cwd=work, start_new_session=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(moments.uniform(0, 4 * usual))
        child.kill()
        child.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(once, range(300)))
    time.sleep(0.3)

    lines = set(recorded(place))
    traces = sorted(path.name for path in work.iterdir())
    assert {f"echo {t.removeprefix('trace-')} >{t}" for t in traces} <= lines
    assert 0 < len(traces) < 300, "the moments must fall before and after the run"


def test_the_log_is_synced_before_bash_is_started(
    env: dict[str, str], work: Path, tmp_path: Path
) -> None:
    if not shutil.which("strace"):
        pytest.fail("strace is missing; tests/install-programs installs it")
    subprocess.run([GATESH, "-c", "true"], env=env, cwd=work, check=True)
    trace = tmp_path / "trace"

    done = subprocess.run(
        ["strace", "-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,execve", GATESH, "-c", "true"],
        env=env, cwd=work, capture_output=True,
    )  # fmt: skip

    if "ptrace" in done.stderr.decode() and "not permitted" in done.stderr.decode():
        pytest.skip("strace may not trace here")
    calls = trace.read_text().splitlines()
    bash = next(
        i for i, c in enumerate(calls) if re.search(r'execve\("(/usr)?/bin/(bash|setpriv)', c)
    )
    synced = [
        i for i, c in enumerate(calls) if re.search(r"f(data)?sync\(\d+<.*audit\.db.*\) += 0", c)
    ]
    assert synced, calls
    assert min(synced) < bash


def _in_namespace(script: str, env: dict[str, str], **named: object) -> subprocess.CompletedProcess:
    """Run a sh script in a mount namespace of its own; skips where the machine forbids one."""
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("no private mount namespace here: " + probe.stderr.decode().strip())
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=env, capture_output=True, text=True, **named
    )


def test_nothing_runs_when_the_log_cannot_be_written(env: dict[str, str], work: Path) -> None:
    place = env["GATESH_HOME"]

    done = _in_namespace(
        f"mount -t tmpfs tmpfs {place} && mount -o remount,ro {place} && exec {GATESH} -c 'touch ran'",
        env,
        cwd=work,
    )

    assert done.returncode == 125
    assert "gatesh: error: " in done.stderr
    assert "gatesh: hint: " in done.stderr
    assert not (work / "ran").exists()


def test_nothing_runs_when_the_disk_is_full(env: dict[str, str], work: Path) -> None:
    place = env["GATESH_HOME"]

    done = _in_namespace(
        f"mount -t tmpfs -o size=1m tmpfs {place} && chmod 700 {place} && {GATESH} -c 'touch first' && "
        f"dd if=/dev/zero of={place}/fill bs=4k 2>/dev/null; exec {GATESH} -c 'touch second'",
        env,
        cwd=work,
    )

    assert done.returncode == 125, done.stderr
    assert "gatesh: error: " in done.stderr
    assert (work / "first").exists()
    assert not (work / "second").exists()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["alone", "keeper"])
def test_eight_at_once_lose_nothing(
    mode: str, place: Path, work: Path, request: pytest.FixtureRequest
) -> None:
    agent = request.getfixturevalue("agent" if mode == "alone" else "kept_agent")
    script = f'for i in {{1..{LINES}}}; do {GATESH} -c "exit $((i % 100))"; [ $? = $((i % 100)) ] || echo bad $i; done'

    pids = [agent.start("/bin/bash", "-c", script) for _ in range(8)]
    results = [agent.wait(pid, timeout=300) for pid in pids]

    assert {(r.exit, r.out, r.err) for r in results} == {(0, b"", b"")}
    until = time.monotonic() + 10
    while ended(place) < 8 * LINES and time.monotonic() < until:
        time.sleep(0.1)  # a keeper writes the last end rows after the doors have gone
    assert len(recorded(place)) == 8 * LINES
    assert ended(place) == 8 * LINES


def test_a_closed_stderr_changes_nothing(env: dict[str, str], work: Path) -> None:
    done = subprocess.run(
        f"exec {GATESH} -c 'touch ran' 2>&- <&- >&-", shell=True, env=env, cwd=work
    )

    assert done.returncode == 0
    assert (work / "ran").exists()
    assert os.listdir(work) == ["ran"]
