"""Lines that lose something in a real repository are asked about, and the everyday ones are not."""

import os
import pathlib
import subprocess
import tempfile
import time
import tomllib

import pytest

from gatesh.facts import World, may_have_run, runs_out_of_order
from gatesh.gate import Gate
from gatesh.model import CommandLine, Door, Verdict
from gatesh.rules import load
from gatesh.rules.examples import PLACES
from gatesh.rules.layers import combine
from gatesh.run.look import GitProbe, OsFiles
from gatesh.shell.read import read

TABLE = tomllib.loads(
    (pathlib.Path(__file__).parents[1] / "data" / "rules" / "losses.toml").read_text()
)
RULES = combine(load.read_all(PLACES, [f for f in load.files(PLACES) if f[1] == "shipped"]))
PRECIOUS = ("data/row1", "data/row2", ".env", ".git/HEAD", "loose/thing")


@pytest.fixture
def repository():
    """A repository with committed, ignored and precious files; not in /tmp, where nothing is precious."""
    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=pathlib.Path.home()) as scratch:
        yield made(pathlib.Path(scratch) / "project")


def made(top):
    for folder in ("src", "data", "loose", "build", "dist/js", "node_modules/x", "a/__pycache__"):
        (top / folder).mkdir(parents=True)
    (top / "src/a.py").write_text("a = 1\n")
    (top / ".gitignore").write_text("build/\ndist/\nnode_modules/\n__pycache__/\n")
    identity = ("-c", "user.name=a", "-c", "user.email=a@x", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=top, env=environment(top), check=True)
    for name in (
        "dist/js/a.js",
        "node_modules/x/y",
        "a/__pycache__/b.pyc",
        "app.log",
        "untracked.txt",
    ):
        (top / name).write_text("x\n")
    for i in range(60):
        (top / f"build/f{i}").write_text("x\n")
    for name in ("data/row1", "data/row2", ".env", "loose/thing"):
        (top / name).write_text("nobody else has it\n")
    (top / "build/l").symlink_to("../data")
    return top


def environment(top):
    return {"PATH": os.environ["PATH"], "HOME": str(top.parent), "LC_ALL": "C.UTF-8"}


def verdict(line, top):
    """Return what the gate says, and what decided."""
    world = World(OsFiles(), GitProbe(), "/root", RULES.grammars)
    gate = Gate(RULES, None, time.time_ns)
    submitted = CommandLine(line, str(top), environment(top), Door.CHECK)
    decision = gate.consider(submitted, world)[1]
    return decision.verdict, [match.rule for match in decision.matches]


@pytest.mark.parametrize("line", TABLE["lost"])
def test_what_bash_really_loses_is_asked_about(line, repository):
    said = verdict(line, repository)
    before = {name: (repository / name).read_text() for name in PRECIOUS}
    subprocess.run(
        ["bash", "--norc", "-c", f"set -o history; {line}" if "history" in line else line],
        cwd=repository, env=environment(repository), stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    left = [
        n
        for n in PRECIOUS
        if (repository / n).is_file() and (repository / n).read_text() == before[n]
    ]
    if len(left) == len(PRECIOUS) and _missing(line):
        pytest.skip(f"{_missing(line)} is not installed")
    assert len(left) < len(PRECIOUS), "nothing was lost: the row proves nothing"
    assert said[0] is not Verdict.ALLOW, said


def _missing(line):
    program = line.split()[0]
    found = subprocess.run(["bash", "-c", f"type {program}"], capture_output=True, check=False)
    return program if program.isalpha() and found.returncode else ""


@pytest.mark.parametrize("line", TABLE["asked"] + TABLE["tried"])
def test_what_would_lose_something_elsewhere_is_asked_about(line, repository):
    said = verdict(line, repository)
    assert said[0] is not Verdict.ALLOW, said


@pytest.mark.parametrize("line", TABLE["silent"])
def test_everyday_cleaning_up_is_not_asked_about(line, repository):
    said = verdict(line, repository)
    assert said[0] is Verdict.ALLOW, said


@pytest.mark.parametrize(
    "line",
    [
        "rm -f " + " ".join(f"build/*{i}" for i in range(2000)),
        "; ".join(f"rm build/*{i}" for i in range(400)),
        ": " + " ".join(f">data/n{i}" for i in range(500)),
        "truncate -s0 " + " ".join(f"build/f{i}" for i in range(2000)),
    ],
    ids=["globs", "commands", "redirects", "operands"],
)
def test_looking_takes_no_longer_than_two_seconds(line, repository):
    for i in range(2000):
        (repository / f"build/f{i}").write_text("x")
    began = time.process_time()
    verdict(line, repository)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("a; b; c", ["a"]),
        ("a && b || c", ["a"]),
        ("a 2>&1; b; c &> d", ["a"]),
        ("a; b | c", ["a", "c"]),
        ("a; b & c", ["a", "c"]),
        ("for i in 1; do a; b; c; done", ["a", "c"]),
        ("trap b EXIT; c", ["c"]),
    ],
)
def test_what_may_have_run_before_is_known(line, seen):
    submitted = CommandLine(line, "/", {}, Door.CHECK)
    commands = read(submitted).commands
    at = next(i for i, command in enumerate(commands) if command.program == "b")
    assert [c.program for c in may_have_run(commands, at, runs_out_of_order(submitted))] == seen


def test_nothing_precious_hides_behind_many_others(repository):
    many = " ".join(f"build/f{i}" for i in range(60))
    assert verdict(f"truncate -s0 {many} .env", repository)[0] is not Verdict.ALLOW
    assert verdict(f"rm -f {many} .env", repository)[0] is not Verdict.ALLOW
    assert verdict(f"rm -rf {many} data", repository)[0] is not Verdict.ALLOW
