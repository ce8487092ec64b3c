"""A line that an agent's hook has let through is recorded once, and asked about once, with the shell that runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gatesh.audit.store import SqliteLog
from gatesh.keeper import handed
from gatesh.keeper.handed import Handed, Same
from gatesh.model import Asker, CommandLine, Decision, Door, Inspection, Parsed, Verdict
from tests.installed import GATESH
from tests.keeper.human import eventually

# What claude puts around each command, shortened.
CLAUDE = (
    "source {snapshot} 2>/dev/null || true && eval '{command}' < /dev/null && pwd -P >| {noted}"
)


@pytest.fixture
def both(start, work):
    """Start a keeper, and an agent with a hook and a shell; return what calls them, and the person."""
    human, agent = start("--wait", "20")

    def hook(command: str, folder: Path = work, answer: str = "", **env: str) -> bytes:
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "cwd": str(folder)}
        pid = agent.start(GATESH, "hook", "claude", stdin=json.dumps(call).encode(), **env)
        if answer:
            word = human.card("hold-")
            human.type(word if answer == "yes" else "n", "Enter")
        return agent.wait(pid).out

    return human, agent, hook


def ends(rows, *wanted: tuple) -> None:
    """Wait until the records are these: a shell may be gone before its end row is written."""
    eventually(lambda: records(rows) == [*wanted])


def records(rows) -> list[tuple]:
    return rows("SELECT door, verdict, outcome, exit_code FROM command ORDER BY record")


def test_a_line_has_one_record_with_its_end(both, rows):
    _, agent, hook = both
    hook("true; exit 3")
    assert records(rows) == [("hook", "allow", "unknown", None)], "it has not ended"
    assert b" running " in agent.run(GATESH, "history").out
    assert agent.run(GATESH, "-c", "true; exit 3").exit == 3
    ends(rows, ("hook", "allow", "ran", 3))
    assert rows("SELECT duration_ns > 0 FROM outcome") == [(1,)]


def claudes(home: Path, command: str, snapshot: str) -> str:
    path = home / ".claude/shell-snapshots/snapshot-bash-1-a.sh"
    path.parent.mkdir(parents=True)
    path.write_text(snapshot)
    return CLAUDE.format(snapshot=path, command=command, noted="/tmp/claude-540e-cwd")


def test_what_claude_puts_around_it_is_no_other_line(both, rows, tmp_path):
    _, agent, hook = both
    snapshot = "shopt -s expand_aliases\nll() { ls -l; }\nexport PATH=/usr/bin:/bin\n"
    line = claudes(tmp_path / "home", "touch hold-1", snapshot)
    hook("touch hold-1", answer="yes")
    assert agent.run(GATESH, "-c", line, CLAUDECODE="1").exit == 0
    ends(rows, ("hook", "ask", "ran", 0))


def test_a_snapshot_that_makes_it_another_line_is_asked_about(both, work, tmp_path):
    human, agent, hook = both
    line = claudes(tmp_path / "home", "touch hold-1", 'touch() { command touch hold-2 "$@"; }')
    hook("touch hold-1", answer="yes")
    pid = agent.start(GATESH, "-c", line, CLAUDECODE="1")
    human.card("hold-2")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert not (work / "hold-2").exists()


def test_what_a_person_approved_is_asked_about_once(both, rows, work):
    _, agent, hook = both
    assert hook("touch hold-1", answer="yes") == b""
    own = {"CLAUDECODE": "1", "GIT_EDITOR": "true", "CLAUDE_PID": "1"}
    assert agent.run(GATESH, "-c", "touch hold-1", **own).exit == 0
    assert (work / "hold-1").exists()
    ends(rows, ("hook", "ask", "ran", 0))
    assert rows("SELECT answered FROM answer") == [("approved",)]


# Lines and surroundings that nobody has approved with `touch hold-1` in the folder of the work.
OTHERS = {
    "another line": (["-c", "touch hold-1 hold-2"], {}),
    "another folder": (["-c", "touch hold-1"], {"cwd": "sub"}),
    "a variable more": (["-c", "touch hold-1"], {"LD_PRELOAD": "/nowhere.so"}),
    "a variable of an agent with another value": (["-c", "touch hold-1"], {"GIT_EDITOR": "rm"}),
    "another PATH": (["-c", "touch hold-1"], {"PATH": "/nowhere:/usr/bin:/bin"}),
    "arguments": (["-c", "touch hold-1", "a", "b"], {}),
    "a line around it": (["-c", "cd sub; bash -c 'touch hold-1'"], {}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_approval_of_the_hook_stands_for_nothing_else(name, both, rows, work):
    human, agent, hook = both
    (work / "sub").mkdir()
    hook("touch hold-1", answer="yes")
    words, env = OTHERS[name]
    argv = [GATESH, *words]
    if "cwd" in env:
        argv, env = ["sh", "-c", 'cd sub; exec "$@"', "sh", *argv], {}
    pid = agent.start(*argv, **env)
    human.card("hold-1")
    assert not (work / "hold-1").exists()
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert [row[:2] for row in records(rows)] == [("hook", "ask"), ("line", "ask")]


def test_an_approval_of_the_hook_serves_once(both, rows):
    human, agent, hook = both
    hook("touch hold-1", answer="yes")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0
    pid = agent.start(GATESH, "-c", "touch hold-1")
    human.card("hold-1")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert len(records(rows)) == 2


def test_a_file_that_has_changed_since_is_asked_about(both, work, rows):
    human, agent, hook = both
    (work / "it.sh").write_text("touch hold-1\n")
    hook("sh it.sh", answer="yes")
    (work / "it.sh").write_text("touch hold-1; touch other\n")
    pid = agent.start(GATESH, "-c", "sh it.sh")
    human.card("hold-1")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert not (work / "hold-1").exists()


def test_another_session_does_not_profit(both, start, rows, env, work):
    from tests.agent import Agent

    human, _, hook = both
    hook("touch hold-1", answer="yes")
    with Agent(env, str(work)) as other:
        pid = other.start(GATESH, "-c", "touch hold-1")
        human.card("hold-1")
        human.type("n", "Enter")
        assert other.wait(pid).exit == 126


def test_what_was_refused_stands_for_nothing(both, rows, work):
    human, agent, hook = both
    assert b"deny" in hook("touch hold-1", answer="no")
    pid = agent.start(GATESH, "-c", "touch hold-1", GIT_EDITOR="true")
    human.card("hold-1")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert not (work / "hold-1").exists()


def test_what_no_shell_comes_for_is_ended_with_the_keeper(both, rows):
    human, _, hook = both
    hook("true")
    human.type("", "C-c", "C-c")
    ends(rows, ("hook", "allow", "ran", None))


def test_what_no_shell_comes_for_is_ended_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(handed, "HOOKED_S", 0)
    log = SqliteLog(str(tmp_path / "audit.db"))
    line = CommandLine("true", "/", {}, Door.HOOK)
    who = Asker(os.getpid(), os.getuid(), "s", 1, 1)
    seen = Inspection(Parsed(()), (), ())
    record = log.begin(line, who, seen, Decision(Verdict.ALLOW, ()), "d")
    lines = Handed(log)
    lines.add(record, "s", Same(b"x", ()), ())
    assert lines.take(Same(b"x", ()), (), asks=False) is None, "its time is over"
    lines.tick()
    assert not lines.waits("s")
    log.close()
    import sqlite3

    db = sqlite3.connect(tmp_path / "audit.db")
    assert db.execute("SELECT outcome, exit_code FROM command").fetchall() == [("ran", None)]
