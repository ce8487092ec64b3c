"""Everyday lines in the projects they are typed in, with what they take, and lines beside them that take more."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from gatesh.facts import World
from gatesh.model import CommandLine, Door, Verdict
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import gate_for_check

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/everyday.toml").read_text())
GIT = [
    "git",
    "-c",
    "user.name=a",
    "-c",
    "user.email=a@example.com",
    "-c",
    "init.defaultBranch=main",
]


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """Make the projects; return their folders, and what decides about a line."""
    top = tmp_path_factory.mktemp("everyday")
    gate, found = gate_for_check(places_below(str(top / "state")))
    world = World(OsFiles(), GitProbe(), str(top / "home"), found.grammars)
    made = {}

    def verdict(name, line):
        if name not in made:
            made[name] = project(top / name, TABLE[name])
        env = {"HOME": str(top / "home"), "PATH": "/usr/bin:/bin"}
        return gate.consider(CommandLine(line, str(made[name]), env, Door.CHECK), world)[1]

    return verdict


def project(folder, row):
    """Make a repository with files that are committed, ignored, untracked, and changed."""

    def put(name, text="x\n"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def git(*words):
        subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True)

    for name in row["committed"]:
        put(name)
    put(".gitignore", row["ignore"])
    for name, text in row.get("text", {}).items():
        put(name, text.lstrip("\n"))
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "x")
    git("branch", "merged")
    for name in (*row["ignored"], *row.get("untracked", [])):
        put(name)
    for name in row.get("changed", []):
        put(name, "changed\n")
    return folder


def rows(kind):
    return [(name, line) for name, row in TABLE.items() for line in row.get(kind, [])]


@pytest.mark.parametrize(("name", "line"), [*rows("lines"), *rows("more")])
def test_everyday_lines_are_not_asked_about(name, line, projects):
    assert projects(name, line).verdict is Verdict.ALLOW


@pytest.mark.parametrize(("name", "line"), rows("asked"))
def test_lines_beside_them_that_destroy_are(name, line, projects):
    assert projects(name, line).verdict is Verdict.ASK
