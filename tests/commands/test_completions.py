"""The completion files are what the commands say today, and the shells take them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest

from gatesh.__main__ import SUBCOMMANDS
from gatesh.commands.completions import SHELLS, script
from gatesh.places import shipped
from tests.installed import GATESH

FILES = {"bash": "gatesh.bash", "zsh": "_gatesh", "fish": "gatesh.fish"}


def file(shell):
    return f"{shipped('completions')}/{FILES[shell]}"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_file_is_fresh(shell):
    with open(file(shell)) as found:
        assert found.read() == script(shell), "run `make completions`"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_it(shell):
    printed = subprocess.run(
        [GATESH, "completions", shell], capture_output=True, text=True, check=True
    )
    assert printed.stdout == script(shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_reads_it(shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    ran = subprocess.run([shell, "-n", file(shell)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def complete_in_bash(*words):
    """Return what bash would offer for the last of `words`."""
    line = " ".join(map(shlex.quote, words))
    code = (
        f"source {shlex.quote(file('bash'))} || exit 9; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        "compopt() { echo files; }; _gatesh; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    ran = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.split()


def test_bash_completes_subcommands():
    assert complete_in_bash("gatesh", "hi") == ["files", "history"]
    assert {*complete_in_bash("gatesh", "")} == {*SUBCOMMANDS, "files"}
    assert {*complete_in_bash("gatesh", "-")} == {"-c", "-h", "--help", "--version", "files"}


def test_bash_completes_options_and_their_values():
    assert complete_in_bash("gatesh", "setup", "--dr") == ["--dry-run"]
    assert complete_in_bash("gatesh", "completions", "z") == ["zsh"]
    assert complete_in_bash("gatesh", "-c", "") == []
    assert complete_in_bash("gatesh", "history", "") == []  # no lone `-`
    assert complete_in_bash("gatesh", "history", "--fmt", "gr") == ["grid"]
    assert complete_in_bash("gatesh", "history", "--outcome", "rej") == ["rejected"]
    assert complete_in_bash("gatesh", "check", "--cwd", "") == ["files"]


@pytest.mark.parametrize("words", [("patterns", "show"), ("history", "--rule")])
def test_bash_completes_the_ids_of_rules(words, env, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{os.path.dirname(GATESH)}:{os.environ['PATH']}")

    assert complete_in_bash("gatesh", *words, "git-cl") == ["git-clean"]


def test_bash_completes_below_a_group_whatever_stands_between():
    assert complete_in_bash("gatesh", "patterns", "li") == ["lint", "list"]


def complete_in_fish(line):
    ran = subprocess.run(
        ["fish", "--no-config", "-c", f"source {shlex.quote(file('fish'))}; complete -C {shlex.quote(line)}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [found.split("\t")[0] for found in ran.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_completes():
    assert complete_in_fish("gatesh hi") == ["history"]
    assert complete_in_fish("gatesh setup --dr") == ["--dry-run"]
    assert complete_in_fish("gatesh completions z") == ["zsh"]
    assert complete_in_fish("gatesh history --fmt gr") == ["grid"]


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize("words", ["patterns show", "history --rule"])
def test_fish_completes_the_ids_of_rules(words, env, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{os.path.dirname(GATESH)}:{os.environ['PATH']}")

    assert complete_in_fish(f"gatesh {words} git-cl") == ["git-clean"]
