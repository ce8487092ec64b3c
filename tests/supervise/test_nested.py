"""A run, or `gatesh -c`, below a run: asked about and recorded once."""

from __future__ import annotations

import os
from pathlib import Path

from tests.installed import GATESH


def test_a_run_below_a_run_is_a_part_of_it(run, work: Path) -> None:
    (work / "keep").write_text("x")
    lines = (
        f"{GATESH} run --pin --require exec-gate -- bash -c 'echo in; exit 3'; echo $?\n"
        f"{GATESH} run --observe -- bash -c 'x=keep; rm $x'; echo $?\n"
        f"{GATESH} run -- {GATESH} run -- no-such-program; echo $?\n"
    )
    done = run.shell(lines)
    assert done.stdout == "in\n3\n126\n127\n", done.stderr
    assert done.stderr.count("above gates every program already; this is a part of it\n") == 4
    assert (work / "keep").exists()
    rows = [row["command_line"] for row in run.history() if row["door"] == "line"]
    assert sorted(rows) == ["echo in; exit 3", "x=keep; rm $x"]
    assert len({row["session"] for row in run.history()}) == 1


def test_a_line_of_gatesh_below_a_run_is_asked_about_once(run, work: Path) -> None:
    (work / "keep").write_text("x")
    done = run.shell(f"{GATESH} -c 'echo a; rm keep'; echo $?; {GATESH} -c 'echo b'")
    assert done.stdout == "126\nb\n" and done.stderr.count("refused [hold-keep]") == 1
    rows = [row["command_line"] for row in run.history() if row["door"] == "line"]
    assert sorted(rows) == ["echo a; rm keep", "echo b"]


def test_what_only_says_that_it_is_below_a_run_is_not(run, work: Path) -> None:
    """The variable alone means nothing: the process has to be above, and to say so itself."""
    (work / "keep").write_text("x")
    run.env["GATESH_RUN"] = str(os.getpid())  # it is above, and no run
    process = run.start("bash", "-c", "x=keep; rm $x")
    _, err = process.communicate(timeout=30)
    assert "refused [hold-keep]" in err and (work / "keep").exists()
