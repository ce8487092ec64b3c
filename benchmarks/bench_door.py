"""Keystroke to echo, Enter to the line's first output, and the end of a line to the next prompt, beside bash.

    .venv/bin/python benchmarks/bench_door.py [ROUNDS]

Both shells are driven in turns on terminals of their own, in one run; medians and 90 % points in ms. The log lies
where temporary files do: on a disk a line waits for its row there. BENCH_DIR=/dev/shm has it in memory.
"""

from __future__ import annotations

import os
import pty
import select
import statistics
import sys
import tempfile
import time

GATESH = os.path.join(os.path.dirname(sys.executable), "gatesh")

PROMPT = b"ready>"
LEAST_PAUSE_S = 0.02  # nobody types faster


class Driven:
    """One shell on a terminal."""

    def __init__(self, name: str, argv: list[str], env: dict[str, str]) -> None:
        self.name = name
        self.times: dict[str, list[float]] = {"key": [], "enter": [], "prompt": []}
        self.seen = b""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execve(argv[0], argv, env)
        self.pid = pid
        self.until(PROMPT, 20)

    def until(self, what: bytes, most_s: float = 5) -> float:
        """Read until `what` has come; return when it came."""
        end = time.monotonic() + most_s
        while what not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise SystemExit(f"{self.name}: no {what!r} in {self.seen!r}")
            self.seen += os.read(self.fd, 1 << 16)
        self.seen = self.seen.partition(what)[2]
        return time.monotonic()

    def settle(self) -> None:
        """Let it finish drawing."""
        while select.select([self.fd], [], [], LEAST_PAUSE_S)[0]:
            os.read(self.fd, 1 << 16)
        self.seen = b""

    def measure(self, number: int) -> None:
        self.settle()
        for key in b"printf":
            began = time.monotonic()
            os.write(self.fd, bytes([key]))
            self.times["key"].append(self.until(bytes([key])) - began)
            self.settle()
        os.write(self.fd, b" '<%%d%%s' %d '>\\n'" % number)
        self.settle()
        began = time.monotonic()
        os.write(self.fd, b"\r")
        came = self.until(b"<%d>" % number)
        self.times["enter"].append(came - began)
        self.times["prompt"].append(self.until(PROMPT) - came)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(
        dir=os.environ.get("BENCH_DIR"), ignore_cleanup_errors=True
    ) as home:
        with open(f"{home}/.bashrc", "w", encoding="utf-8") as file:
            file.write(f"PS1='{PROMPT.decode()}'\n")
        env = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "TERM": "xterm",
            "GATESH_HOME": f"{home}/gatesh",
        }
        shells = [
            Driven("bash -i", ["/bin/bash", "--rcfile", f"{home}/.bashrc", "-i"], env),
            Driven("gatesh --exec-gate", [GATESH, "--exec-gate"], env),
            Driven("gatesh --line-gate", [GATESH, "--line-gate"], env),
        ]
        for number in range(rounds):
            for shell in shells:
                shell.measure(number)
        print(f"{'':24}{'key to echo':>22}{'Enter to output':>22}{'end to prompt':>22}")
        for shell in shells:
            row = f"{shell.name:24}"
            for found in shell.times.values():
                ninth = statistics.quantiles(found, n=10)[-1]
                row += f"{statistics.median(found) * 1e3:12.2f} ({ninth * 1e3:6.2f}) "
            print(row)
            os.write(shell.fd, b"exit\r")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
