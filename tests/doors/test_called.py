"""`cd ..` leads from what a shell calls its folder, which need not be what the kernel calls it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.installed import GATESH


@pytest.fixture
def tree(work: Path) -> Path:
    """A folder with a link in it that leads deeper, and files beside the link that are not in git."""
    subprocess.run(["git", "init", "-q", "."], cwd=work, check=True)
    (work / "real/deep/data/kept").mkdir(parents=True)
    (work / "victim").mkdir()
    (work / "victim/notes").write_text("only here\n")
    (work / "real/deep/data/kept/notes").write_text("only here\n")
    (work / "link").symlink_to("real/deep")
    return work


def run(env, folder: Path, *words: str, given: str | None = None, **more: str):
    return subprocess.run(
        [GATESH, *words], env=env | more, cwd=folder, input=given, capture_output=True, text=True, timeout=60
    )  # fmt: skip


# A PWD that bash takes for another name of the folder, with what it makes of it.
NAMES = ["{tree}/link", "{tree}/real/../link", "{tree}//./link/"]
DOWN = [
    "cd ..; rm -rf victim",
    "cd .. && rm -rf victim",
    "cd ./.. && bash -c 'rm -rf victim'",
    'rm -rf "$PWD/../victim"; cd ..; rm -rf victim',
    "(cd ..; rm -rf victim)",
    "cd -L ..; rm -rf victim",
]


@pytest.mark.parametrize("named", NAMES)
@pytest.mark.parametrize("line", DOWN)
def test_a_line_goes_down_from_the_name_it_was_given(line, named, env, tree):
    named = named.format(tree=tree)
    said = subprocess.run(
        ["/bin/bash", "-c", "cd ..; pwd"], env=env | {"PWD": named}, cwd=tree / "link", capture_output=True
    )  # fmt: skip
    assert said.stdout.decode() == f"{tree}\n"
    done = run(env, tree / "link", "-c", line, PWD=named)
    assert done.returncode == 126 and "files-tree" in done.stderr, done.stderr
    assert (tree / "victim/notes").exists()


@pytest.mark.parametrize("before", ["cd -P ..", "set -P; cd ..", "set -o physical; cd .."])
def test_where_it_does_not_go_by_names_nobody_knows(before, env, tree):
    (tree / "real/other").mkdir()
    (tree / "real/other/notes").write_text("only here\n")
    line = f"{before}; rm -rf other"
    assert run(env, tree / "link", "-c", line, PWD=str(tree / "link")).returncode == 126
    assert (tree / "real/other/notes").exists()


@pytest.mark.parametrize("named", ["/nowhere", "link", "{tree}/real", ""])
def test_a_name_that_bash_does_not_take_is_none(named, env, tree):
    named = named.replace("{tree}", str(tree))
    (tree / "real/victim").mkdir()
    (tree / "real/victim/notes").write_text("only here\n")
    line = "cd ..; pwd; rm -rf victim"
    said = subprocess.run(
        ["/bin/bash", "-c", "cd ..; pwd"], env=env | {"PWD": named}, cwd=tree / "link", capture_output=True
    )  # fmt: skip
    assert said.stdout.decode() == f"{os.path.realpath(tree)}/real\n"
    done = run(env, tree / "link", "-c", line, PWD=named)
    assert done.returncode == 126 and f"{tree}/real/victim" in done.stderr


SESSIONS = [
    "cd data\nrm -rf kept",  # `data` is a folder of real/deep: the session is there already
    "cd ..\ncd deep\nrm -rf data",
    "cd {tree}/link\ncd ..; rm -rf victim",
    "cd {tree}/link\nPWD={tree}/real/deep\ncd ..; rm -rf victim",
    "go() {{ cd {tree}/link; }}\ngo\ncd ..; rm -rf victim",
]


@pytest.mark.parametrize("lines", SESSIONS)
def test_a_session_on_stdin_stands_where_its_lines_have_led(lines, env, tree):
    given = lines.format(tree=tree) + "\necho $?\n"
    done = run(env, tree / "real/deep", given=given)
    assert done.stdout.endswith("126\n"), done
    assert (tree / "victim/notes").exists() and (tree / "real/deep/data/kept/notes").exists()


def test_folders_that_can_be_made_again_are_left_alone(env, tree):
    """What is quiet without a link is quiet with one."""
    (tree / ".gitignore").write_text("node_modules\n")
    (tree / "node_modules").mkdir()
    for line in ("cd ..; rm -rf node_modules; ls", "cd .. && git status --short"):
        assert run(env, tree / "link", "-c", line, PWD=str(tree / "link")).returncode == 0
    done = run(env, tree, given="cd real\ncd .. && ls\ncd real; cd ..; make -n x\ngit status\n")
    assert "refused" not in done.stderr
