"""The scopes of projects that an agent below `gatesh run` begins to work in after it was started elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

CURL = "curl -sS -m 5 http://127.0.0.1:9/{}; echo {}: $?"


@pytest.fixture
def project(run, work: Path) -> Path:
    """A project of staging in the folder that the agent starts in, and a production that is not there."""
    (run.place / "environments.toml").write_text('[production]\nhosts = ["127.0.0.1"]\n')
    folder = work / "project"
    (folder / ".gatesh").mkdir(parents=True)
    (folder / ".gatesh/scope.toml").write_text('environment = "staging"\n')
    return folder


def test_a_projects_scope_is_in_force_from_the_first_program_there(run, project: Path) -> None:
    lines = f"{CURL.format('a', 'a')}; cd project; {CURL.format('b', 'b')}; cd ..; {CURL.format('a', 'c')}"
    done = run.shell(lines, options=("--no-tty-prompt",))
    assert done.stdout.split() == ["a:", "7", "b:", "126", "c:", "126"], done
    assert "refused [scope-target]" in done.stderr


def test_what_is_written_into_it_later_has_no_effect(run, project: Path) -> None:
    code = f"""
import subprocess
def shell(line):
    subprocess.run(["bash"], input="cd project; " + line, text=True)
shell({CURL.format("a", "a")!r})
open("project/.gatesh/scope.toml", "r+").write("# " * 10)
shell({CURL.format("b", "b")!r})
"""
    done = run.agent(code, options=("--no-tty-prompt",))
    assert done.stdout.split() == ["a:", "126", "b:", "126"], done


def test_where_it_cannot_be_read_nothing_runs(run, project: Path) -> None:
    (project / ".gatesh/scope.toml").write_text("enviroment = 'staging'\n")
    done = run.shell("cd project; env echo ran; cd ..; env echo ran elsewhere")
    assert done.stdout == "ran elsewhere\n", done
    assert "unknown key enviroment" in done.stderr


def test_it_holds_at_once_in_a_folder_that_was_known_before(run, project: Path) -> None:
    code = """
import subprocess
def curl(folder):
    return subprocess.run(["curl", "-s", "http://127.0.0.1:9/"], cwd=folder, stderr=subprocess.DEVNULL).returncode
print(*(curl(".") for _ in range(20)), curl("project"), curl("."))
"""
    done = run.agent(code, options=("--no-tty-prompt",))
    assert done.stdout.split() == [*["7"] * 20, "126", "126"], done
