"""The keeper itself: one for a place, hard to kill, hard to fool."""

import os
import signal
import socket
import stat
import subprocess
import time

import pytest

from gatesh import wire
from gatesh.session import process
from tests.agent import Agent
from tests.keeper.human import DEAF, GATESH, IDLE


def held(agent, line, **env):
    return agent.start(GATESH, "-c", line, **env)


def eventually(claim, timeout=10):
    until = time.monotonic() + timeout
    while not (found := claim()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


# -- one place, one keeper ----------------------------------------------------------------------------


def test_a_second_keeper_for_one_place_refuses_to_start_and_names_the_first(start):
    human, _ = start()
    second = human.open(GATESH, "keeper")
    human.wait_for(f"a keeper is already there: pid {human.pid()}", second)
    human.wait_for("[ended: 2]", second)
    assert IDLE in human.screen()


def test_the_socket_is_private_and_the_process_not_dumpable(start, place):
    human, _ = start()
    assert stat.S_IMODE((place / "keeper.sock").stat().st_mode) == 0o600
    assert (
        os.stat(f"/proc/{human.pid()}/mem").st_uid == 0
    )  # a process that is not dumpable is root's


def test_a_keeper_that_is_killed_refuses_what_it_holds_and_leaves_no_lock(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    os.kill(human.pid(), signal.SIGKILL)
    result = agent.wait(pid)
    assert result.exit == 125
    assert b"the keeper went away" in result.err and b"nothing ran" in result.err
    assert not (work / "hold-1").exists()
    after = agent.run(GATESH, "-c", "touch hold-1")
    assert after.exit == 126 and b"it needs a human, and there is no keeper" in after.err
    human.wait_for("[ended: 137]")
    again = human.open(GATESH, "keeper")
    human.wait_for(IDLE, again)
    assert rows("SELECT count(*) FROM record WHERE verdict = 'ask'") == [(2,)]


def test_a_keeper_that_ends_refuses_what_it_holds(start, work):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    os.kill(human.pid(), signal.SIGTERM)
    assert agent.wait(pid).exit == 125
    human.wait_for("[ended: 0]")
    assert not (work / "hold-1").exists()


@pytest.mark.parametrize("name", ["keeper.sock", "keeper.lock"])
def test_what_an_agent_removes_is_put_back_and_told(start, place, rows, name):
    human, agent = start()
    (place / name).unlink()
    human.wait_for(f"{name}; it is back", timeout=4)
    assert eventually(lambda: rows("SELECT kind FROM alert WHERE kind = 'keeper-removed'"))
    second = human.open(GATESH, "keeper")
    human.wait_for("a keeper is already there", second)
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_socket_put_in_its_place_is_replaced(start, place):
    human, agent = start()
    (place / "keeper.sock").unlink()
    with socket.socket(socket.AF_UNIX) as false:
        false.bind(str(place / "keeper.sock"))
        human.wait_for("keeper.sock; it is back", timeout=4)
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


# -- whom it serves -------------------------------------------------------------------------------------


def test_a_session_that_began_before_the_keeper_is_not_served(start, env, work):
    with Agent(env, str(work)) as early:
        human, _ = start()
        refused = early.run(GATESH, "-c", "touch hold-1")
        assert refused.exit == 126
        assert b"it needs a human, and this session began before the keeper;" in refused.err
        assert b"start `gatesh keeper` if none is open, then the agent again" in refused.err
        assert early.run(GATESH, "-c", "echo fine").out == b"fine\n"
        human.wait_for("not served, it began before the keeper; start it again")


def test_a_keeper_needs_a_terminal(start, env):
    start()
    done = subprocess.run(
        [GATESH, "keeper"],
        env=env,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2 and "it has no terminal" in done.stderr
    done = subprocess.run(
        [GATESH, "keeper", "--daemon"],
        env=env,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
        input="1234\n1234\n",
    )
    assert done.returncode == 2 and "it has no terminal" in done.stderr


def test_an_agent_cannot_start_a_keeper_of_its_own(env, work):
    with Agent(env, str(work)) as agent:
        assert agent.run(GATESH, "-c", "echo known").exit == 0  # now it is a recorded session
        keeper = agent.run("script", "-qec", f"{GATESH} keeper", "/dev/null", timeout=30)
        assert b"cannot be started here" in keeper.out
    with Agent(env | {"CLAUDECODE": "1"}, str(work)) as agent:
        keeper = agent.run("script", "-qec", f"{GATESH} keeper", "/dev/null", timeout=30)
        assert b"started by an agent" in keeper.out


def test_a_person_who_tried_gatesh_by_hand_can_still_start_a_keeper(start, env):
    human, _ = start()
    shell = human.open("bash", "--norc", "-i", leads=True)
    human.type(f"{GATESH} -c 'echo tried-it'", "Enter", window=shell)
    human.wait_for("\ntried-it", shell)
    human.type("", "C-c", "C-c")
    human.wait_for("[ended: 0]")
    human.type(f"{GATESH} keeper", "Enter", window=shell)
    human.wait_for(IDLE, shell)


def test_a_session_that_moves_gatesh_home_is_found_out(start, env, place, rows):
    _, agent = start()
    assert agent.run(GATESH, "-c", "true").exit == 0
    sock = wire.connect(f"{place}/keeper.sock")
    wire.send(sock, b"mine", wire.VERSION)
    assert wire.receive(sock) == [b"no"]  # this test is no session of it
    sock.close()
    ask = "import sys; sys.path.insert(0, sys.argv[2]); from gatesh import wire; s = wire.connect(sys.argv[1]); wire.send(s, b'mine', wire.VERSION); print(wire.receive(s))"
    import gatesh

    package = os.path.dirname(os.path.dirname(gatesh.__file__))
    said = agent.run("python3", "-c", ask, f"{place}/keeper.sock", package)
    assert said.out == b"[b'yes']\n"
    assert rows("SELECT kind FROM alert WHERE kind = 'gatesh-home'")


# -- hostile clients ----------------------------------------------------------------------------------------


def test_clients_that_talk_nonsense_or_nothing_do_not_disturb_it(start, place):
    human, agent = start()
    clients = []
    for raw in (
        b"",
        b"\0",
        b"\xff" * 8,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\x01\0\0\0\x05hello",
        b"\0\0\0\x02\0\0\0\x06submit\0\0\0\x011",
        b"\0\0\0\0",
        b"\0\0\0\x07" + b"\0\0\0\x06submit\0\0\0\x011\0\0\0\x04line" + b"\0\0\0\0" * 4,
        b"\0\0\0\x02\0\0\0\x06attach\0\0\0\x0299",
        b"\0\0\0\x01\x7f\xff\xff\xff",
    ):  # fmt: skip
        client = wire.connect(f"{place}/keeper.sock")
        client.sendall(raw)
        clients.append(client)
    for _ in range(100):
        clients.append(wire.connect(f"{place}/keeper.sock"))
    result = agent.run(GATESH, "-c", "echo served")
    assert result.out == b"served\n"
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    for client in clients:
        client.close()


def test_a_client_that_says_nothing_is_cut_off(start, place):
    start()
    client = wire.connect(f"{place}/keeper.sock", 15)
    client.sendall(b"\0\0")
    began = time.monotonic()
    assert client.recv(1) == b""
    assert time.monotonic() - began < 12
    client.close()


def test_a_door_that_lies_about_its_end_gets_no_end_row(start, env, place, work, rows):
    _, agent = start()
    lie = f"""
import sys; sys.path.insert(0, sys.argv[1])
from gatesh import wire
for answer in ((b"ran", b"-1", b"5"), (b"ran", b"9" * 30, b"5"), (b"nonsense",), ()):
    s = wire.connect({str(place / "keeper.sock")!r})
    wire.send(s, b"submit", wire.VERSION, b"line", b"true", b"/", b"", b"")
    assert wire.receive(s)[0] == b"run"
    if answer:
        wire.send(s, *answer)
    s.close()
print("lied")
"""
    import gatesh

    package = os.path.dirname(os.path.dirname(gatesh.__file__))
    assert agent.run("python3", "-c", lie, package).out == b"lied\n"
    assert agent.run(GATESH, "-c", "true").exit == 0
    assert rows("SELECT count(*) FROM record") == [(5,)]
    eventually(
        lambda: rows("SELECT record FROM outcome")
    )  # the row is written when the door has left
    assert rows("SELECT record FROM outcome") == [(5,)]


def test_a_line_no_shell_should_get_is_refused_and_recorded(start, rows):
    human, agent = start()
    result = agent.run(GATESH, "-c", "echo \x1b[2J")
    assert result.exit == 126
    human.wait_for("refused a line")
    assert rows("SELECT count(*) FROM alert WHERE kind = 'input'") == [(1,)]


def test_many_doors_at_once_are_all_served(start, work):
    _, agent = start()
    pids = [held(agent, f"echo {n}") for n in range(24)]
    assert [agent.wait(pid).out for pid in pids] == [b"%d\n" % n for n in range(24)]


# -- approvers ----------------------------------------------------------------------------------------------


def code(human, window):
    human.wait_for("attached to the keeper:", window)
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
    human.wait_for("attached to the keeper:", other)
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


# -- what loosens --------------------------------------------------------------------------------------------


OFF = "[override.hold-critical]\noff = true\n"


def write(place, text, name="more.toml"):
    (place / "patterns").mkdir(mode=0o700, exist_ok=True)
    (place / "patterns" / name).write_text(text)


def test_what_loosens_at_start_is_listed_and_inactive_until_confirmed(start, place, work):
    write(place, OFF.replace("hold-critical", "git-push-force"))
    human, agent = start(expect="loosen one thing")
    human.card("git-push-force is off")
    human.type("y", "Enter")
    human.wait_for("that was not the word")
    time.sleep(DEAF)
    pid = held(agent, "git push --force")
    human.type("n")
    human.card("high: git-push-force")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_change_that_tightens_is_active_at_once(start, place, work):
    human, agent = start()
    assert agent.run(GATESH, "-c", "touch fresh").exit == 0
    (work / "fresh").unlink()
    rule = (place / "patterns" / "test.toml").read_text()
    write(
        place,
        rule.replace("hold-", "new-")
        .replace("{hold,again,other}*", "fresh*")
        .replace("critical*", "xritical*"),
    )
    human.wait_for("were read again")
    pid = held(agent, "touch fresh")
    human.card("new-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


@pytest.mark.parametrize("how", ["removed", "narrowed", "excepted"])
def test_a_rule_that_is_taken_away_goes_on_until_a_person_confirms(start, place, work, how):
    human, agent = start()
    file = place / "patterns" / "test.toml"
    if how == "removed":
        file.unlink()
    elif how == "narrowed":
        file.write_text(
            file.read_text()
            .replace("{hold,again,other}*", "{hold,again,other}z*")
            .replace('"touch critical*"', '"touch criticalz*"')
            .replace("hold-a", "holdz")
            .replace("hold-b", "holdzz")
            .replace("critical-a", "criticalz")
            .replace("critical-b", "criticalzz")
        )
    else:
        write(
            place,
            '[override.hold-touch]\nunless = "touch hold*"\n[override.hold-critical]\noff = true\n',
        )
    human.card("loosen 2 things")
    human.type("n")
    human.wait_for(IDLE)
    pid = held(agent, "touch hold-1")
    human.card("touches hold-1")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_what_a_person_confirmed_is_active(start, place, work):
    human, agent = start()
    write(place, "[override.hold-touch]\noff = true\n")
    human.yes("hold-touch is off")
    human.wait_for("confirmed by")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0
    pid = held(agent, "touch critical-1")
    human.card("hold-critical")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    (place / "patterns" / "more.toml").unlink()  # taking an override back tightens
    eventually(lambda: human.screen().count("were read again") == 2)
    pid = held(agent, "touch hold-2")
    human.card("hold-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_broken_pattern_file_keeps_the_old_rules_and_says_so(start, place, work):
    human, agent = start()
    write(place, "[broken\n")
    human.wait_for("keeping the old rules: ")
    assert "more.toml:1:" in human.screen()
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_keeper_does_not_start_on_a_broken_pattern_file(start, place):
    write(place, "[rule-x]\ncli = 5\n")
    human, _ = start(expect="[ended: 2]")
    assert "more.toml:" in human.screen() and "hint:" in human.screen()
    assert not (place / "keeper.sock").exists()


def test_observe_records_and_holds_nothing(start, work, rows):
    human, agent = start("--observe")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0
    assert IDLE in human.screen()
    assert rows("SELECT verdict, reason FROM record") == [("allow", "observe: ask")]


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


def test_what_was_shown_is_confirmed_and_not_what_was_written_since(start, place, work):
    human, agent = start()
    write(place, "[override.hold-touch]\noff = true\n")
    word = human.card("hold-touch is off")
    write(place, "[override.hold-touch]\noff = true\n[override.hold-critical]\noff = true\n")
    human.type(word, "Enter")  # either it is too late, or it counts for what stood on the card
    human.card("hold-critical is off")
    human.type("n")
    human.wait_for(IDLE)
    pid = held(agent, "touch critical-1")
    human.card("hold-critical")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_nothing_is_approved_when_the_answer_cannot_be_recorded(start, place, work):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    for file in place.glob("audit.db*"):
        file.unlink()
    human.type(word, "Enter")
    result = agent.wait(pid)
    assert result.exit == 125
    assert b"removed or replaced" in result.err
    human.wait_for("removed or replaced")
    assert agent.run(GATESH, "-c", "echo harmless").exit == 125
    assert not (work / "hold-1").exists()
