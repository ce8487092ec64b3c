"""Terminals that attach to a keeper: who may, by what proof, and how they leave."""

import os
import signal
import subprocess
import time

import pytest

from gatesh.session import process
from tests.keeper.human import DEAF, GATESH, IDLE, eventually, held


def code(human, window):
    human.wait_for("where cards are shown already", window)
    line = eventually(
        lambda: [
            x
            for x in human.screen(window).splitlines()
            if len(x.split("  ")) > 1 and "-" in x.split("  ")[1]
        ]
    )
    return line[0].split("  ")[1].strip()


def test_another_terminal_is_paired_by_the_code_it_shows(start, work, rows):
    human, agent = start()
    other = human.approve()
    shown = code(human, other)
    human.wait_for("a terminal wants to approve")
    assert "gatesh approve: waits to be paired; Ctrl-C twice ends it" in human.screen(other)
    time.sleep(DEAF)
    human.type(shown, "Enter")
    human.wait_for(IDLE, other)
    human.wait_for("a terminal wants to approve: confirmed")
    assert human.screen().count("a terminal wants to approve") == 1
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch", other)
    assert agent.wait(pid).exit == 0
    human.wait_for(f"pid {human.pid(other)}")
    [(approver,)] = rows("SELECT approver FROM answer")
    assert approver == f"terminal {human.tty(other)} pid {human.pid(other)}"


@pytest.mark.parametrize("typed", ["bcd-fgh", "n", "y", "yes"])
def test_a_terminal_whose_code_is_not_typed_is_turned_away_and_recorded(start, rows, typed):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    other = human.approve()
    human.wait_for("where cards are shown already", other)
    assert "hold-touch" not in human.screen(other)  # no card, no count before it is paired
    assert "waiting" not in human.screen(other)
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    human.wait_for("a terminal wants to approve")
    time.sleep(DEAF)
    human.type(typed, "Enter")
    human.wait_for("may not approve: its code was not typed", other)
    human.wait_for("[ended: 2]", other)
    assert eventually(lambda: rows("SELECT kind FROM alert WHERE kind = 'approver-refused'"))


def test_a_terminals_code_typed_at_another_card_is_told_apart_and_not_used_up(start):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    other = human.approve()
    shown = code(human, other)
    human.wait_for("(1 of 2, Tab: next)")
    human.type(shown, "Enter")
    human.wait_for("that is a terminal's code: Tab goes to its card")
    time.sleep(DEAF)
    human.type("", "Tab")
    human.wait_for("a terminal wants to approve")
    time.sleep(DEAF)
    human.type(shown, "Enter")
    human.yes("hold-touch", other)
    assert agent.wait(pid).exit == 0


def test_an_approver_can_leave_while_a_card_waits(start):
    human, agent = start()
    other = human.approve()
    shown = code(human, other)
    human.wait_for("a terminal wants to approve")
    time.sleep(DEAF)
    human.type(shown, "Enter")
    human.wait_for(IDLE, other)
    pid = held(agent, "touch hold-1")
    human.card("hold-touch", other)
    human.type("", "C-c", "C-c", window=other)
    human.wait_for("[ended: 0]", other)
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_pin_that_is_too_short_is_asked_for_again_before_it_is_repeated(start):
    human, _ = start("--pin", expect="PIN for approvals")
    human.type("12", "Enter")
    human.wait_for("Error: ")
    assert "Repeat" not in human.screen() and "[ended" not in human.screen()
    for _ in range(2):
        human.type("1234", "Enter")
        time.sleep(0.3)
    human.wait_for(IDLE)


def test_an_askers_descendant_cannot_become_an_approver(start, rows):
    human, agent = start()
    assert agent.run(GATESH, "-c", "true").exit == 0
    result = agent.run("script", "-qec", f"{GATESH} approve", "/dev/null", timeout=30)
    assert b"may not approve: it descends from" in result.out
    assert rows("SELECT count(*) FROM alert WHERE kind = 'approver-refused'") == [(1,)]
    human.wait_for("may not approve")
    assert "wants to approve" not in human.screen()


def test_an_orphaned_terminal_cannot_become_an_approver(start, work, rows):
    """`setsid -f script` leaves the session, so only its ancestry that is not known speaks against it."""
    human, agent = start()
    assert agent.run(GATESH, "-c", "true").exit == 0
    agent.run("setsid", "-f", "script", "-qec", f"{GATESH} approve > {work}/said 2>&1", "/dev/null")
    human.wait_for("may not approve: its ancestry is not known")
    assert eventually(
        lambda: rows("SELECT count(*) FROM alert WHERE kind = 'approver-refused'")
    ) == [(1,)]
    assert "wants to approve" not in human.screen()


