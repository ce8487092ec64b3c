"""What `gatesh run` costs: the same work bare, below it, and below sudo's intercept, in turns, medians.

Each program is started many times inside one session, so that the start of the session is not counted. sudo
comes from its Debian package, unpacked beside the work and seen only in a mount namespace of its own, so that
nothing of the machine is touched; where that cannot be had, the column is missing and says why.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")
PYTHON = [sys.executable, "-I", "-S", "-c"]
FILES = 64

# Each prints the seconds that a round took, or one program of it at the median. `@` is never the same twice.
LOOP = r"""
import os, sys, time
count, rounds = int(sys.argv[1]), int(sys.argv[2])
command = sys.argv[3:]
out = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
for number in range(rounds):
    took = []
    for i in range(count):
        words = [word.replace("@", f"{os.getpid()}{number}-{i}") for word in command]
        began = time.perf_counter()
        os.waitpid(os.posix_spawn(command[0], words, os.environ, file_actions=out), 0)
        took.append(time.perf_counter() - began)
    print(sorted(took)[count // 2])
"""
ONCE = r"""
import subprocess, sys, time
for number in range(int(sys.argv[1])):
    subprocess.run(sys.argv[2].split(), check=True)
    began = time.perf_counter()
    subprocess.run(sys.argv[3:], check=True, stdout=subprocess.DEVNULL)
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
# A sudo of its own: its files are laid over the machine's, for the processes of this namespace alone.
SUDO = """
mount -t overlay overlay -o lowerdir="$0/usr:/usr" /usr && mount -t overlay overlay -o lowerdir="$0/etc:/etc" /etc &&
exec sudo -n -- "$@"
"""
SUDOERS = """
Defaults intercept, intercept_type=trace, !env_reset, !syslog, !pam_session
ALL ALL=(ALL:ALL) NOPASSWD: ALL
"""


def work(folder: Path, env: dict[str, str]) -> list[tuple[str, str, list[str]]]:
    """Make what the rows work on; return (name, unit, command) of each."""
    for number in range(FILES):
        (folder / f"f{number}.c").write_text(f"int f{number}(int x) {{ return x + {number}; }}\n")
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / ".gitignore").write_text("*.o\nnode_modules\npackage-lock.json\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, env=env, check=True)
    loop, once = [*PYTHON, LOOP], [*PYTHON, ONCE]
    line = "cd . && [ -f Makefile ] && echo @"
    programs = "ls -la | head -@ >/dev/null; grep -c '@' Makefile"
    rows = [
        ("/bin/true", "µs", [*loop, "100", "4", "/bin/true"]),
        ("/bin/true, never the same", "µs", [*loop, "100", "4", "/bin/true", "@"]),
        ("bash -c LINE, all builtins", "µs", [*loop, "50", "4", "/bin/bash", "-c", line]),
        ("bash -c LINE, 3 programs", "µs", [*loop, "50", "4", "/bin/bash", "-c", programs]),
        ("git status, 100 times", "µs", [*loop, "100", "1", "/usr/bin/git", "status", "-s"]),
        (f"make -j2, {FILES} C files", "ms", [*once, "2", "make -s clean", "make", "-s", "-j2"]),
    ]  # fmt: skip
    if shutil.which("npm", path=env["PATH"]):
        rows.append(("npm install --offline", "ms", npm(folder / "project", once)))
    return rows


def npm(folder: Path, once: list[str]) -> list[str]:
    """Make a project that depends on folders beside it, one with an install script; return the command."""
    names = [f"part{number}" for number in range(20)]
    for name in names:
        (folder / name).mkdir(parents=True)
        scripts = {"postinstall": "node -e 1"} if name == "part0" else {}
        package = {"name": name, "version": "1.0.0", "scripts": scripts}
        (folder / name / "package.json").write_text(json.dumps(package))
    needs = {name: f"file:./{name}" for name in names}
    package = {"name": "project", "version": "1.0.0", "dependencies": needs}
    (folder / "package.json").write_text(json.dumps(package))
    install = "npm install --offline --no-audit --no-fund --loglevel=error --prefix project"
    clean = "rm -rf project/node_modules project/package-lock.json"
    return [*once, "1", clean, *install.split()]


def sudo(folder: Path, env: dict[str, str]) -> tuple[list[str], str]:
    """Return what puts a command below sudo's intercept, or why that is not to be had."""
    folder.mkdir()
    try:
        tried = ["apt-get", "download", "sudo"]
        subprocess.run(tried, cwd=folder, check=True, capture_output=True, timeout=60)
        tried = ["dpkg", "-x", str(next(folder.glob("*.deb"))), "."]
        subprocess.run(tried, cwd=folder, check=True, capture_output=True)
        (folder / "etc/sudoers").write_text(SUDOERS)
        (folder / "etc/sudoers").chmod(0o440)
        namespace = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
        before = [*namespace, "sh", "-c", SUDO, str(folder)]
        tried = [*before, "/bin/true"]
        subprocess.run(tried, env=env, check=True, capture_output=True, timeout=20)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode().strip().splitlines()
        return [], f"{tried[0]}: {said[-1] if said else error.returncode}"
    except (OSError, subprocess.TimeoutExpired, StopIteration) as error:
        return [], repr(error)
    return before, ""


def measured(command: list[str], folder: Path, env: dict[str, str]) -> list[float]:
    """Return the seconds that a program printed."""
    given = {"cwd": folder, "env": env, "stdin": subprocess.DEVNULL, "text": True}
    # In a session of its own: where the scheduler shares the processors out by session, they are all alike.
    done = subprocess.run(
        command, check=False, capture_output=True, start_new_session=True, **given
    )
    if done.returncode:
        raise SystemExit(f"{command[-1]} failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return [float(line) for line in done.stdout.split()]


def synced(folder: Path) -> list[float]:
    """Return the seconds that the disk takes for what one row adds to the log."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4 * 4120))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


def report(name: str, unit: str, took: dict[str, list[float]]) -> None:
    """Print a row: medians, what was added to the bare one, and the ratio."""
    scale = 1e6 if unit == "µs" else 1e3
    bare = statistics.median(took["bare"])
    cells = f"{name:28}{bare * scale:8.0f} {unit}"
    for way, times in took.items():
        if way != "bare":
            median = statistics.median(times)
            cells += f"{median * scale:10.0f} {unit} {(median - bare) * scale:+7.0f} {(median / bare - 1) * 100:+5.0f} %"
    print(cells, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--folder", default=None, help="where to work: on a disk, not in memory")
    given = parser.parse_args()
    temporary = tempfile.TemporaryDirectory
    with temporary(dir=given.folder) as name, temporary(dir="/dev/shm") as memory:
        folder = Path(name)
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": name, "LANG": "C.UTF-8",
            "GATESH_HOME": f"{name}/gatesh",
        }  # fmt: skip
        Path(name, "gatesh").mkdir(mode=0o700)
        (folder / "work").mkdir()
        gated = [GATESH, "run", "--"]
        ways = {"bare": [], "gatesh run": gated}
        below_sudo, why = sudo(folder / "sudo", env)
        if below_sudo:
            ways["sudo intercept"] = below_sudo
        # The same with a log that no disk is behind: what is left is gatesh's own.
        ways["gatesh, log in memory"] = ["env", f"GATESH_HOME={memory}", *gated]
        print(f"{'':28}" + "".join(f"{way:>{11 if way == 'bare' else 29}}" for way in ways))
        disk: list[float] = []
        for row, unit, command in work(folder / "work", env):
            took: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(given.turns if given.only in row else 0):
                for way, before in ways.items():
                    took[way] += measured([*before, *command], folder / "work", env)
                disk += synced(folder / "gatesh")
            if took["bare"]:
                report(row, unit, took)
        print(f"fdatasync of a row: {statistics.median(disk) * 1e6:.0f} µs; a line waits for one")
        if why:
            print(f"no sudo to compare with: {why}")
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
