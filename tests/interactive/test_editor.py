"""The line that a person's bash is about to run: what its memory says is what its history says, or nothing."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from gatesh.supervise.editor import Editor
from tests.installed import GATESH
from tests.interactive.conftest import RULE
from tests.interactive.pane import Pane

# What is typed before, the rows of a line, and what is read of it: None where the shell has to tell it.
TYPED = [
    pytest.param("", ["echo hi"], "echo hi", id="a line"),
    pytest.param("", ["echo 'a  b' | cat > /dev/null; true"], "echo 'a  b' | cat > /dev/null; true", id="a list"),
    pytest.param("set -o vi", ["echo é"], "echo é", id="vi mode"),
    pytest.param("", ["echo " + "x" * 3000], "echo " + "x" * 3000, id="a long line"),
    pytest.param("; echo hi", ["echo hi"], "echo hi", id="the same again"),
    pytest.param("; echo hi", ["!!"], None, id="the one before"),
    pytest.param("", ["^asked^asked"], None, id="the one before, changed"),
    pytest.param("histchars=@%#", ["echo @@"], None, id="the one before, called otherwise"),
    pytest.param("histchars=@%#", ["%asked%asked"], None, id="and changed"),
    pytest.param("HISTCONTROL=ignoreboth", [" echo secret"], None, id="a blank in front"),
    pytest.param("", ["echo one \\", "two"], None, id="a row that goes on"),
    pytest.param("", ["for i in 1; do", "echo $i; done"], None, id="a loop"),
    pytest.param("", ["cat <<E", "text", "E"], None, id="a here-document"),
    pytest.param("", ["echo 'a", "b'"], None, id="a quote"),
    pytest.param("", ["echo a\x16\x0ab"], None, id="a line feed that was typed"),
    pytest.param("set +o emacs", ["echo unedited"], None, id="no editor"),
]  # fmt: skip


@contextmanager
def standing_before_a_line(work: Path) -> Iterator[None]:
    """Wait until the shell reads what it asks for; it gets nothing, and goes on when this ends."""
    end = time.monotonic() + 10
    while True:
        try:
            answer = os.open(work / "asked", os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:
            assert time.monotonic() < end, "it did not ask"
            time.sleep(0.01)
    try:
        yield
    finally:
        os.close(answer)


@pytest.mark.parametrize(("before", "rows", "wanted"), TYPED)
def test_what_is_typed_is_read_or_left_to_the_shell(before, rows, wanted, work: Path) -> None:
    os.mkfifo(work / "asked")
    (work / "rc").write_text("PS1='ready> ' PS2='more> '\n" + before.partition("; ")[0] + "\n")
    words = ["--rcfile", f"{work}/rc", "-i"]
    env = {"TERM": "xterm", "HOME": str(work), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    shell = pexpect.spawn("/bin/bash", words, env=env, cwd=str(work), encoding="utf-8", timeout=20)
    shell.expect("ready> ")
    if "; " in before:
        shell.send(before.partition("; ")[2] + "\r")
        shell.expect("ready> ")
    shell.send("PS0='$(<asked)'\r")
    shell.expect("ready> ")
    editor = Editor(shell.pid)
    for number, row in enumerate(rows):
        if number:
            shell.expect("more> ")
        shell.send(row + "\r")
    with standing_before_a_line(work):
        typed = editor.typed()
        asking = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
    while shell.expect(["ready> ", pexpect.TIMEOUT], timeout=3):
        with standing_before_a_line(work):  # a second command in it
            assert not editor.typed()
    editor.close()
    shell.close(force=True)

    assert typed == (wanted or "")
    if _version() >= (5, 2):
        assert not asking  # it asks by itself: no fork, whose line might be another


def _version() -> tuple[int, ...]:
    told = subprocess.run(
        ["/bin/bash", "-c", "echo ${BASH_VERSINFO[*]:0:2}"], capture_output=True, text=True
    )
    return tuple(map(int, told.stdout.split()))


@pytest.mark.parametrize("program", ["/bin/cat", "/bin/dash"])
def test_another_program_has_no_such_line(program: str) -> None:
    with subprocess.Popen([program], stdin=subprocess.PIPE) as running:
        with pytest.raises(ValueError, match="exports no"):
            Editor(running.pid)
        running.kill()


def records(place: Path) -> list[tuple[str, str, int | None]]:
    with sqlite3.connect(f"file:{place}/audit.db?mode=ro", uri=True) as db:
        found = (
            "SELECT command_line, verdict, exit_code FROM record LEFT JOIN outcome USING (record)"
        )
        return list(db.execute(f"{found} WHERE door = 'terminal' ORDER BY record"))


def test_lines_of_all_kinds_are_recorded_in_their_order(burning, work, place) -> None:
    """Some are read, some told by the shell; each is there once, with its own end."""
    Path(burning["HOME"], ".bashrc").write_text("PS1='$ ' PS2='more> ' HISTCONTROL=ignoreboth\n")
    with Pane(f"{GATESH} --exec-gate; echo ended; cat", burning, str(work)) as pane:
        pane.until(r"^\$$")
        for number, line in enumerate(("true", "true", "false", "(exit 7)", "!!", " echo kept")):
            pane.line(f"{line}")
            pane.line("clear")
            pane.line(f"echo here {number}")
            pane.until(rf"^here {number}\n\$$")
        pane.line("for i in 1 2; do")
        pane.line("false; done")
        pane.line("echo the 'end'")
        pane.until(r"^the end\n\$$")
        pane.line("exit")
        pane.until("^ended$")

    told = [(line, code) for line, _, code in records(place)]
    numbered = [line for line, _ in told if line.startswith("echo here")]
    assert numbered == [f"echo here {number}" for number in (0, 1, 2, 3, 3, 4, 5)]  # `!!` is one
    assert told[0] == ("true", 0)
    codes = dict(told)
    assert codes["false"] == 1
    assert [code for line, code in told if line == "(exit 7)"] == [7]
    assert not any("kept" in line for line, _ in told)
    assert any(re.fullmatch(r"for i in 1 2; do\s+false; done", line) for line, _ in told)
    assert all(code is not None for line, code in told if line != "exit")


# What is set before, the rows that a rule denies, and how the last of them is recorded.
DENIED = [
    pytest.param("HISTCONTROL=ignoreboth", ["burn", "burn"], "burn", id="the same again"),
    pytest.param("HISTCONTROL=ignoreboth", ["burn", "!!"], "burn", id="the one before"),
    pytest.param("HISTCONTROL=erasedups", ["burn", "echo", "burn"], "burn", id="an older one"),
    pytest.param("HISTSIZE=0", ["echo", "burn", "burn"], "burn", id="no history"),
    pytest.param("shopt -u cmdhist", ["{", "burn", "}"], "{ burn; }", id="rows apart"),
    pytest.param("IFS=$'\\n'", ["burn"], "burn", id="words by rows"),
    pytest.param("IFS=0123456789", ["burn"], "burn", id="words by digits"),
    pytest.param("readonly IFS", ["burn"], "burn", id="words for good"),
    pytest.param("trap '' INT", ["burn"], "burn", id="no interrupts"),
    pytest.param("trap 'echo no' INT", ["burn"], "burn", id="interrupts of its own"),
    pytest.param("HISTTIMEFORMAT='%F '; readonly HISTTIMEFORMAT", ["burn"], "burn", id="dates"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "rows", "recorded"), DENIED)
def test_a_denied_line_does_not_run_whatever_the_history_does(
    before, rows, recorded, burning, work, place
) -> None:
    """It is a function: no program is started that would be stopped."""
    startup = f"PS1='$ ' PS2='more> '; burn() {{ echo >burned; }}; {before}\n"
    Path(burning["HOME"], ".bashrc").write_text(startup)
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        for number in range(2):  # from then on it is read
            pane.line(f"clear; echo line {number}")
            pane.until(rf"^line {number}\n\$$")
        for row in rows:
            pane.line(row)
            pane.until(r"^(\$|more>)$")
            pane.keys("C-l")
            pane.until(r"\A(\$|more>)$")
        pane.line("clear; echo goes on")
        pane.until(r"^goes on\n\$$")

    assert not (work / "burned").exists()
    assert [told[:2] for told in records(place)][-2] == (recorded, "deny")


def test_a_line_that_an_empty_history_leaves_out_is_answered(burning, work, place) -> None:
    Path(burning["HOME"], ".bashrc").write_text(
        "PS1='$ ' HISTFILE=/dev/null HISTCONTROL=ignorespace\n"
    )
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        pane.line(" echo secret")
        pane.until(r"^secret\n\$$")
        pane.line("echo goes on")
        pane.until(r"^goes on\n\$$")

    left_out = "# a line that the shell's history leaves out"
    assert [line for line, *_ in records(place)] == [left_out, "echo goes on"]


@pytest.mark.parametrize(
    ("before", "goes_on"),
    [
        pytest.param("mv $__gatesh_folder/asked.next .", True, id="the next pipe"),
        pytest.param("mv $__gatesh_folder/asked .", True, id="the pipe"),
        pytest.param("mv $__gatesh_folder moved", False, id="all pipes"),
        pytest.param("echo log", False, id="the log"),
    ],
)
def test_no_line_runs_undecided_or_waits_where_what_it_is_told_through_is_gone(
    before, goes_on, burning, work, place
) -> None:
    Path(burning["HOME"], ".bashrc").write_text("PS1='$ '; burn() { echo >burned; }\n")
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        for number in range(2):  # from then on it is read
            pane.line(f"clear; echo line {number}")
            pane.until(rf"^line {number}\n\$$")
        pane.line(f"clear; {before}")
        pane.until(r"^\$$")
        if before == "echo log":  # nothing below the gate takes it away unasked
            (place / "audit.db").rename(work / "audit.db")
        for _ in range(2):
            pane.line("burn")
            pane.until(r"^\$ burn\n(.|\n)*^\$$")
            pane.keys("C-l")
            pane.until(r"\A\$$")
        pane.line("echo >ran")
        pane.until(r"echo >ran(.|\n)*^\$$")
        assert not (work / "burned").exists()
        assert (work / "ran").exists() == goes_on


def test_an_answer_that_comes_late_is_none_to_the_next_line(burning, work) -> None:
    """A line that was given up with Ctrl-C may be approved when nobody waits for it any more."""
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        pane.line("clear; burn() { echo >burned; }")
        pane.until(r"\A\$$")
        pane.line(r"clear; printf 'yes\n1 yes\n' >>$__gatesh_folder/seen")
        pane.until(r"\A\$$")
        pane.line("burn")  # the shell's own function: nothing but the line is decided on
        pane.until(r"refused .burn(.|\n)*^\$$")
        assert not (work / "burned").exists()
        pane.line("clear; echo goes on")
        pane.until(r"^goes on\n\$$")


def test_what_is_typed_is_decided_on_ahead_and_by_what_counts_at_enter(
    burning, work, place
) -> None:
    """A rule that comes while a line stands there unsent is one that the line is judged by."""
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        for number in range(3):
            pane.line(f"clear; echo line {number}")
            pane.until(rf"^line {number}\n\$$")
        pane.line("clear; singe() { echo >singed; }")
        pane.until(r"\A\$$")
        pane.do("text singe all")
        pane.until(r"^\$ singe all$")
        time.sleep(0.5)  # it is decided on by now
        rules = RULE.format(name="singe") + "[override.singe]\ndeny = true\n"
        (place / "patterns/singe.toml").write_text(rules)
        time.sleep(1.5)  # the keeper looks each second
        pane.keys("Enter")
        pane.until(r"refused .singe(.|\n)*^\$$")

    assert not (work / "singed").exists()
    told = [(line, verdict) for line, verdict, _ in records(place)]
    assert [line for line, _ in told[1:3]] == ["clear; echo line 1", "clear; echo line 2"]
    assert told[-1] == ("singe all", "deny")
