"""What `gatesh run` costs: the same work bare and below it, in turns, medians.

Each program is started many times inside one session, so that the start of the session is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")

# Prints the seconds that each round took.
LOOP = r"""
import os, sys, time
count, rounds = int(sys.argv[1]), int(sys.argv[2])
command = sys.argv[3:]
out = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
for number in range(rounds):
    began = time.perf_counter()
    for i in range(count):
        os.waitpid(os.posix_spawn(command[0], [c.replace("@", f"{number}-{i}") for c in command], os.environ, file_actions=out), 0)
    print((time.perf_counter() - began) / count)
"""
BUILD = r"""
import os, subprocess, sys, time
for number in range(int(sys.argv[1])):
    subprocess.run(["make", "-s", "clean"], check=True)
    began = time.perf_counter()
    subprocess.run(["make", "-s", "-j2"], check=True)
    print(time.perf_counter() - began)
"""
MAKEFILE = """
OBJECTS := $(patsubst %.c,%.o,$(wildcard *.c))
all: $(OBJECTS)
clean:
\trm -f $(OBJECTS)
%.o: %.c
\t$(CC) -c -o $@ $<
"""


def measured(command: list[str], folder: str, env: dict[str, str]) -> list[float]:
    """Return the seconds that a program printed."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def compare(
    name: str, command: list[str], folder: str, env: dict[str, str], turns: int, unit: str
) -> None:
    bare: list[float] = []
    below: list[float] = []
    for _ in range(turns):
        bare += measured(command, folder, env)
        below += measured([GATESH, "run", "--", *command], folder, env)
    a, b = statistics.median(bare), statistics.median(below)
    scale, word = (1e6, "µs") if unit == "µs" else (1e3, "ms")
    print(
        f"{name:28} {a * scale:9.0f} {b * scale:9.0f} {word}   +{(b - a) * scale:.0f} {word}   +{(b / a - 1) * 100:.0f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--folder", default=None, help="where to work; a throw-away folder is quieter"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home = Path(folder, "gatesh")
        home.mkdir(mode=0o700)
        work = Path(folder, "work")
        work.mkdir()
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8",
            "GATESH_HOME": str(home),
        }  # fmt: skip
        for number in range(60):
            (work / f"f{number}.c").write_text(f"int f{number}(int x) {{ return x + {number}; }}\n")
        (work / "Makefile").write_text(MAKEFILE)
        subprocess.run(["git", "init", "-q"], cwd=work, env=env, check=True)
        python = [sys.executable, "-I", "-S", "-c"]
        print(f"{'':28} {'bare':>9} {'below':>9}")
        at = str(work)
        began = time.perf_counter()
        compare("/bin/true", [*python, LOOP, "100", "4", "/bin/true"], at, env, given.turns, "µs")
        compare(
            "/bin/true, never the same",
            [*python, LOOP, "100", "4", "/bin/true", "@"],
            at,
            env,
            given.turns,
            "µs",
        )
        compare(
            "bash -c LINE",
            [*python, LOOP, "50", "4", "/bin/bash", "-c", "ls -la | head -@ >/dev/null"],
            at,
            env,
            given.turns,
            "µs",
        )
        compare(
            "bash -c, builtins",
            [*python, LOOP, "50", "4", "/bin/bash", "-c", "echo @ >/dev/null && cd ."],
            at,
            env,
            given.turns,
            "µs",
        )
        compare(
            "git status",
            [*python, LOOP, "25", "4", "/usr/bin/git", "status", "-s"],
            at,
            env,
            given.turns,
            "µs",
        )
        compare("60 C files, make -j2", [*python, BUILD, "2"], at, env, given.turns, "ms")
        print(
            f"took {time.perf_counter() - began:.0f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        )


if __name__ == "__main__":
    main()
