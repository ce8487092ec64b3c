"""A person's shell around `gatesh run`: ^Z, fg, bg, ^C and who reads from the terminal, as for any program."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pexpect
import pytest

from tests.installed import GATESH

RUN = f"{GATESH} run --"
AGENT = "python3 -i -q"


class Shell:
    """An interactive bash on a terminal."""

    def __init__(self, env: dict[str, str], cwd: str) -> None:
        self._child = pexpect.spawn(
            "bash", ["--norc", "-i"], env={**env, "PS1": "$ ", "TERM": "dumb"}, cwd=cwd,
            encoding="utf-8", timeout=20, dimensions=(30, 300),
        )  # fmt: skip
        self._child.setecho(False)
        self.expect(r"\$ ")

    def line(self, text: str, expected: str = "") -> None:
        self._child.sendline(text)
        if expected:
            self.expect(expected)

    def key(self, letter: str, expected: str) -> None:
        self._child.sendcontrol(letter)
        self.expect(expected)

    def expect(self, pattern: str) -> None:
        self._child.expect(pattern)

    def synced(self) -> None:
        """Wait until the shell itself reads."""
        for left in range(50, 0, -1):
            self._child.sendline("echo in'sync'")
            if self._child.expect(["insync", pexpect.TIMEOUT], timeout=0.3) == 0:
                return
            assert left > 1

    def stopped(self) -> None:
        """Wait until the shell knows that its job has stopped."""
        for left in range(50, 0, -1):
            self._child.sendline("jobs")
            if self._child.expect(["Stopped.*gatesh run", pexpect.TIMEOUT], timeout=0.3) == 0:
                return
            assert left > 1

    def close(self) -> None:
        self._child.close(force=True)


@pytest.fixture
def shell(run) -> Iterator[Shell]:
    found = Shell(run.env, str(run.work))
    yield found
    found.close()


def test_the_agent_stops_and_goes_on_as_a_job(shell: Shell) -> None:
    shell.line(f"{RUN} {AGENT}", ">>> ")
    shell.line("print(6*7)", "42")
    shell.key("z", "Stopped")
    shell.line("jobs", "Stopped.*gatesh run")
    shell.line("fg", "gatesh run")
    shell.line("print(7*7)", "49")
    shell.key("c", "KeyboardInterrupt")
    shell.key("z", "Stopped")
    shell.line("bg", "&")
    shell.synced()
    shell.line("fg", "gatesh run")
    time.sleep(0.5)
    shell.line("print(11*11)", "121")
    shell.line("exit(3)", re.escape("$ "))
    shell.line("echo rc=$?", "rc=3")


def test_it_does_not_read_in_the_background(shell: Shell) -> None:
    shell.line(f"{RUN} sh -c 'sleep 1; echo rea''dy; read x; echo got $x'", "gatesh: run")
    time.sleep(0.3)
    shell.key("z", "Stopped")
    shell.line("bg", "&")
    shell.synced()
    shell.stopped()
    shell.line("fg", "gatesh run")
    shell.line("abc", "got abc")


def test_whoever_started_it_can_read_afterwards(shell: Shell, run) -> None:
    (run.work / "inner").write_text("tty; read x; echo got $x")
    (run.work / "outer").write_text(f"{RUN} sh inner; read y; echo then $y")
    shell.line("sh outer", "/dev/pts")
    shell.line("abc", "got abc")
    shell.line("def", "then def")


def test_a_key_reaches_the_agent_in_a_pipeline(shell: Shell) -> None:
    shell.line(f"{RUN} sh -c 'echo rea'dy; sleep 100' | cat".replace("'dy", "dy"), "ready")
    time.sleep(0.5)
    shell.key("c", re.escape("$ "))
    shell.line(f"{RUN} sh -c 'sleep 0.5; echo in the back' &")
    shell.expect("in the back")
