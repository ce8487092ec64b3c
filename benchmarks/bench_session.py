"""A long session on standard input, as gptme keeps one: what a line costs in its eighths, beside bash.

    .venv/bin/python benchmarks/bench_session.py [LINES]

Both shells take the same lines in turns, in one run; medians in ms. No keeper: the door reads and decides.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")
LINES = (
    "x{n}={n}", "ls / >/dev/null", "cd . && pwd >/dev/null", "f{n}() {{ echo $x{n}; }}",
    "for i in 1 2 3; do echo $i >/dev/null; done", "grep -c x /etc/passwd >/dev/null",
)  # fmt: skip


class Session:
    """One shell that reads its input."""

    def __init__(self, program: str, env: dict[str, str]) -> None:
        self.took: list[float] = []
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.shell = subprocess.Popen([program], env=env, cwd=env["HOME"], **pipes)

    def run(self, line: str, number: int) -> None:
        """Have a line run, and wait for the mark behind it."""
        mark = f"mark {number}\n".encode()
        began = time.perf_counter()
        self.shell.stdin.write(f"{line}; echo mark {number}\n".encode())
        self.shell.stdin.flush()
        while (said := self.shell.stdout.readline()) != mark:
            if not said:
                raise SystemExit(f"{self.shell.args[0]} is gone")
        self.took.append(time.perf_counter() - began)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "GATESH_HOME": f"{home}/gatesh"}
        sessions = {"bash": Session("/bin/bash", env), "gatesh": Session(GATESH, env)}
        for number in range(count):
            for session in sessions.values():
                session.run(LINES[number % len(LINES)].format(n=number), number)
        for session in sessions.values():
            session.shell.communicate()
    eighth = count // 8
    print(f"{'lines':>12}" + "".join(f"{name:>12}" for name in sessions))
    for at in range(0, eighth * 8, eighth):
        medians = [statistics.median(s.took[at : at + eighth]) * 1e3 for s in sessions.values()]
        print(f"{at:6}-{at + eighth:<5}" + "".join(f"{median:12.2f}" for median in medians))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