def test_a_process_without_a_terminal_cannot_become_an_approver(start, place, rows):
    human, _ = start()
    attach = f"""
import sys; sys.path.insert(0, sys.argv[1])
from gatesh import wire
s = wire.connect({str(place / "keeper.sock")!r})
wire.send(s, b"attach", wire.VERSION)
print(wire.receive(s))
"""
    import gatesh

    package = os.path.dirname(os.path.dirname(gatesh.__file__))
    done = subprocess.run(
        ["python3", "-c", attach, package], capture_output=True, start_new_session=True, timeout=20
    )
    assert done.stdout == b"[b'refused', b'it has no terminal']\n"
    human.wait_for("it has no terminal")
    assert rows("SELECT count(*) FROM alert WHERE kind = 'approver-refused'") == [(1,)]


def test_a_new_tmux_of_the_agents_own_is_not_told_apart_but_not_paired_either(
    start, env, tmp_path, work, rows
):
    """A tmux server is an orphan like any terminal's: pairing is what protects."""
    human, agent = start()
    assert agent.run(GATESH, "-c", "true").exit == 0
    own = ["tmux", "-S", str(tmp_path / "own"), "-f", "/dev/null"]
    agent.run(*own, "new-session", "-d", "-s", "x", "sh", "-c", f"{GATESH} approve; sleep 60")
    try:
        human.wait_for("a terminal wants to approve")
        pid = held(agent, "touch hold-1")
        screen = agent.run(*own, "capture-pane", "-p", "-t", "x").out
        assert b"hold" not in screen
        agent.run(*own, "send-keys", "-t", "x", "-l", "y\r\rkdf\r")
        time.sleep(DEAF)
        human.type("n")
        human.card("hold-touch")
        human.type("n", "Enter")
        assert agent.wait(pid).exit == 126
    finally:
        agent.run(*own, "kill-server")


def test_send_keys_of_the_word_succeeds_at_a0_but_not_with_a_pin(start, work, rows):
    """Inside tmux of the same user the agent can type: A0 stops mistakes, a PIN stops this."""
    human, agent = start("--pin", pin="tr0ub4dor")
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    socket_ = human._socket
    agent.run("tmux", "-S", socket_, "send-keys", "-t", "t:0", "-l", word)
    agent.run("tmux", "-S", socket_, "send-keys", "-t", "t:0", "Enter")
    human.wait_for("PIN:")
    agent.run("tmux", "-S", socket_, "send-keys", "-t", "t:0", "Enter")
    agent.run("tmux", "-S", socket_, "send-keys", "-t", "t:0", "-l", "1234\r")
    human.wait_for("wrong PIN; 4 left")
    assert not (work / "hold-1").exists()
    assert rows("SELECT why FROM refused_answer") == [("wrong PIN",)]
    human.yes("hold-touch")
    human.wait_for("PIN:")
    human.type("tr0ub4dor")
    assert "tr0ub4dor" not in human.screen()
    human.type("", "Enter")
    assert agent.wait(pid).exit == 0
    assert rows("SELECT answered, assurance FROM answer") == [("approved", "A0")]


