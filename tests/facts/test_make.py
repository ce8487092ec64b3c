"""Makefiles, compared with what the real make says that it would run."""

import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from gatesh.facts import World, inspect_all
from gatesh.facts.makefile import recipes
from gatesh.model import CommandLine
from gatesh.run.look import GitProbe, OsFiles
from gatesh.shell.read import read

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/make.toml").read_text())
FILES = {
    **dict.fromkeys(
        ("a.c", "b.c", "main.c", "src/x.c", "src/y.c", "src/deep/z.c", "lib/util.h"), "x"
    ),
    "notes.txt": "x",
    "conf.mk": "CONF = from-conf\n",
    "VERSION": "1.2\n",
    "sub/Makefile": "D ?= build\nclean:\n\trm -rf $(D)\n",
    "data/keep": "x",
}

ELSEWHERE = ("the other way of a condition nobody can tell",)


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


def written(project, row, files):
    """Write a row's makefile and the files beside it."""
    (project / "Makefile").write_text(row["text"])
    for name, text in files.items():
        (project / name).write_text(text)
        (project / name).chmod(0o755)


def told(project, line, **env):
    """Return the commands that a line amounts to, as the words they have."""
    world = World(OsFiles(), GitProbe(), str(project))
    given = CommandLine(line, str(project), {"HOME": "/home/me", "PATH": "/usr/bin:/bin"} | env)
    seen = inspect_all(read(given), given, world, read)
    return [" ".join(w.text for w in c.words) for c in seen.reading.commands[1:]]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
@pytest.mark.parametrize("row", TABLE["same"], ids=lambda row: row["name"])
def test_recipes_are_those_that_make_prints(row, project, monkeypatch):
    (project / "Makefile").write_text(row["text"])
    words = [*row.get("arguments", []), *row.get("targets", [])]
    env = {"PATH": os.environ["PATH"], "HOME": "/home/me"} | row.get("env", {})
    real = subprocess.run(
        ["make", "-n", "-B", *words],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = [_line(text) for text in _codes(project, ["make", *words], env)]
    lines = real.stdout.splitlines()
    assert [text.rstrip() for text in "\n".join(shown).splitlines()] == [
        text.rstrip() for text in lines
    ]


@pytest.mark.parametrize("row", TABLE["told"], ids=lambda row: row["name"])
def test_what_destroys_is_told(row, project):
    written(project, row, row.get("files", {}))
    found = told(project, row.get("line", "make"))
    assert row["says"] in found
    assert row.get("not") not in found


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
@pytest.mark.parametrize("row", TABLE["told"], ids=lambda row: row["name"])
def test_the_real_make_does_destroy(row, project):
    """The rows above are no inventions, apart from those that take what this machine is not."""
    written(project, row, row.get("files", {}) | row.get("real", {}))
    env = {"PATH": os.environ["PATH"], "HOME": "/home/me", "SHELL": "/bin/bash"}
    subprocess.run(
        ["bash", "-c", row.get("line", "make")],
        cwd=project,
        env=env,
        capture_output=True,
        check=False,
        timeout=20,
    )
    kept = (project / "data/keep").exists() and (project / "data/keep").read_text() == "x"
    assert not kept or row["name"] in ELSEWHERE


SORTED = f"X := {'ab ' * 30_000}\n" + "Y := $(sort $(X))\n" * 20_000


def test_makefiles_that_double_at_every_name_take_no_time():
    text = "".join(f"A{i} = $(A{i + 1})$(A{i + 1})\n" for i in range(60)) + "a:\n\techo $(A0)\n"
    words = "$(foreach a,$(W),$(foreach b,$(W),$(foreach c,$(W),$a$b$c)))"
    for made in (
        text,
        f"W = {'x ' * 400}\na:\n\techo {words}\n",
        "a = $(eval $(a))\n$(a)\n",
        SORTED,
    ):
        began = time.process_time()
        recipes(made, [], {}, {}.get)
        assert time.process_time() - began < 2


def _codes(project, words, env):
    """Return the texts that a shell would be given."""
    from time import monotonic

    from gatesh.facts.make import code
    from gatesh.facts.opened import Opened
    from gatesh.facts.scripts import Runs

    line = CommandLine(" ".join(f"'{word}'" for word in words), str(project), env)
    command = read(line).commands[0]
    world = World(OsFiles(), GitProbe(), "/home/me")
    runs = Runs(command, (), line, world, Opened(world, monotonic() + 5))
    started = {"pwd", "find src -name '*.c'", "cat VERSION", "echo x y"}
    return [c.text for c in code(runs, command.words) if c.text not in started]


def _line(text):
    """Return a recipe without what make hands on to it."""
    return "\n".join(one for one in text.split("\n") if not one.startswith(("export ", "read -r ")))
