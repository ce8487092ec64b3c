"""What `make` leans on: the installer of programs, and the helper that lists requirements."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*words, **env):
    return subprocess.run(
        [str(word) for word in words],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def path_with(folder, *programs):
    """Return a PATH with these programs and no others: apt-get and sudo are out of reach."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(shutil.which(program))
    return str(folder)


def test_what_is_there_is_not_installed_again(tmp_path):
    path = path_with(tmp_path / "bin", "bash", "git")
    ran = run("/bin/sh", "tests/install-programs", "bash", "git", PATH=path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_what_is_missing_and_cannot_be_installed_is_named(tmp_path):
    path = path_with(tmp_path / "bin", "bash", "id")
    ran = run("/bin/sh", "tests/install-programs", "bash", "psql", "unshare", PATH=path)
    assert ran.returncode == 1
    assert ran.stderr == (
        "install-programs: missing: psql unshare\n"
        "install-programs: hint: as root: apt-get install postgresql-client util-linux\n"
    )


def test_groups_are_listed_with_those_they_include():
    ran = run(sys.executable, ".ci/requirements", "dev", "build", PATH=os.environ["PATH"])
    names = ran.stdout.split()
    assert ran.returncode == 0, ran.stderr
    assert any(name.startswith("pytest>=") for name in names), "included from tests"
    assert any(name.startswith("hatchling") for name in names)
    assert any(name.startswith("ruff") for name in names)


def test_without_a_new_enough_python_it_says_so(tmp_path):
    path = path_with(tmp_path / "bin", "make", "sh", "find", "echo")
    venv = tmp_path / "venv"
    ran = run(
        "make", "--no-print-directory", "PYTHON=", f"VENV={venv}", f"{venv}/bin/python", PATH=path
    )
    assert ran.returncode == 2
    assert "gatesh needs Python 3.11 or later" in ran.stderr
    assert "hint: apt-get install python3.11" in ran.stderr
    assert not venv.exists()
