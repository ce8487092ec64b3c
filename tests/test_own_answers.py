"""An agent cannot answer its own question: not by a row, not by a keeper of its own in the dead one's place."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.installed import GATESH
from tests.person import Person

HELD = "touch ran; git push --force /nowhere main"


def test_a_row_in_the_database_is_no_answer(
    kept_agent: Agent, person: Person, place: Path, work: Path
) -> None:
    pid = kept_agent.start(GATESH, "-c", HELD)
    person.see("git-push-force")
    script = (
        "import sqlite3; db = sqlite3.connect({!r});"
        "names = [r[1] for r in db.execute('pragma table_info(answer)') if not r[5]];"
        "row = dict(record=1, time_ns=1, answered='approved', approver='me', assurance='A1');"
        "row = {{n: row.get(n, '') for n in names}};"
        "db.execute('insert into answer (' + ','.join(row) + ') values ('"
        " + ','.join('?' * len(row)) + ')', list(row.values())); db.commit()"
    ).format(str(place / "audit.db"))
    forged = kept_agent.run("python3", "-c", script)
    assert forged.exit == 0, forged.err
    time.sleep(1)
    assert not (work / "ran").exists()

    person.press("n")
    person.type("")
    assert kept_agent.wait(pid).exit == 126
    assert not (work / "ran").exists()
    with sqlite3.connect(place / "audit.db") as db:
        assert db.execute("SELECT count(*) FROM answer").fetchone() == (2,)


def test_after_the_keepers_death_the_agent_cannot_take_its_place(
    kept_agent: Agent, person: Person, work: Path
) -> None:
    pid = kept_agent.start(GATESH, "-c", HELD)
    person.see("git-push-force")
    os.kill(person.pid, signal.SIGKILL)
    assert kept_agent.wait(pid).exit == 125

    # As a child on a terminal of the agent's, and as an orphan on one.
    for number, start in enumerate(("", "setsid -f ")):
        keeper = f"{GATESH} keeper >message-{number} 2>&1; echo ended >ended-{number}"
        kept_agent.run("sh", "-c", f"{start}script -qec {shlex.quote(keeper)} /dev/null")
        until = time.monotonic() + 10
        while not (work / f"ended-{number}").exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert "a keeper cannot be started here" in (work / f"message-{number}").read_text()
        assert kept_agent.run(GATESH, "-c", HELD).exit == 126
    assert not (work / "ran").exists()


def test_a_door_takes_no_orders_from_another_users_socket(
    env: dict[str, str], place: Path, work: Path
) -> None:
    if os.getuid():
        pytest.skip("only root can start another user's process")
    listener = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.bind(sys.argv[1])\n"
        "os.setuid(65534)\n"
        "s.listen()\n"
        "print('listening', flush=True)\n"
        "c, _ = s.accept()\n"
        "print(len(c.recv(100)), flush=True)\n"
    )
    squatter = subprocess.Popen(
        [sys.executable, "-I", "-c", listener, str(place / "keeper.sock")],
        stdout=subprocess.PIPE, text=True, cwd="/",
    )  # fmt: skip
    assert squatter.stdout is not None
    assert squatter.stdout.readline() == "listening\n"

    done = subprocess.run([GATESH, "-c", "touch ran"], env=env, cwd=work, capture_output=True)

    assert done.returncode == 125
    assert b"user 65534 listens on" in done.stderr
    assert not (work / "ran").exists()
    assert squatter.communicate(timeout=10)[0] == "0\n", "nothing of the line reaches it"


def test_a_keeper_that_is_stopped_lets_no_door_wait_for_ever(
    kept_agent: Agent, person: Person, work: Path
) -> None:
    pid = kept_agent.start(GATESH, "-c", HELD)
    person.see("git-push-force")
    os.kill(person.pid, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(person.pid, signal.SIGCONT)
    time.sleep(0.5)

    person.approve()

    assert kept_agent.wait(pid).exit != 126
    assert (work / "ran").exists()


def test_who_had_the_terminal_open_before_the_keeper_is_named(
    env: dict[str, str], work: Path, tmp_path: Path
) -> None:
    spy = "import os, sys, time; f = os.open(os.ttyname(1), os.O_RDWR); os.setsid(); time.sleep(30)"
    line = f"{sys.executable} -I -c '{spy}' & sleep 1; exec env {GATESH} keeper"
    with Person(env, str(work), program=("bash", "-c", line)) as person:
        assert person.see(r"(python\S*) (\d+) has this terminal open too")
