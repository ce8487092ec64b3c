"""The interactive door: each line is decided on and recorded; a held one is asked about where a person sits."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatesh.supervise.kernel import may_filter
from tests.installed import GATESH
from tests.interactive.conftest import with_hooks
from tests.interactive.pane import Pane
from tests.person import Person


@pytest.fixture
def pane(burning: dict[str, str], work: Path) -> Iterator[Pane]:
    """A door in tmux, for whose terminal a person vouches."""
    with Pane(f"{GATESH} --line-gate --ask-here", burning, str(work)) as found:
        found.until(r"^\$$")
        yield found


def records(place: Path) -> list[tuple]:
    with sqlite3.connect(f"file:{place}/audit.db?mode=ro", uri=True) as db:
        return list(db.execute("SELECT command_line, door, verdict FROM record ORDER BY record"))


def everything(place: Path) -> bytes:
    return b"".join(file.read_bytes() for file in place.glob("audit.db*"))


def test_a_held_line_runs_when_the_word_on_its_card_is_typed(pane, work, place) -> None:
    pane.line("target=all; scorch $target")
    card = pane.until("scorchs everything(.|\n)*type `")
    word = re.search(r"type `(\w+)` \+ Enter", card)[1]
    pane.wait_seen()
    pane.line(word)

    pane.until(r"^scorched all\n\$$")
    assert records(place) == [("target=all; scorch $target", "terminal", "ask")]


def test_a_held_line_that_is_rejected_does_not_run_and_says_126(pane, work, place) -> None:
    pane.line("scorch")
    pane.until("type `")
    pane.wait_seen()
    pane.line("nnot today")
    screen = pane.until(r"the answer says: not today(.|\n)*^\$$")
    assert "it was rejected" in screen and "your human" not in screen
    pane.line("echo status:$?")

    pane.until("^status:126")
    assert not (work / "scorched").exists()


def test_inside_tmux_nobody_is_asked_unless_a_person_vouches(burning, work) -> None:
    with Pane(f"{GATESH} --line-gate", burning, str(work)) as pane:
        began = " ".join(pane.until(r"^\$$").split())
        pane.keys("C-l")
        pane.line("scorch")
        screen = pane.until("opened after it(.|\n)*^\\$$").replace("\n", "")

    assert began.startswith(
        "gatesh: nobody can be asked here, so what would destroy is refused: whoever runs tmux"
    )
    assert "--ask-here asks all the same" in began
    assert "nobody can be asked: there is no keeper, and whoever runs tmux" in screen
    assert "this shell in a terminal opened after it" in screen and "your human" not in screen
    assert not (work / "scorched").exists()


def test_a_keeper_that_serves_the_terminal_is_asked(burning, work, place) -> None:
    with (
        Person(burning, str(work)) as person,
        Pane(f"{GATESH} --line-gate", burning, str(work)) as pane,
    ):
        assert "an answer at the keeper, pid " in " ".join(pane.until(r"^\$$").split())
        pane.line("scorch")
        pane.until("held .scorch(.|\n)*waiting for an answer at the keeper; record 1")
        person.approve()
        pane.until(r"^scorched all\n\$$")


def test_each_line_of_a_paste_is_decided_on_by_itself(pane, work, place) -> None:
    pane.paste("echo one\nburn\nif true; then\n  echo two\nfi")
    pane.keys("Enter")
    pane.until(r"^two\n\$$")

    lines = [line for line, *_ in records(place)]
    assert lines == ["echo one", "burn", "if true; then\n  echo two\nfi"]
    assert not (work / "burned").exists()


@pytest.mark.parametrize(
    "before",
    [
        "name=burn",
        "alias name=burn",
        "name() { burn; }",
        "names=(x burn); name=${names[1]}",
        "export name=burn",
    ],
)
def test_what_earlier_lines_defined_is_known(before, pane, work) -> None:
    pane.line(before)
    pane.until(r"\n\$$")
    pane.line("name" if "alias" in before or "()" in before else "$name")
    pane.until("refused .burn")

    assert not (work / "burned").exists()


def test_what_a_program_reads_is_not_recorded(pane, place) -> None:
    pane.line("read -s -p 'Password: ' word; echo; echo ${#word}")
    pane.until("^Password:$")
    pane.line("hunter-two-and-a-half")
    pane.until(r"^21\n\$$")

    assert b"hunter-two" not in everything(place)


def test_output_of_the_background_comes_above_the_prompt(pane) -> None:
    pane.line("{ sleep 1; echo from behind; } &")
    pane.until(r"^\[1\] \d+\n\$$")
    pane.do("text half a line")

    pane.until(r"^from behind\n\$ half a line$")


def test_the_audit_log_is_searched(pane, burning, work) -> None:
    pane.line("echo something long ago")
    pane.until(r"^something long ago\n\$$")
    pane.line("exit")
    with Pane(f"{GATESH} --line-gate", {**burning, "HISTFILE": "/dev/null"}, str(work)) as later:
        later.until(r"^\$$")
        later.keys("C-r")
        later.do("text long ago")
        later.until("echo something long ago$")


def test_below_the_exec_gate_a_key_searches_the_audit_log(burning, work) -> None:
    env = {**burning, "HISTFILE": "/dev/null"}
    with Pane(f"{GATESH} --exec-gate", env, str(work)) as earlier:
        earlier.until(r"^\$$")
        for word in ("one", "two", "three"):
            earlier.line(f"echo 'found  {word}'")
            earlier.until(rf"^found  {word}\n\$$")
        earlier.line("exit")
    with Pane(f"{GATESH} --exec-gate", env, str(work)) as later:
        later.until(r"^\$$")
        later.do("text found")
        later.keys("C-x", "C-f")
        later.until(r"^audit log: found\n *echo 'found  three'\n *echo 'found  two'\n")
        later.do("text  ec")
        later.keys("Down")
        later.until("^audit log: found ec$")
        later.keys("Enter")
        later.until(r"^\$ echo 'found  two'$")
        later.keys("C-x", "C-f")
        later.until("^audit log: echo")
        later.do("text nothing like that")
        later.until("no line has that in it")
        later.keys("Escape")
        later.until(r"^\$ echo 'found  two'$")
        later.keys("Enter")
        later.until(r"^found  two\n\$$")


@pytest.mark.parametrize("gate", ["--line-gate", "--exec-gate"])
def test_the_terminal_is_told_where_commands_begin_and_end(gate, burning, work) -> None:
    import pexpect

    child = pexpect.spawn(
        GATESH, [gate], env={**burning, "TERM": "xterm"}, cwd=str(work), encoding="utf-8", timeout=30
    )  # fmt: skip
    child.expect(r"\x1b]133;A\x07")
    child.send("false\r")
    for mark in ("133;B", "133;C", "133;D;1", rf"7;file://[^/]*{work}", "133;A"):
        child.expect(rf"\x1b]{mark}\x07")
    child.close(force=True)


def test_a_prompt_that_tells_the_terminal_itself_is_left_alone(burning, work) -> None:
    import pexpect

    Path(burning["HOME"], ".bashrc").write_text(r"PS1='\[\e]133;A\a\]$ \[\e]133;B\a\]'" "\n")
    env = {**burning, "TERM": "xterm"}
    child = pexpect.spawn(
        GATESH, ["--exec-gate"], env=env, cwd=str(work), encoding="utf-8", timeout=30
    )
    child.expect(r"\$ ")
    child.send("false; echo en''ded\r")
    child.expect("ended")
    child.expect(r"\$ ")
    child.close(force=True)
    assert "133;A" in child.before and "133;C" not in child.before and "133;D" not in child.before


def test_where_the_kernel_gates_programs_the_shell_is_bash_itself(burning, work, place) -> None:
    shell = f"{GATESH} --exec-gate --ask-here; echo ended $?; cat"
    with Pane(shell, burning, str(work)) as pane:
        pane.until(r"^\$$")
        pane.line("[[ $- == *i* ]] && bind -P | grep -c yank; echo > letter")
        pane.until(r"^\d+\n\$$")
        pane.line("burn")
        pane.until(r"refused .burn(.|\n)*^\$$")
        pane.line("scorch")
        word = re.search(r"type `(\w+)` \+ Enter", pane.until("type `"))[1]
        pane.wait_seen()
        pane.line(word)
        pane.until(r"^scorched all\n\$$")
        pane.line("exit 3")
        pane.until("ended 3")

    assert not (work / "burned").exists()
    lines = [(line, verdict) for line, door, verdict in records(place) if door == "terminal"]
    assert lines[1:] == [("burn", "deny"), ("scorch", "ask"), ("exit 3", "allow")]


def test_a_shell_on_the_same_terminal_is_opened_without_a_question(burning, work, place) -> None:
    (work / "code").write_text("echo told\n")
    with Pane(f"{GATESH} --exec-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        for line in ("cat code | bash", "bash <(cat code)", "exec 3<code; bash"):
            pane.line(f"clear; {line}")
            pane.until(r"refused .unseen-code(.|\n)*^\$$")
        pane.line("clear")
        pane.line("PS1='in$ ' bash --norc")
        pane.until(r"^in\$$")
        pane.line("burn")
        pane.until(r"refused .burn(.|\n)*^in\$$")

    assert not (work / "burned").exists()


def test_without_a_flag_a_lone_terminal_gets_the_exec_gate_where_sudo_works_inside(
    burning, work
) -> None:
    import pexpect

    child = pexpect.spawn(
        GATESH, env={**burning, "TERM": "xterm"}, cwd=str(work), encoding="utf-8", timeout=30
    )
    if may_filter():  # else sudo would not work inside
        child.expect("every program below is gated")
    child.expect(r"\$")
    child.send("exit\r")
    child.expect(pexpect.EOF)


def test_what_bash_does_not_get_is_no_line_to_bash_preexec(burning, work) -> None:
    env = with_hooks(burning)
    hook = 'source "$HOOKS/bash-preexec.sh"\n'
    tell = 'preexec() { echo "before: $1"; }\nprecmd() { echo "after: $?"; }\n'
    Path(env["HOME"], ".bashrc").write_text(f"PS1='$ '\n{hook}{tell}")
    with Pane(f"{GATESH} --line-gate", env, str(work)) as pane:
        pane.until(r"^\$$")
        pane.line("clear")
        pane.until(r"\Aafter: 0\n\$$")
        pane.line("burn")
        pane.until(r"refused .burn(.|\n)*^after: 126\n\$$")
        pane.line("# nothing")
        pane.until(r"^\$ # nothing\nafter: 126\n\$$")
        pane.line("echo )")
        screen = pane.until(r"syntax error.*\nafter: 2\n\$$")

    assert "before: " not in screen


def test_a_prompt_may_take_its_time(burning, work) -> None:
    with Pane(f"{GATESH} --line-gate", burning, str(work)) as pane:
        pane.until(r"^\$$")
        pane.line("late=here; PROMPT_COMMAND='sleep 4'; clear")
        pane.until(r"\A\$$")
        pane.line("echo still $late")
        screen = pane.until(r"^still\b.*\n\$$")

    assert "still here" in screen
