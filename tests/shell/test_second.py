"""The second reader: shfmt beside our own reading, its limits, and what a difference leads to."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from gatesh.model import CommandLine, Parsed, Reading, Unparsed
from gatesh.run.shfmt import Shfmt
from gatesh.shell import rough
from gatesh.shell.read import read
from gatesh.shell.scan import source_of
from gatesh.shell.second import confirmed, refused, seen_here, seen_there


def twice(text: str, second: Shfmt | None = None) -> Reading:
    """Read a text as the gate does."""
    line, texts = CommandLine(text, "/home/me", {}), []
    reading = read(line, texts)
    if not rough.may_be_misread(reading, texts):
        return reading
    return confirmed(reading, line, texts, second or Shfmt(), read)


def programs(reading: Reading) -> list[str]:
    return [command.program for command in reading.commands]


def plain(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.replace("\\", "") for word in words)


def stub(folder: Path, script: str) -> Shfmt:
    """Return a program in shfmt's place."""
    path = folder / "shfmt"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Shfmt(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "cat <<'E' > f\n$(rm x)\nE",
        "cat <<A; cat <<-B\n$(one)\nA\n\ttwo `three`\n\tB\n",
        'x=${y:-$(rm -rf z)}; echo "${x[@]}"',
        "case $x in a|b) rm y;; *) ls # it's\nesac",
        "f() { echo 'a'$(b)'c'; }; f > out 2>&1 < <(d)",
        "for i in a b; do [[ -n $i && $(c) ]] && ((i++)); done",
        'e=ü; echo "é${e}" `ls \\`pwd\\``',
        "a=(b $(c)); declare -A d=([e]=f); let g=1 h; time -p sleep 1",
    ],
)
def test_both_readers_see_the_same_commands(text: str) -> None:
    (tree,) = Shfmt().trees([text])
    assert not isinstance(tree, str)
    there = [plain(words) for words, _, _ in seen_there(tree, text)]
    here = seen_here(source_of(text))
    assert here is not None
    assert sorted(there) == sorted(here.elements())
    assert isinstance(twice(text), Parsed)


def test_commands_that_only_the_second_reader_sees_are_matched_and_asked_about() -> None:
    # shfmt takes the backslash at a comment's end for a continuation: of two readings both are looked at.
    reading = twice("ls # \\\nrm -rf x")
    assert isinstance(reading, Unparsed)
    assert "disagree" in reading.reason
    assert [[w.text for w in c.words] for c in reading.commands] == [
        ["ls"],
        ["rm", "-rf", "x"],
        ["ls", "rm", "-rf", "x"],
    ]
    assert "rm" in reading.names


def test_a_line_that_our_reader_gives_up_gains_the_commands_of_the_second() -> None:
    text = "echo $(cat <<E) ; rm -rf x; zap\nbody\nE"
    line = CommandLine(text, "/", {})
    assert isinstance(read(line), Unparsed)
    reading = twice(text)
    assert isinstance(reading, Unparsed)
    assert {"rm", "zap"} <= set(programs(reading))


def test_a_difference_inside_a_nested_shell_is_seen() -> None:
    reading = twice("sh -c 'ls # \\\nrm -rf x'")
    assert isinstance(reading, Unparsed)
    assert "disagree" in reading.reason


def test_an_open_here_document_does_not_switch_the_second_reader_off() -> None:
    assert isinstance(twice("python3 - <<PY\nprint(1)"), Parsed)
    reading = twice("ls # \\\nrm -rf x\npython3 - <<PY\nprint(1)")
    assert isinstance(reading, Unparsed)


def test_plain_lines_are_not_read_twice(tmp_path: Path) -> None:
    second = stub(tmp_path, "exit 9")
    for text in ("ls -l | wc", "cd /srv && git status", 'grep "$x" *.py > out'):
        assert isinstance(twice(text, second), Parsed)


@pytest.mark.parametrize(
    "script",
    ["kill -9 $$", "echo not json", "exit 3", "head -c 9000000 /dev/zero", "echo '[[[['"],
)
def test_a_second_reader_that_fails_is_a_reason_to_ask(tmp_path: Path, script: str) -> None:
    reading = twice("cat <<E\nx\nE", stub(tmp_path, script))
    assert isinstance(reading, Unparsed)
    assert "second reader" in reading.reason
    assert programs(reading)[0] == "cat"


def test_a_second_reader_that_is_missing_is_a_reason_to_ask(tmp_path: Path) -> None:
    reading = twice("cat <<E\nx\nE", Shfmt(str(tmp_path / "none")))
    assert isinstance(reading, Unparsed)
    assert "gave no answer" in reading.reason


def test_a_second_reader_that_hangs_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    assert isinstance(twice("cat <<E\nx\nE", stub(tmp_path, "sleep 60")), Unparsed)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "env", "nothing"),
    [
        ("rm -rf x; echo it's", {}, True),
        ("rm -rf x ; | cat", {}, True),
        ("echo )( ; rm -rf x", {}, True),
        ("rm -rf x\necho it's", {}, False),  # bash runs the first line
        ("rm -rf x; echo it's", {"BASH_ENV": "aliases"}, False),  # alias echo="echo '"
        ("rm -rf x !(a", {"BASHOPTS": "extglob"}, False),
        ("echo ${/x}; rm -rf x", {}, False),  # no syntax error to bash
        ("{ " * 3000 + "rm -rf x", {}, True),
    ],
)
def test_a_line_that_bash_refuses_as_a_whole_runs_nothing(
    text: str, env: dict[str, str], nothing: bool
) -> None:
    line, texts = CommandLine(text, "/", env), []
    reading = read(line, texts)
    assert isinstance(reading, Unparsed)
    found = refused(reading, line, texts, Shfmt())
    assert (found.commands == () and found.names == ()) is nothing
    if nothing:
        assert subprocess.run(["bash", "-c", text], capture_output=True).returncode == 2


def test_agents_lines_read_the_same_twice(shared: Path) -> None:
    lines = (shared / "corpora/agent_commands.jsonl").read_text().splitlines()[::20]
    both = same = 0
    for raw in lines:
        text = json.loads(raw)["command"]
        (tree,) = Shfmt().trees([text])
        here = seen_here(source_of(text))
        if here is not None and not isinstance(tree, str):
            both += 1
            same += sorted(plain(words) for words, _, _ in seen_there(tree, text)) == sorted(
                here.elements()
            )
    assert both > 250
    assert same >= 0.998 * both