def test_without_a_pin_send_keys_succeeds_and_is_called_a0(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    agent.run("tmux", "-S", human._socket, "send-keys", "-t", "t:0", "-l", word + "\r")
    assert agent.wait(pid).exit == 0
    assert rows("SELECT assurance FROM answer") == [("A0",)]


def test_five_wrong_pins_lock_the_terminal(start, work, rows):
    human, agent = start("--pin", pin="tr0ub4dor")
    pid = held(agent, "touch hold-1")
    for left in range(4, -1, -1):
        human.yes("hold-touch")
        human.wait_for("PIN:")
        human.type("wrong", "Enter")
        human.wait_for(f"{left} left" if left else "cannot answer any more")
    human.wait_for("too many wrong PINs")
    human.type("bcd", "Enter")
    agent.signal(pid, 9)
    agent.wait(pid)
    assert not (work / "hold-1").exists()
    assert eventually(lambda: rows("SELECT kind FROM alert WHERE kind = 'approver-locked'"))


def test_a_daemon_needs_a_pin_and_its_pin_pairs(start, place, work, rows):
    human, agent = start("--daemon", "--wait", "30", pin="tr0ub4dor")
    daemon = int(human.screen().split("pid ")[1].split(";")[0])
    try:
        assert f"end it with `kill {daemon}`" in human.screen()
        found = process(daemon)
        assert found.tty == 0 and found.sid != daemon
        pid = held(agent, "touch hold-1")
        other = human.approve()
        human.wait_for("the keeper's PIN:", other)
        assert "hold" not in human.screen(other)
        human.type("wrong", "Enter", window=other)
        time.sleep(DEAF)
        assert "hold" not in human.screen(other)
        human.type("tr0ub4dor", "Enter", window=other)
        human.yes("hold-touch", other)
        human.wait_for("PIN:", other)
        human.type("tr0ub4dor", "Enter", window=other)
        assert agent.wait(pid).exit == 0
        assert rows("SELECT answered, assurance FROM answer") == [("approved", "A0")]
        assert "tr0ub4dor" not in human.screen(other)
    finally:
        os.kill(daemon, signal.SIGTERM)
    eventually(lambda: not (place / "keeper.sock").exists())


def test_approve_with_a_record_ends_when_it_is_answered(start, work):
    human, agent = start("--daemon", "--wait", "1", pin="tr0ub4dor")
    daemon = int(human.screen().split("pid ")[1].split(";")[0])
    try:
        assert agent.run(GATESH, "-c", "touch hold-1").exit == 126
        assert agent.run(GATESH, "-c", "touch hold-2").exit == 126
        other = human.approve("2")
        human.wait_for("the keeper's PIN:", other)
        human.type("tr0ub4dor", "Enter", window=other)
        human.yes("touch hold-2", other)
        human.wait_for("PIN:", other)
        human.type("tr0ub4dor", "Enter", window=other)
        human.wait_for("[ended: 0]", other)
        assert agent.run(GATESH, "-c", "touch hold-1").exit == 126
        assert agent.run(GATESH, "-c", "touch hold-2").exit == 0
        third = human.approve("99")
        human.wait_for("record 99 does not wait", third)  # and no terminal is paired for that
        human.wait_for("[ended: 2]", third)
        fourth = human.approve("4")  # it ran
        human.wait_for("record 4 does not wait", fourth)
    finally:
        os.kill(daemon, signal.SIGTERM)


def test_approve_without_a_keeper_says_so(start, env):
    human, _ = start()
    human.type("", "C-c", "C-c")
    human.wait_for("[ended: 0]")
    other = human.approve()
    human.wait_for("there is no keeper", other)


def test_an_approver_can_be_suspended_and_the_keeper_cannot(start, work):
    human, agent = start()
    shell = human.open("bash", "--norc", "-i")
    human.type(f"{GATESH} approve", "Enter", window=shell)
    human.wait_for("a terminal wants to approve")
    shown = code(human, shell)
    time.sleep(DEAF)
    human.type(shown, "Enter")
    human.wait_for(IDLE, shell)
    human.type("", "C-z", window=shell)
    human.wait_for("Stopped", shell)
    human.type("echo shell-is-back", "Enter", window=shell)
    human.wait_for("\nshell-is-back", shell)
    human.type("", "C-z")
    human.wait_for("the keeper is not suspended")
    human.type("fg", "Enter", window=shell)
    time.sleep(0.5)
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch", shell)
    assert agent.wait(pid).exit == 0


def test_terminals_that_are_turned_away_make_the_next_one_wait(start):
    """An agent that asks to be paired again and again must not wear the person out."""
    human, _ = start()
    first = human.approve()
    human.wait_for("a terminal wants to approve")
    time.sleep(DEAF)
    human.type("n")
    human.wait_for("[ended: 2]", first)
    second = human.approve()
    human.wait_for("another was turned away", second)
    assert IDLE in human.screen()


def test_an_approver_says_who_listens_before_it_asks_for_a_pin(start, env, place, work):
    """An agent may kill the keeper and wait in its place for the PIN."""
    human, agent = start()
    other = human.approve()
    human.wait_for(f" {human.pid()} ", other)
    human.type("n")
    os.kill(human.pid(), signal.SIGTERM)
    human.wait_for("[ended: 0]")
    trap = f"""
import os, socket, time
s = socket.socket(socket.AF_UNIX); s.bind({str(place / "keeper.sock")!r}); s.listen()
print("listening", flush=True); time.sleep(20)
"""
    pid = agent.start("python3", "-c", trap, CLAUDECODE="1")
    eventually((place / "keeper.sock").exists)
    time.sleep(0.2)
    victim = human.approve()
    human.wait_for("no keeper of yours", victim)
    agent.signal(pid, 9)
    agent.wait(pid)
