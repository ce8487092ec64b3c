"""`gatesh elevate` with a resident keeper: one of several sessions, and who does not get it."""

import json
import re
import subprocess
import time

import pytest

from tests.agent import Agent
from tests.keeper.human import DEAF, GATESH, IDLE, eventually, held
from tests.keeper.test_approvers import code

POST = "curl -sS -m 5 -d a=b http://127.0.0.1:9/{}"
REFUSED, FAILED = 126, 7  # 7 is curl's own: nobody listens there


@pytest.fixture
def staging(place, work):
    """A project that only reads, and a staging API that is not there."""
    (place / "environments.toml").write_text('[staging]\nhosts = ["127.0.0.1"]\n')
    (work / ".gatesh").mkdir()
    (work / ".gatesh/scope.toml").write_text("read-only = true\n")


def elevate(human, *words):
    """Give an elevation in another window, as a person would; return what that window says."""
    window = human.open(GATESH, "elevate", *words)
    shown = code(human, window)
    human.wait_for("a terminal wants to approve")
    time.sleep(DEAF)
    human.type(shown, "Enter")
    human.yes("lift for", window)
    return human.wait_for("[ended: 0]", window)


def test_one_of_several_sessions_is_elevated_and_the_other_is_not(start, staging, env, work, rows):
    human, agent = start()
    with Agent(env, str(work)) as other:
        for one in (agent, other):
            assert one.run(GATESH, "-c", "true").exit == 0
        window = human.open(GATESH, "elevate", "--target", "staging")
        shown = human.wait_for("there are several sessions", window)
        assert shown.count("only reads what is elsewhere") == 2
        said = elevate(human, "--target", "staging", "--session", str(agent.pid))
        assert re.search(r"elevation 1 \(everything on staging\), until \d\d:\d\d", said)
        assert agent.run(GATESH, "-c", POST.format(1)).exit == FAILED
        pid = held(other, POST.format(1))
        human.card("read-only")
        human.type("n", "Enter")
        assert other.wait(pid).exit == REFUSED
        assert [row[0] for row in rows("SELECT elevations FROM record WHERE door = 'line'")] == [
            "", "", " 1 ", ""
        ]  # fmt: skip
    human.wait_for("elevation 1 (everything on staging) is used for the first time: record 3")


def test_in_the_overview_it_is_taken_back_and_the_next_line_is_held(start, staging, rows):
    human, agent = start()
    agent.run(GATESH, "-c", "true")
    elevate(human, "--class", "data-*", "--for", "2h")
    assert agent.run(GATESH, "-c", POST.format(1)).exit == FAILED
    human.type("S")
    shown = human.wait_for("revoke elevation 1 (data-* anywhere), until ")
    number = re.search(r"(\d+)  revoke elevation", shown)[1]
    time.sleep(DEAF)
    word = re.findall("type `([^ ]*) NUMBER`", human.screen())[0]
    human.type(f"{word} {number}", "Enter")
    human.wait_for("has ended: revoked, by terminal")
    pid = held(agent, POST.format(2))
    human.yes("read-only")
    assert agent.wait(pid).exit == FAILED
    assert rows("SELECT how FROM elevation_end") == [("revoked",)]


def test_a_held_line_that_needed_one_does_not_run_once_it_is_revoked(start, staging, env, work):
    """The rule goes on asking; what is approved is looked at again."""
    human, agent = start()
    agent.run(GATESH, "-c", "true")
    elevate(human, "--target", "staging")
    pid = held(agent, f"touch hold-1; {POST.format(1)}")
    shown = human.wait_for("elevated  until")
    assert "read-only" not in shown
    done = subprocess.run(
        [GATESH, "elevate", "--revoke", "1"], env=env, capture_output=True, text=True
    )
    assert done.stdout == "elevation 1 (everything on staging) has ended\n"
    human.yes("hold-touch")
    done = agent.wait(pid)
    assert done.exit == REFUSED and b"what was approved has changed since" in done.err
    assert not (work / "hold-1").exists()


def test_an_agent_gives_itself_none(start, staging, rows):
    """Not by the command on a terminal of its own, where no rule stops it; not by an orphan of it."""
    human, agent = start()
    agent.run(GATESH, "-c", "true")
    done = agent.run(
        "script", "-qec", f"{GATESH} elevate --target staging", "/dev/null", timeout=30
    )
    assert b"nothing was lifted: it descends from" in done.out, done
    agent.run("setsid", "-f", "script", "-qec", f"{GATESH} elevate --target staging", "/dev/null")
    kinds = "SELECT count(*) FROM alert WHERE kind = 'approver-refused'"
    eventually(lambda: rows(kinds) == [(2,)])
    assert "wants to approve" not in human.screen()
    assert rows("SELECT * FROM elevation") == []


def test_the_first_line_of_a_shell_says_that_it_is_elevated(start, staging, env, work):
    human, _ = start()
    window = human.open("env", "-C", str(work), "bash", "--norc", leads=True)
    human.type(f"{GATESH} -c true; {GATESH} elevate --list; echo done", "Enter", window=window)
    human.wait_for("\ndone", window)
    root = human.tmux("display-message", "-p", "-t", window, "#{pane_pid}").strip()
    elevate(human, "--session", root, "--target", "staging")
    human.type(f"clear; {GATESH} --line-gate", "Enter", window=window)
    human.wait_for("waits for an answer at the keeper", window)
    human.wait_for("elevated: everything on staging, until", window)


def test_it_ends_with_the_session_and_sessions_and_list_say_it_meanwhile(
    start, staging, env, work, rows
):
    human, _ = start()
    with Agent(env, str(work)) as other:
        other.run(GATESH, "-c", "true")
        elevate(human, "--target", "staging")

        def said(*words):
            return subprocess.run([GATESH, *words], env=env, capture_output=True, text=True).stdout

        (session,) = json.loads(said("sessions", "--json"))
        assert session["elevated"] == "everything on staging"
        assert "elevation 1: everything on staging, until " in said("elevate", "--list")
    eventually(lambda: rows("SELECT how FROM elevation_end") == [("its session has ended",)])
    assert said("elevate", "--list") == ""
    human.wait_for(IDLE)
