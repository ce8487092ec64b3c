"""A terminal of which the test is the other end: it sees every byte, and sends what it likes."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pexpect

from tests.installed import GATESH
from tests.supervise.conftest import RULES

# Writes what it reads into a file, and its terminal raw.
LISTENER = r"""
import os, sys, tty
tty.setraw(0)
print(sys.argv[1] if len(sys.argv) > 1 else "listens", flush=True)
with open("heard", "ab", buffering=0) as file:
    while (data := os.read(0, 4096)):
        file.write(data)
"""
ASKS_WHERE = re.compile(rb"\x1b\[(\d+);(\d+)H\x1b\[6n")
WORD = re.compile(rb"type `([^`]+)` \+ Enter: yes")


class Wire:
    """`gatesh run` with a program, and behind it what asks when it is told to."""

    def __init__(
        self,
        env: dict[str, str],
        work: Path,
        program: str,
        *options: str,
        size: tuple[int, int] = (30, 100),
        before: str = "",
        name: str = "keep",
        term: str = "xterm-256color",
        agent: str = "",
    ) -> None:
        self.work, self.seen = work, b""
        self.answers = True  # says where the cursor is, as terminals do
        self._asked = self.all = b""
        patterns = Path(env["GATESH_HOME"], "patterns")
        patterns.mkdir(mode=0o700, exist_ok=True)
        (patterns / "test.toml").write_text(RULES)
        (work / "listener.py").write_text(LISTENER)
        (work / name).write_text("x")
        self.go = work / f"go-{name}"
        os.mkfifo(self.go)
        agent = agent or f"agent-{name}"
        (work / agent).write_text(f"(read x <go-{name}; {before} rm {name}) >out 2>&1 & {program}")
        self.child = pexpect.spawn(
            GATESH, ["run", *options, "--", "sh", agent],
            env={**env, "TERM": term}, cwd=str(work), timeout=20, dimensions=size,
        )  # fmt: skip

    def read(self, seconds: float) -> bytes:
        """Return what comes in this time."""
        got, until = b"", time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                got += self.child.read_nonblocking(1 << 16, timeout=left)
            except pexpect.TIMEOUT:
                break
            except pexpect.EOF:
                break
        self.seen += got
        self.all += got
        self._asked = (self._asked + got)[-10_000:]
        while self.answers and (asked := ASKS_WHERE.search(self._asked)):
            self.child.send(b"\x1b[%s;%sR" % asked.groups())
            self._asked = self._asked[asked.end() :]
        return got

    def see(self, pattern: bytes, timeout: float = 20) -> re.Match[bytes]:
        """Wait until what was seen since the last mark has the pattern."""
        until = time.monotonic() + timeout
        while (found := re.search(pattern, self.seen)) is None:
            assert time.monotonic() < until, f"never saw {pattern!r} in {self.seen[-3000:]!r}"
            self.read(0.05)
        return found

    def mark(self) -> None:
        self.seen = b""

    def ask(self) -> str:
        """Have it ask; return the word."""
        self.mark()
        self.go.write_text("now\n")
        return self.card()

    def card(self) -> str:
        """Wait for a card that may be answered; return its word."""
        self.see(ASKS_WHERE.pattern)
        return self.word()

    def word(self) -> str:
        """The word of the card as it is drawn now."""
        self.mark()
        self.read(1.2)  # it is deaf at first
        return WORD.findall(self.all)[-1].decode()

    def open(self) -> bool:
        """Claim that the question still stands, and what it is about too."""
        self.read(0.4)
        return (self.work / "keep").exists() and not (self.work / "out").read_text()

    def heard(self) -> bytes:
        return (self.work / "heard").read_bytes()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close(force=True)
