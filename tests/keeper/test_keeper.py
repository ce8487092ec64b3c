"""The keeper itself: one for a place, hard to kill, hard to fool."""

import os
import signal
import socket
import stat
import subprocess
import time

import pytest

from gatesh import wire
from tests.agent import Agent
from tests.keeper.human import GATESH, IDLE, eventually, held

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
    wire.send(s, b"submit", wire.VERSION, b"line", b"true", b"/", b"", b"", b"bash", b"-c")
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


def test_observe_records_and_holds_nothing(start, work, rows):
    human, agent = start("--observe")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0
    assert IDLE in human.screen()
    assert rows("SELECT verdict, reason FROM record") == [("allow", "observe: ask")]


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
