"""Start-up is ours to defend: what a door may import, with a keeper and without one."""

from __future__ import annotations

import subprocess
import sys

import pytest

LISTED = "import sys\nbefore = set(sys.modules)\n{}\nprint(*sorted(set(sys.modules) - before))"
HEAVY = {
    "argparse", "asyncio", "cel", "click", "contextlib", "dataclasses", "inspect", "json", "logging",
    "pathlib", "pexpect", "prompt_toolkit", "shutil", "socket", "sqlglot", "sqlite_utils", "subprocess",
    "tempfile", "threading", "tomllib", "typing", "uuid",
}  # fmt: skip


def _imported(code: str) -> set[str]:
    site = next(p for p in sys.path if p.endswith("site-packages"))
    start = f"import sys; sys.path.append({site!r})\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start + LISTED.format(code)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_a_door_with_a_keeper_imports_next_to_nothing() -> None:
    modules = _imported("import gatesh.__main__, gatesh.run.bash")

    assert not modules & (HEAVY | {"enum", "re", "sqlite3", "_sqlite3", "bashlex", "gatesh.model"})
    assert {m for m in modules if m.startswith("gatesh")} == {
        "gatesh", "gatesh.__main__", "gatesh._value", "gatesh.doors", "gatesh.doors.client", "gatesh.errors",
        "gatesh.places", "gatesh.run", "gatesh.run.bash", "gatesh.wire",
    }  # fmt: skip


def test_a_door_alone_imports_nothing_heavy(tmp_path) -> None:
    code = (
        "import gatesh.doors.alone as alone\n"
        "from gatesh.doors.client import Submission\n"
        "from gatesh.places import places_below\n"
        f"gate, world = alone.gate_at(places_below({str(tmp_path)!r}))\n"
        "line = alone.command_line(Submission(b'line', b'ls -l | wc -l; x=1'), b'/', {})\n"
        "gate.consider(line, world)\n"
    )
    _imported(code)  # the first command ever makes the log and fills the caches

    modules = _imported(code)

    assert "gatesh.shell.parse" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize("mode", ["-c", "FILE"])
def test_gatesh_never_reads_the_callers_stdin(mode: str, env, work) -> None:
    from tests.installed import GATESH

    (work / "script").write_text("read x; echo got $x")
    words = ["-c", "read x; echo got $x"] if mode == "-c" else ["script"]

    done = subprocess.run([GATESH, *words], input=b"word\n", env=env, cwd=work, capture_output=True)

    assert done.stdout == b"got word\n"
