"""A terminal in tmux, driven by keystrokes and read as a person reads it."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import time
from pathlib import Path

ROWS, COLUMNS = 24, 80
MOST_S = 30


def _processes(name: str) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(int(pid))
        except OSError:
            continue
    return found


class Pane:
    """One program on a terminal of its own, in a tmux server of its own."""

    def __init__(self, command: str, env: dict[str, str], cwd: str) -> None:
        self._socket = f"gatesh-test-{os.getpid()}-{secrets.token_hex(4)}"
        self._cwd = os.path.realpath(cwd)
        self._env = {**env, "TERM": "xterm-256color"}
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", cwd, command,
            ";", "set", "-g", "remain-on-exit", "on", ";", "set", "-g", "status", "off",
        )  # fmt: skip
        self.resize(COLUMNS, ROWS)

    def __enter__(self) -> Pane:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server", check=False)

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-L", self._socket, *words],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names; text that is no name is typed."""
        self._tmux("send-keys", *names)

    def line(self, text: str) -> None:
        """Type a line and press Enter."""
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def paste(self, text: str) -> None:
        """Paste as a terminal does, in brackets where the program asked for them."""
        self._tmux("set-buffer", "-b", "p", text)
        self._tmux("paste-buffer", "-p", "-b", "p")

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, and wait until the terminal has it: tmux takes its time."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))
        with open(self._tmux("display-message", "-p", "#{pane_tty}").strip(), "rb") as terminal:
            for _ in range(200):
                if os.get_terminal_size(terminal.fileno()) == (columns, rows):
                    return
                time.sleep(0.02)
        raise AssertionError(f"the terminal has not become {columns}x{rows}")

    @property
    def screen(self) -> str:
        """What is to be seen, without blanks at the ends."""
        lines = (line.rstrip() for line in self._tmux("capture-pane", "-p").split("\n"))
        return "\n".join(lines).rstrip("\n")

    @property
    def cursor(self) -> str:
        return self._tmux("display-message", "-p", "#{cursor_x},#{cursor_y}").strip()

    def until(self, pattern: str, most_s: float = MOST_S) -> str:
        """Wait until the screen shows `pattern`; return the screen."""
        end = time.monotonic() + most_s
        while not re.search(pattern, screen := self.screen, re.MULTILINE):
            assert time.monotonic() < end, f"no {pattern!r} on\n{screen}"
            time.sleep(0.03)
        return screen

    def wait(self, program: str) -> None:
        """Wait until a program of this pane's folder has a terminal to itself."""
        end = time.monotonic() + MOST_S
        while not any(map(self._in_front, _processes(program))):
            assert time.monotonic() < end, f"no {program} in front:\n{self.screen}"
            time.sleep(0.02)

    def _in_front(self, pid: int) -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return os.readlink(f"/proc/{pid}/cwd") == self._cwd and stat[2] == stat[5]
        except OSError:
            return False

    def wait_seen(self) -> None:
        """Wait until a card may have been read: what is typed before does not count."""
        time.sleep(0.6)

    def do(self, step: str) -> None:
        """Do one step of a situation: `until PATTERN`, `paste TEXT`, `key NAME`, `size C R`, a line."""
        kind, _, rest = step.partition(" ")
        match kind:
            case "until":
                self.until(rest)
            case "paste":
                self.paste(rest)
            case "key":
                self.keys(*rest.split())
            case "size":
                self.resize(*map(int, rest.split()))
            case "text":
                self._tmux("send-keys", "-l", rest)
            case "line":
                self.line(rest)
            case "wait":
                self.wait(rest)
            case "pause":
                time.sleep(float(rest))
            case _:
                raise AssertionError(step)
