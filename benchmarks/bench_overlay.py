"""What the terminal of `gatesh run` costs beside a bare relay in Python and none: output and a key's echo.

One run each in turns; the harness is the terminal. `bare` is a program on a pty, `copy` the standard library's
pty.spawn, which does nothing but copy, `run` is `gatesh run`.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import statistics
import sys
import tempfile
import time
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")

OUTPUTS = {
    "log lines": r"""
line = "2026-01-01 12:00:00 INFO service.module: request %d took 12 ms and was answered with 200\n" % 7
text = line * 700
""",
    "colours, redrawn": r"""
text = "\x1b[?2026h\x1b[H" + "".join(f"\x1b[{y};1H\x1b[38;5;{y}m\x1b[1mrow {y}\x1b[0m some text of a full screen, \x1b[32mgreen\x1b[0m\x1b[K" for y in range(1, 41)) + "\x1b[?2026l"
text *= 20
""",
    "yes": r"""
text = "y\n" * 30000
""",
}  # fmt: skip
WRITER = r"""
import sys
%s
data = text.encode()
sys.stdout.write("\x1b]0;begin\x07"); sys.stdout.flush()
for _ in range(int(sys.argv[1]) // len(data)): sys.stdout.buffer.write(data)
sys.stdout.write("\x1b]0;end\x07"); sys.stdout.flush()
"""
ECHO = r"""
import os, tty
tty.setraw(0)
os.write(1, b"\x1b]0;begin\x07")
while (key := os.read(0, 1)) != b"q": os.write(1, key)
"""


def command(kind: str, program: list[str]) -> list[str]:
    return {
        "bare": program,
        "copy": [sys.executable, "-I", "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *program],
        "run": [GATESH, "run", "--", *program],
    }[kind]


class Terminal:
    """A program on a pty whose other end is here."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvpe(words[0], words, env)

    def until(self, mark: bytes) -> int:
        """Read until `mark` comes; return how many bytes that were."""
        count, tail = 0, b""
        while mark not in tail:
            data = os.read(self.fd, 1 << 16)
            count += len(data)
            tail = (tail + data)[-200:] if len(data) < 200 else tail[-20:] + data
        return count

    def close(self) -> None:
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def throughput(kind: str, output: str, size: int, env: dict[str, str]) -> float:
    """Return MB/s."""
    code = WRITER % OUTPUTS[output]
    terminal = Terminal(command(kind, ["/usr/bin/env", "python3", "-c", code, str(size)]), env)
    terminal.until(b"0;begin")
    began = time.perf_counter()
    count = terminal.until(b"0;end")
    taken = time.perf_counter() - began
    terminal.close()
    return count / taken / 1e6


def echoes(kind: str, count: int, env: dict[str, str]) -> list[float]:
    """Return the seconds from a key to its echo."""
    terminal = Terminal(command(kind, ["/usr/bin/env", "python3", "-c", ECHO]), env)
    terminal.until(b"0;begin\x07")
    time.sleep(1.0)
    found = []
    for _ in range(count):
        time.sleep(0.002)
        began = time.perf_counter()
        os.write(terminal.fd, b"x")
        select.select([terminal.fd], [], [])
        os.read(terminal.fd, 1024)
        found.append(time.perf_counter() - began)
    os.write(terminal.fd, b"q")
    terminal.close()
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=20)
    given = parser.parse_args()
    kinds = ("bare", "copy", "run")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "gatesh")
        home.mkdir(mode=0o700)
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8",
               "GATESH_HOME": str(home), "TERM": "xterm-256color"}  # fmt: skip
        os.chdir(folder)
        print(f"{'':28}" + "".join(f"{kind:>10}" for kind in kinds))
        for output in OUTPUTS:
            size = given.megabytes * 1_000_000 // (4 if output == "yes" else 1)
            found = {kind: [] for kind in kinds}
            for _ in range(given.turns):
                for kind in kinds:
                    found[kind].append(throughput(kind, output, size, env))
            medians = [statistics.median(found[kind]) for kind in kinds]
            print(f"{output + ', MB/s':28}" + "".join(f"{each:10.0f}" for each in medians))
        keys = {kind: echoes(kind, 1000, env) for kind in kinds}
        for name, place in (("median", 500), ("p99", 990)):
            figures = "".join(f"{keys[kind][place] * 1e6:10.0f}" for kind in kinds)
            print(f"{'a key and its echo, ' + name + ', µs':28}{figures}")
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
