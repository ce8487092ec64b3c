"""A person for tests: a keeper and approvers on real terminals, in a tmux server of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")

# `touch` is harmless and held: what runs after a yes can be seen by its file.
RULES = """
[hold-touch]
cli = "touch {hold,again,other}*"
severity = "high"
class = "data-destroy"
say = "touches {1}"
instead = "ls it"
catches = ["touch hold-a", "touch hold-b"]
passes = ["touch x", "touch y"]

[hold-critical]
cli = "touch critical*"
severity = "critical"
class = "data-destroy"
say = "touches {1} for good"
instead = "ls it"
catches = ["touch critical-a", "touch critical-b"]
passes = ["touch x", "touch y"]
"""
IDLE = "nothing waits"
DEAF = 0.5  # a little more than a card is deaf


class Human:
    """Holds the tmux server; window 0 is the keeper's."""

    def __init__(
        self,
        env: dict[str, str],
        *options: str,
        size: tuple[int, int] = (100, 30),
        term: str = "",
        pin: str = "",
        expect: str = "",
    ) -> None:
        self.env = env
        patterns = Path(env["GATESH_HOME"], "patterns")
        patterns.mkdir(mode=0o700, exist_ok=True)
        if not (patterns / "test.toml").exists():
            (patterns / "test.toml").write_text(RULES)
        self._socket = str(Path(env["HOME"], "tmux"))
        command = [GATESH, "keeper", *options]
        if term:
            command = ["env", f"TERM={term}", *command]
        columns, rows = map(str, size)
        self.tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            columns,
            "-y",
            rows,
            "-s",
            "t",
            *self._kept(command),
        )
        try:
            self._begin(options, pin, expect)
        except BaseException:
            self.close()
            raise

    def _begin(self, options: tuple[str, ...], pin: str, expect: str) -> None:
        for asked in ("PIN for approvals", "Repeat") if pin else ():
            self.wait_for(asked)
            self.type(pin, "Enter")
        self.wait_for(expect or ("answer with" if "--daemon" in options else IDLE))

    def _kept(self, command: list[str]) -> list[str]:
        # The window stays when its program has ended, so that what it said can be read.
        return ["sh", "-c", '"$@"; echo "[ended: $?]"; sleep 300', "sh", *command]

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def open(self, *command: str, leads: bool = False) -> str:
        """Start a program in a new window, as the leader of its session or not; return the window's id."""
        kept = list(command) if leads else self._kept(list(command))
        return self.tmux("new-window", "-d", "-P", "-F", "#{window_id}", "-t", "t:", *kept).strip()

    def approve(self, *words: str) -> str:
        return self.open(GATESH, "approve", *words)

    def screen(self, window: str = "t:0") -> str:
        return self.tmux("capture-pane", "-p", "-J", "-t", window)

    def tty(self, window: str = "t:0") -> str:
        return self.tmux("display-message", "-p", "-t", window, "#{pane_tty}").strip()

    def pid(self, window: str = "t:0") -> int:
        """The pid of the gatesh in a window."""
        shell = self.tmux("display-message", "-p", "-t", window, "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def wait_for(self, text: str, window: str = "t:0", timeout: float = 20) -> str:
        until = time.monotonic() + timeout
        while text not in (shown := self.screen(window)):
            assert time.monotonic() < until, f"no {text!r} in:\n{shown}"
            time.sleep(0.05)
        return shown

    def wait_gone(self, text: str, window: str = "t:0", timeout: float = 20) -> None:
        until = time.monotonic() + timeout
        while text in (shown := self.screen(window)):
            assert time.monotonic() < until, f"still {text!r} in:\n{shown}"
            time.sleep(0.05)

    def type(self, text: str, *keys: str, window: str = "t:0") -> None:
        if text:
            self.tmux("send-keys", "-t", window, "-l", text)
        if keys:
            self.tmux("send-keys", "-t", window, *keys)

    def card(self, about: str, window: str = "t:0") -> str:
        """Wait until a card is shown and may be answered; return what has to be typed."""
        self.wait_for(about, window)
        shown = self.wait_for("type `", window)
        time.sleep(DEAF)
        return re.findall("type `([^`]*)`", shown)[-1]

    def yes(self, about: str, window: str = "t:0") -> None:
        self.type(self.card(about, window), "Enter", window=window)

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-S", self._socket, "kill-server"],
            env=self.env,
            capture_output=True,
            timeout=20,
        )
        if os.path.exists(self._socket):
            os.unlink(self._socket)

    def __enter__(self) -> Human:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def held(agent, line, **env):
    """Have the agent submit a line that waits for a person; return its pid."""
    return agent.start(GATESH, "-c", line, **env)


def eventually(claim, timeout=10):
    """Return what `claim` returns as soon as it is true."""
    until = time.monotonic() + timeout
    while not (found := claim()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found
