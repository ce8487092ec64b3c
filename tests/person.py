"""A person at a real terminal (tmux) with `gatesh keeper` running on it."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import time

from tests.installed import GATESH

_numbers = itertools.count()


class Person:
    """Reads the keeper's screen and types at it; everything ends with the `with` block."""

    def __init__(
        self,
        env: dict[str, str],
        cwd: str,
        *words: str,
        size: str = "120x40",
        program: tuple[str, ...] = (GATESH, "keeper"),
    ) -> None:
        self._socket = f"gatesh-{os.getpid()}-{next(_numbers)}"
        width, height = size.split("x")
        command = ["env", "-i", *(f"{k}={v}" for k, v in env.items()), "TERM=tmux-256color"]
        command += [*program, *words]
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, "-c", cwd, shlex.join(command)
        )  # fmt: skip

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words], capture_output=True, text=True, timeout=10
        )
        return done.stdout

    @property
    def screen(self) -> str:
        """What the person sees, lines joined where the terminal wrapped them."""
        return self.tmux("capture-pane", "-p", "-J")

    @property
    def tty(self) -> str:
        return self.tmux("display-message", "-p", "#{pane_tty}").strip()

    @property
    def pid(self) -> int:
        """The process on the terminal: the keeper."""
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def see(self, pattern: str, timeout: float = 20) -> re.Match[str]:
        """Wait until the screen shows `pattern`."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            screen = self.screen
            found = re.search(pattern, screen)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"never saw {pattern!r} on\n{screen}")

    def type(self, text: str, enter: bool = True) -> None:
        self.tmux("send-keys", "-l", text)
        if enter:
            self.tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self.tmux("send-keys", key)

    def approve(self) -> str:
        """Read the card's word and type it, as a person would; returns what was typed."""
        word = self.see(r"type `([^`]+)` \+ Enter: yes")[1]
        time.sleep(0.8)  # the card is deaf at first
        self.type(word)
        return word

    def __enter__(self) -> Person:
        self.see("nothing waits")
        return self

    def __exit__(self, *_: object) -> None:
        self.tmux("kill-server")


class Terminal(Person):
    """A person at a terminal with nothing but bash."""

    def __init__(self, env: dict[str, str], cwd: str, size: str = "120x40") -> None:
        super().__init__(env, cwd, size=size, program=("bash", "--norc", "--noprofile"))

    def __enter__(self) -> Terminal:
        self.see(r"\$|#")
        return self
