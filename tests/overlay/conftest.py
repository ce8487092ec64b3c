"""A person at a terminal (tmux) with an agent below `gatesh run` in it."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.person import Terminal
from tests.supervise.conftest import RULES


class Desk(Terminal):
    """Bash in a terminal, and what is asked there."""

    def __init__(self, env: dict[str, str], work: Path, size: str = "100x30") -> None:
        self.work, self.gatesh = work, GATESH
        patterns = Path(env["GATESH_HOME"], "patterns")
        patterns.mkdir(mode=0o700, exist_ok=True)
        (patterns / "test.toml").write_text(RULES)
        super().__init__({**env, "PS1": "$ "}, str(work), size)

    def run(self, command: str, *options: str) -> None:
        """Start `gatesh run` as a person would."""
        self.type(f"clear; {self.gatesh} run {shlex.join(options)} -- {command}")

    def behind(self, program: str, *options: str, name: str = "keep") -> Path:
        """Start a program, and behind it what asks as soon as the returned file is there."""
        (self.work / name).write_text("x")
        go = self.work / f"go-{name}"
        os.mkfifo(go)
        asks = f"(read x <go-{name}; rm {name}) >/dev/null 2>&1 & {program}"
        (self.work / f"agent-{name}").write_text(asks)
        self.run(f"sh agent-{name}", *options)
        return go

    @property
    def looks(self) -> str:
        """The screen with its colours, and the cursor."""
        cursor = self.tmux("display-message", "-p", CURSOR).strip()
        return self.tmux("capture-pane", "-p", "-e") + cursor

    def settled(self, timeout: float = 10) -> str:
        """Wait until the screen does not change any more."""
        before, until = "", time.monotonic() + timeout
        while (now := self.looks) != before and time.monotonic() < until:
            before = now
            time.sleep(0.3)
        return now

    def ask(self, go: Path) -> str:
        """Have it ask; return what has to be typed."""
        go.write_text("now\n")
        return self.card()

    def card(self) -> str:
        word = self.see(r"type `([^`]+)` \+ Enter: yes")[1]
        time.sleep(0.5)  # the card is deaf at first
        return word

    def closed(self) -> None:
        """Wait until no card is shown."""
        until = time.monotonic() + 10
        while "+ Enter: yes" in self.screen:
            assert time.monotonic() < until, self.screen
            time.sleep(0.05)

    def reject(self, comment: str = "") -> None:
        self.type("n", enter=False)
        self.see("A word to the agent")
        self.type(comment)
        self.closed()

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def __enter__(self) -> Desk:
        self.see(r"\$ ")
        return self


CURSOR = "#{cursor_x},#{cursor_y} #{cursor_flag} #{alternate_on} #{insert_flag} #{keypad_cursor_flag} #{keypad_flag} #{wrap_flag} #{origin_flag} #{scroll_region_upper}-#{scroll_region_lower} #{mouse_any_flag} #{mouse_sgr_flag}"  # fmt: skip


@pytest.fixture
def desks(env: dict[str, str], work: Path, place: Path) -> Iterator[Callable[[], Desk]]:
    """Make terminals of the same kind, each with a folder of its own."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    with ExitStack() as stack:
        numbers = itertools.count()

        def make(size: str = "100x30") -> Desk:
            folder = work / f"at {next(numbers)}"
            folder.mkdir()
            return stack.enter_context(Desk(env, folder, size))

        yield make


@pytest.fixture
def desk(desks: Callable[[], Desk]) -> Desk:
    return desks()
