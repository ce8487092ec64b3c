"""Whatever a line does to the prompt's hook, none after it runs undecided or unrecorded at `--line-gate`."""

from __future__ import annotations

import os
import re
import sqlite3
import time
import tomllib
from pathlib import Path

import pexpect
import pytest

from tests.installed import GATESH
from tests.interactive.conftest import with_hooks

TABLE = Path(__file__).parents[1] / "data" / "lost-hooks.toml"
LOSSES = tomllib.loads(TABLE.read_text())["loss"]
TRIES = int(os.environ.get("GATESH_TRIES", "10"))
WAIT_S = 15.0
CARD = re.compile(r"type `(\w+)` \+ Enter: yes")


class Typed:
    """A session at the door; what it prints is read while waiting."""

    def __init__(self, env: dict[str, str], cwd: Path, gate: str = "--line-gate") -> None:
        self.cwd = cwd
        self._child = pexpect.spawn(
            GATESH, [gate], env={**env, "TERM": "xterm"}, cwd=str(cwd), encoding="utf-8", timeout=0.02,
        )  # fmt: skip
        self.seen = ""
        self._answered: set[str] = set()

    def line(self, text: str) -> None:
        self._child.send(text + "\r")

    def read(self) -> bool:
        """Take what was printed; False where the session has ended."""
        try:
            self.seen += self._child.read_nonblocking(65536, timeout=0.02)
        except pexpect.TIMEOUT:
            self._answer()
            return True
        except pexpect.EOF:
            return False
        return True

    def _answer(self) -> None:
        """Allow what is asked, for the whole session."""
        words = CARD.findall(self.seen)
        if words and words[-1] not in self._answered:
            self._answered.add(words[-1])
            time.sleep(
                2.5
            )  # nothing counts before it can have been read, and this terminal says nothing
            self._child.send(f"{words[-1]} rule\r")

    def until(self, done, most_s: float) -> bool:
        end = time.monotonic() + most_s
        while time.monotonic() < end:
            if done():
                return True
            if not self.read():
                return done()
        return False

    def close(self) -> None:
        self._child.close(force=True)


def recorded(place: Path) -> str:
    """All lines in the audit log."""
    with sqlite3.connect(f"file:{place}/audit.db?mode=ro", uri=True) as db:
        return "\n".join(row[0] for row in db.execute("SELECT command_line FROM record"))


def attempt(session: Typed, loss: dict, number: int) -> None:
    """Take the hook away, a person allowing it; then run a line, and one that nobody allows."""
    marker = session.cwd / f"marker-{number}"
    session.line(loss["line"])
    if not number:
        session.until(lambda: False, 1.0)  # a card may come
    session.line(f"touch marker-{number}")
    came = session.until(marker.exists, WAIT_S if loss["again"] else 5)
    assert came or not loss["again"], session.seen[-300:]
    session.line(f"burn; touch late-{number}")
    session.until(lambda: "burns everything" in session.seen, 2)
    assert loss.get("shows", "") in session.seen
    session.seen = ""


@pytest.mark.parametrize("loss", LOSSES, ids=[loss["name"] for loss in LOSSES])
def test_no_line_runs_undecided_or_unrecorded(
    loss: dict, burning: dict[str, str], place: Path, work: Path
) -> None:
    env = with_hooks(burning) if loss.get("hooks") else burning
    Path(env["HOME"], ".bashrc").write_text(loss.get("rc", "PS1='$ '\n"))
    session = Typed(env, work)
    try:
        session.line("touch begun-0")
        assert session.until((work / "begun-0").exists, 20), session.seen
        for number in range(TRIES if loss["again"] else max(1, TRIES // 10)):
            attempt(session, loss, number)
            if not session.read():
                break
    finally:
        session.close()
    assert not (work / "burned").exists(), session.seen[-300:]
    assert not loss["again"] or len(list(work.glob("marker-*"))) == TRIES
    lines = recorded(place)
    unrecorded = [found.name for found in work.glob("*-*") if f"touch {found.name}" not in lines]
    assert not unrecorded, session.seen[-300:]


@pytest.mark.parametrize("loss", LOSSES, ids=[loss["name"] for loss in LOSSES])
def test_below_the_exec_gate_every_program_is_decided_on_and_recorded(
    loss: dict, burning: dict[str, str], place: Path, work: Path
) -> None:
    env = with_hooks(burning) if loss.get("hooks") else burning
    Path(env["HOME"], ".bashrc").write_text(loss.get("rc", "PS1='$ '\n"))
    (work / "letter").write_text("x")
    session = Typed(env, work, "--exec-gate")
    try:
        session.line("touch begun-0")
        assert session.until((work / "begun-0").exists, 30), session.seen[-300:]
        session.line(loss["line"])
        session.line("touch marker-0")
        session.until((work / "marker-0").exists, 5)
        session.line("shred -u letter; touch late-0")
        session.until(lambda: "shreds everything" in session.seen, 5)
        assert loss.get("shows", "") in session.seen
    finally:
        session.close()
    assert (work / "letter").exists(), session.seen[-300:]
    lines = recorded(place)
    unrecorded = [f.name for f in work.glob("*-0") if f"/touch {f.name}" not in lines]
    assert not unrecorded, session.seen[-300:]


@pytest.mark.parametrize("line", ["bash --norc", "sh", "env bash -i"])
def test_a_shell_within_is_asked_about(line: str, env: dict[str, str], work: Path) -> None:
    session = Typed(env, work)
    try:
        session.line(line)
        assert session.until(lambda: CARD.search(session.seen), 20), session.seen[-300:]
    finally:
        session.close()
