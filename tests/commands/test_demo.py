"""The incident, end to end, with real curl: unattended, rejected, approved."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
import uuid

import pytest

from tests.installed import GATESH
from tests.person import Person


def test_unattended_the_volume_survives(env):
    ran = subprocess.run(
        [GATESH, "demo", "--unattended"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    query, mutation, ending = re.split(r"\[exit \d+\]", ran.stdout)
    assert '"volumes": [{"id":' in query
    assert "gatesh:" not in query, "a query passes silently"
    assert "gatesh: refused [railway-mutation]" in mutation
    assert "gatesh: hint:" in mutation
    assert "The volume is there, with 3 bookings and 2 backups." in ending
    assert "$ gatesh history" in ending
    assert "The log, record 2: nobody was there to be asked." in ending
    assert "volumeDelete" in ending
    token = re.findall(r"Bearer (\w+)", query)[0]
    assert token not in ending, "history shows no token"


def test_without_a_terminal_it_asks_nobody(env):
    ran = subprocess.run(
        [GATESH, "demo"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "gatesh demo --unattended" in ran.stderr


def test_without_curl_it_says_so(env):
    ran = subprocess.run(
        [GATESH, "demo", "--unattended"], env=env | {"PATH": "/nowhere"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == (
        "gatesh: error: the demonstration needs curl\ngatesh: hint: apt-get install curl\n"
    )


class AtTheDemo(Person):
    """A person who runs `gatesh demo` instead of a keeper."""

    def __init__(self, env):
        self._socket = f"gatesh-demo-{uuid.uuid4().hex}"
        line = f"{shlex.quote(GATESH)} demo; echo ended with $?; exec cat"
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "80",
            "env", "-i", *(f"{name}={value}" for name, value in env.items()), "TERM=tmux-256color",
            "sh", "-c", line,
        )  # fmt: skip

    def __enter__(self):
        self.see("critical: railway-mutation", 60)
        return self

    def end(self):
        """Return what the screen says once the demonstration has ended, line breaks aside."""
        self.see("Enter ends the demonstration", 30)
        self.type("use the dashboard, I said")  # a comment that comes too late reaches no shell
        self.see(r"ended with \d+", 30)
        self.story = self.screen
        assert "I said" not in self.story
        return " ".join(self.screen.split())


@pytest.fixture
def person(env):
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    with AtTheDemo(env) as found:
        yield found


def test_rejected_the_volume_is_there_and_the_agent_reads_why(person):
    card = person.see(r"(?s)railway-mutation.*yes; n: no").string
    assert "backboard.railway.app" in card
    assert "127.0.0.1" in card
    time.sleep(0.8)  # the card is deaf at first
    person.press("n")
    person.see("A word to the agent")
    person.type("use the dashboard")
    screen = person.end()
    assert "gatesh: your human says: use the dashboard" in screen
    assert "a human rejected it" in screen
    assert "The volume is there, with 3 bookings and 2 backups." in screen
    assert re.search(r"The log, record 2: rejected by terminal /dev/pts/\d+", screen)
    assert "ended with 0" in screen


def test_the_story_is_not_mixed_with_the_keepers_lines_and_its_commands_can_be_copied(person):
    time.sleep(7)  # the door says meanwhile that it waits
    person.press("n")
    person.type("")
    person.end()
    assert "still waiting" not in person.story
    keepers = r"(?m)^\d\d:\d\d:\d\d |attached as|session of"
    assert not re.search(keepers, person.story)
    [line] = [
        row for row in person.story.splitlines() if row.startswith("  $ ") and "Delete" in row
    ]
    assert line.startswith("  $ curl ") and line.endswith("}'")


def test_approved_it_is_gone_and_the_log_says_who_approved(person):
    person.approve()
    screen = person.end()
    assert '{"data": {"volumeDelete": true}}' in screen
    assert "The volume is gone, and its backups with it." in screen
    assert re.search(
        r"The log, record 2: approved by terminal /dev/pts/\d+ pid \d+, assurance A0", screen
    )
    assert "ended with 0" in screen
