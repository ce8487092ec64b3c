"""Variables that carry code: bash runs it, gatesh sees it; and the usual values are no news."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gatesh.model import CommandLine, Verdict
from gatesh.places import Places
from gatesh.wiring import gate_for_check

CASES = tomllib.loads((Path(__file__).parent / "data/settings.toml").read_text())


@pytest.fixture(scope="module")
def checking(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return gate_for_check(
        Places(str(home), *(f"{home}/{name}" for name in ("config", "state", "run")))
    )


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with a change, programs' start files, and `zap`, which leaves a trace."""
    (tmp_path / "bin").mkdir()
    zap = tmp_path / "bin/zap"
    zap.write_text(f"#!/bin/sh\n: >{tmp_path}/ran\nexit 1\n")
    zap.chmod(0o755)
    folder = tmp_path / "work"
    (folder / "d").mkdir(parents=True)
    (folder / "x.sh").write_text("zap\n")
    (folder / "x.sh").chmod(0o755)
    for name in ("x.py", "d/sitecustomize.py"):
        (folder / name).write_text("import os\nos.system('zap')\n")
    (folder / "x.js").write_text("try { require('child_process').execSync('zap') } catch {}\n")
    (folder / "x.rb").write_text("system('zap')\n")
    (folder / "g").write_text("[alias]\n\tst = !zap\n")
    (folder / "f").write_text("one\n")
    for words in ("init -q", "add f", "commit -qm x"):
        subprocess.run(["git", *words.split()], cwd=folder, env=environment(tmp_path), check=True)
    (folder / "f").write_text("two\n")
    return folder


def environment(tmp: Path, **more: str) -> dict[str, str]:
    author = {
        f"GIT_{who}_{what}": "x@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return {
        "HOME": str(tmp),
        "PATH": f"{tmp}/bin:{os.environ['PATH']}",
        "TERM": "xterm",
        **author,
        **more,
    }


RUNS = CASES["runs"]


@pytest.mark.parametrize("case", RUNS, ids=[c["line"] + str(c.get("env", "")) for c in RUNS])
def test_code_in_a_variable_is_seen_and_runs(case, work, checking):
    if not shutil.which(case.get("needs", "bash")):
        pytest.skip(f"{case['needs']} is not installed")
    env = environment(work.parent, PWD=str(work), **case.get("env", {}))
    subprocess.run(
        ["/bin/bash", "-c", case["line"]], cwd=work, env=env, timeout=20, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    assert (work.parent / "ran").exists(), "bash does not run it: this case shows nothing"
    gate, world = checking
    seen, _ = gate.consider(CommandLine(case["line"], str(work), env), world)
    assert "zap" in {command.program for command in seen.reading.commands}


@pytest.mark.parametrize("line", CASES["quiet"]["lines"])
def test_a_usual_value_is_not_asked_about(line, work, checking):
    gate, world = checking
    _, decision = gate.consider(CommandLine(line, str(work), environment(work.parent)), world)
    assert decision.verdict is Verdict.ALLOW, decision.matches


@pytest.mark.parametrize("line", CASES["quiet"]["plain"])
def test_a_usual_environment_changes_nothing(line, work, checking):
    gate, world = checking
    plain = CommandLine(line, str(work), environment(work.parent))
    usual = plain.but(env=environment(work.parent, **CASES["quiet"]["env"]))
    assert [gate.consider(one, world)[1] for one in (plain, usual)] == [
        gate.consider(plain, world)[1]
    ] * 2


def test_a_variable_that_names_itself_has_an_end(work, checking):
    gate, world = checking
    text = "export PAGER='git log; EDITOR=\"git commit\" git commit' ; git log"
    _, decision = gate.consider(CommandLine(text, str(work), environment(work.parent)), world)
    assert decision.verdict is Verdict.ALLOW
