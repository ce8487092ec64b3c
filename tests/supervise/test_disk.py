"""A slow or broken disk below `gatesh run`: lines wait for it, the programs beside them do not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Starts lines, and until each has ended programs beside it.
AGENT = """
import json, os, subprocess, sys, time
before = [subprocess.run(["bash", "-c", "mkdir before"]) for _ in range(int(sys.argv[1]))]
print(os.environ["GATESH_RUN"], flush=True)
input()
for name in ("made", "again"):
    began, slowest = time.monotonic(), 0
    line = subprocess.Popen(["bash", "-c", "mkdir " + name], stderr=subprocess.DEVNULL)
    while line.poll() is None:
        one = time.monotonic()
        subprocess.run(["/bin/true"])
        slowest = max(slowest, time.monotonic() - one)
    print(json.dumps({"status": line.returncode, "took": time.monotonic() - began, "slowest": slowest}))
"""


@contextmanager
def disk(pid: int, does: str) -> Iterator[None]:
    """Have what a process calls fdatasync do something else."""
    if os.getuid() or not shutil.which("strace"):
        pytest.skip("only root, with strace, can break the disk of the supervisor")
    command = [
        "strace",
        "-f",
        "-p",
        str(pid),
        "-e",
        "trace=fdatasync",
        "-e",
        f"inject=fdatasync:{does}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        if "attached" not in tracer.stderr.readline():
            pytest.skip("strace cannot attach here")
        try:
            yield
        finally:
            tracer.terminate()
            tracer.communicate(timeout=20)


def with_disk(run, work: Path, does: str, *, lines_before: int = 0) -> list[dict]:
    (work / "agent.py").write_text(AGENT)
    with run.start("python3", "agent.py", str(lines_before)) as process:
        with disk(int(process.stdout.readline()), does):
            out, err = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_waits_for_its_row_and_nothing_else_does(run, work: Path) -> None:
    for found in with_disk(run, work, "delay_enter=1500000"):
        assert found["status"] == 0
        assert found["took"] > 1.5
        assert found["slowest"] < 1.0, found


def test_a_quick_disk_that_becomes_slow_is_waited_for_by_others_no_more_than_once(
    run, work: Path
) -> None:
    first, second = with_disk(run, work, "delay_enter=1500000", lines_before=5)
    assert first["status"] == second["status"] == 0
    assert first["took"] > 1.5
    assert second["took"] > 1.5
    assert second["slowest"] < 1.0, second


def test_a_line_whose_row_is_not_on_the_disk_does_not_start_nor_any_after_it(
    run, work: Path
) -> None:
    found = with_disk(run, work, "error=EIO:when=1")
    assert [one["status"] for one in found] == [125, 125]
    assert not (work / "made").exists()
    assert not (work / "again").exists()
