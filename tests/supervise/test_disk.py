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

# Starts a line, and until that has ended programs beside it; then another line.
AGENT = """
import json, os, subprocess, time
began = time.monotonic()
line = subprocess.Popen(["bash", "-c", "mkdir made"], stderr=subprocess.DEVNULL)
slowest = 0
while line.poll() is None:
    one = time.monotonic()
    subprocess.run(["/bin/true"])
    slowest = max(slowest, time.monotonic() - one)
took = time.monotonic() - began
again = subprocess.run(["bash", "-c", "mkdir again"], stderr=subprocess.DEVNULL).returncode
print(json.dumps({"status": line.returncode, "took": took, "slowest": slowest, "again": again}))
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


def with_disk(run, work: Path, does: str) -> dict:
    (work / "agent.py").write_text(AGENT)
    with run.start("sh", "-c", "echo $GATESH_RUN; read x; exec python3 agent.py") as process:
        with disk(int(process.stdout.readline()), does):
            out, err = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, err
    return json.loads(out)


def test_a_line_waits_for_its_row_and_nothing_else_does(run, work: Path) -> None:
    found = with_disk(run, work, "delay_enter=1500000")
    assert found["status"] == found["again"] == 0
    assert found["took"] > 1.5
    assert found["slowest"] < 1.0, found


def test_a_line_whose_row_is_not_on_the_disk_does_not_start_nor_any_after_it(
    run, work: Path
) -> None:
    found = with_disk(run, work, "error=EIO:when=1")
    assert (found["status"], found["again"]) == (125, 125)
    assert not (work / "made").exists() and not (work / "again").exists()
