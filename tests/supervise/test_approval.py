"""A person answers what a run holds, from another terminal."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.keeper.human import Human

PIN = "tr0ub4dor"
AGENT = "import base64; exec(base64.b64decode(input('code ')))"


def test_what_is_approved_runs_and_is_not_asked_again_below(run, work: Path) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    (work / "keep").write_text("x")
    (work / "keep2").write_text("x")
    with Human(run.env) as human:  # the resident keeper is another one
        window = human.open(
            "env",
            "-C",
            str(work),
            GATESH,
            "run",
            "--pin",
            "--no-tty-prompt",
            "--",
            "python3",
            "-c",
            AGENT,
        )
        for asked in ("PIN for approvals", "Repeat"):
            human.wait_for(asked, window)
            human.type(PIN, "Enter", window=window)
        human.wait_for("code ", window)
        supervisor = re.findall(
            r"gatesh: run (\d+): every program below is gated", human.screen(window)
        )
        code = (
            "import os, subprocess as s\n"
            "print(s.run(['bash', '-c', 'rm keep; ls']).returncode)\n"
            "print(s.run(['rm', 'keep2']).returncode)\n"
        )
        human.type(base64.b64encode(code.encode()).decode(), "Enter", window=window)
        other = human.approve("--run", supervisor[0])
        human.wait_for("the keeper's PIN:", other)
        human.type(PIN, "Enter", window=other)
        human.yes("rm keep; ls", other)
        human.wait_for("PIN:", other)
        human.type(PIN, "Enter", window=other)
        word = human.card("keep2", other)
        assert not (work / "keep").exists()
        assert (work / "keep2").exists() and word
        human.type("n", "Enter", window=other)
        human.wait_for("[ended: 0]", window)
    assert (work / "keep2").exists()
    rows = {r["command_line"].split("/")[-1]: r for r in run.history()}
    assert rows["rm keep; ls"]["answered"] == "approved"
    assert rows["rm keep"]["reason"] == "approved above" and rows["rm keep"]["exit_code"] == 0
    assert rows["rm keep2"]["answered"] == "rejected"
