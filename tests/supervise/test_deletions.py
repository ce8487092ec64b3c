"""The deletion budget: what code deletes itself is counted, and held."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REMOVE = {
    "python": "import shutil; shutil.rmtree('d')",
    "perl": "import subprocess; subprocess.run(['perl'], input='unlink glob(\"d/*\")', text=True)",
    "threads": (
        "import os, threading\n"
        "def work(n):\n"
        "    for i in range(n, 400, 4): os.unlink(f'd/{i}')\n"
        "ts = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]"
    ),
    "truncate": "[open(f'd/{i}', 'w').close() for i in range(400)]",
    "rename": "import os; open('x', 'w').close(); [os.replace('x', f'd/{i}') or open('x', 'w').close() for i in range(400)]",
}  # fmt: skip


@pytest.fixture
def outside() -> Iterator[Path]:
    """Four hundred files in a folder that is not for temporary things."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parents[2], prefix=".deletions-") as folder:
        (Path(folder) / "d").mkdir()
        for number in range(400):
            (Path(folder) / "d" / str(number)).write_text("x")
        yield Path(folder)


@pytest.mark.parametrize("how", REMOVE)
def test_it_stops_at_the_budget(how: str, run, outside: Path) -> None:
    done = run.agent(REMOVE[how], options=("--deletions", "40"), cwd=outside)
    left = [p for p in (outside / "d").iterdir() if p.stat().st_size]
    spared = 400 - (200 if how in ("truncate", "rename") else 40)
    assert spared - 5 <= len(left) <= spared + 5, done
    (refused,) = run.history("--rule", "deletion-budget")
    assert refused["answered"] == "nobody"
    assert "refused [deletion-budget]: " in done.stderr


def test_it_can_only_record_or_be_off(run, outside: Path) -> None:
    run.agent(
        REMOVE["python"], options=("--deletions", "40", "--deletion-mode", "record"), cwd=outside
    )
    assert not (outside / "d").exists()
    assert run.history("--verdict", "ask") == []


def test_what_a_build_makes_again_is_not_counted(run, outside: Path) -> None:
    (outside / "d").rename(outside / "node_modules")
    run.agent(
        "import shutil; shutil.rmtree('node_modules')", options=("--deletions", "40"), cwd=outside
    )
    assert not (outside / "node_modules").exists()


def test_a_ring_that_would_go_past_it_is_refused(run) -> None:
    code = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "p = ctypes.create_string_buffer(120)\n"
        "print(libc.syscall(425, 4, p), ctypes.get_errno())\n"
    )
    assert run.agent(code).stdout == "-1 1\n"
    assert run.agent(code, options=("--deletion-mode", "off")).stdout != "-1 1\n"
