"""The card on the person's own terminal: what is typed there answers, and the agent's screen comes back."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

from tests.installed import GATESH
from tests.overlay.conftest import Desk


def history(env: dict[str, str]) -> list[dict]:
    done = subprocess.run(
        [GATESH, "history", "--programs", "--json", "--full"], env=env, capture_output=True, text=True
    )  # fmt: skip
    return json.loads(done.stdout)


def test_its_word_approves(desk: Desk, env) -> None:
    (desk.work / "keep").write_text("x")
    desk.run("sh")
    desk.see(r"a card on this screen asks you")
    before = desk.settled()
    desk.type("rm keep; echo status $?", enter=False)
    desk.type("")
    desk.approve()
    desk.see("status 0")
    assert not (desk.work / "keep").exists()
    assert before.splitlines()[0] in desk.looks
    (row,) = [r for r in history(env) if r["command_line"].endswith("rm keep")]
    assert row["answered"] == "approved" and "/dev/pts/" in row["approver"]


def test_another_terminal_is_paired_through_the_card(desks: Callable[[], Desk], env) -> None:
    desk, other = desks(), desks()
    go = desk.behind("cat")
    desk.see("asks you")
    other.type(f"clear; {other.gatesh} approve")
    other.see("where cards are shown already, by the keeper or gatesh run:")
    code = other.see(r"gatesh run:\n\S+ +(\S+-\S+)")[1]
    desk.see("a terminal wants to approve")
    time.sleep(0.8)
    desk.type(code)
    other.see("attached as")
    desk.closed()
    go.write_text("now\n")
    desk.see(r"\+ Enter: yes")
    other.approve()
    desk.closed()
    (row,) = [r for r in history(env) if r["answered"]]
    tty = other.tmux("display-message", "-p", "#{pane_tty}").strip()
    assert row["answered"] == "approved" and f"{tty} pid" in row["approver"], row
    assert not (desk.work / "keep").exists()


def test_with_a_pin_the_word_alone_does_not_answer(desk: Desk) -> None:
    (desk.work / "keep").write_text("x")
    desk.run("sh", "--pin")
    for asked in ("PIN for approvals", "Repeat"):
        desk.see(asked)
        desk.type("tr0ub4dor")
    desk.see("asks you")
    desk.type("rm keep; echo status $?")
    desk.type(desk.card())
    desk.see("PIN: ")
    desk.type("wrong one")
    desk.see("wrong PIN; 4 left")
    assert (desk.work / "keep").exists()
    desk.type(desk.card())
    desk.see("PIN: $")
    desk.type("tr0ub4dor")
    desk.see("status 0")
    assert not (desk.work / "keep").exists()


def test_n_rejects_with_a_word_to_the_agent(desk: Desk) -> None:
    go = desk.behind("cat", name="keep")
    desk.see("asks you")
    desk.ask(go)
    desk.type("n", enter=False)
    desk.see("A word to the agent")
    desk.type("not today")
    desk.closed()
    desk.type("cat goes on")
    desk.see("cat goes on\ncat goes on")
    assert (desk.work / "keep").exists()


def test_the_refusal_reaches_the_agents_own_stderr(desk: Desk) -> None:
    (desk.work / "keep").write_text("x")
    desk.run("rm keep; echo status $?")
    desk.card()
    desk.type("n", enter=False)
    desk.type("not today")
    desk.see("your human says: not today")
    desk.see("status 126")


def test_ctrl_c_twice_rejects_and_does_not_reach_the_agent(desk: Desk) -> None:
    go = desk.behind("cat")
    desk.see("asks you")
    desk.ask(go)
    desk.press("C-c")
    desk.see("Ctrl-C again rejects it")
    desk.press("C-c")
    desk.closed()
    desk.type("still here")
    desk.see("still here\nstill here")
    assert (desk.work / "keep").exists()


def test_where_output_goes_into_a_pipe_nobody_is_asked_and_that_is_said(desk: Desk) -> None:
    (desk.work / "keep").write_text("x")
    desk.type(f"{GATESH} run -- rm keep 2>&1 | cat")
    desk.see("no approver is there")
    desk.see("start you by `gatesh run` in a terminal window, or with --pin")
    assert (desk.work / "keep").exists()


def test_where_nothing_is_held_nobody_is_promised_a_card(desk: Desk) -> None:
    desk.run("true", "--observe")
    desk.see(r"; nothing is held\s")


def test_the_terminal_is_the_agents_own_and_has_its_size(desk: Desk) -> None:
    outer = desk.tty
    desk.run("sh")
    desk.see("asks you")
    desk.type("tty; stty size")
    desk.see("30 100")
    assert f"{outer}\n" not in desk.screen
    desk.resize(90, 25)
    desk.type("stty size")
    desk.see("25 90")
