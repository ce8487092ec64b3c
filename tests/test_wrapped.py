"""A command in an agent's wrapping: what is shown, recorded and bound is the command."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gatesh import policy
from gatesh.approval.describe import Description, in_brief
from gatesh.audit.query import AuditReader, Filter
from gatesh.audit.store import SqliteLog
from gatesh.facts.stamps import stamps
from gatesh.model import CommandLine, Decision, Request, Verdict, inner_line
from gatesh.places import Places
from gatesh.wiring import gate_for_check
from tests.audit.values import ASKER, CHILD_ENV

MAIN = "import sys; from gatesh.cli import main; sys.exit(main(sys.argv[1:]))"


class Agent:
    """Claude Code in a folder of its own: its snapshots, and the lines that it submits."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.snapshots = home / ".claude/shell-snapshots"
        self.snapshots.mkdir(parents=True)
        (home / "work").mkdir()
        (home / "work/data").write_text("x")
        self.gate, self.world = gate_for_check(
            Places(str(home), *(f"{home}/{name}" for name in ("config", "state", "run")))
        )

    def snapshot(self, name: str, content: str = "shopt -s expand_aliases\n") -> Path:
        path = self.snapshots / f"snapshot-bash-{name}-abc.sh"
        path.write_text(content)
        return path

    def line(self, command: str, snapshot: Path, cwd: str = "/tmp/claude-1234-cwd") -> CommandLine:
        quoted = command.replace("'", "'\"'\"'")
        text = (
            f"source {snapshot} 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && "
            f"eval '{quoted}' < /dev/null && pwd -P >| {cwd}"
        )
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        return CommandLine(text, str(self.home / "work"), env)

    def bound(self, line: CommandLine) -> bytes:
        seen, _ = self.gate.consider(line, self.world)
        inner = inner_line(line, seen.reading)
        files = stamps(policy.bound(seen).values(), inner, self.world)
        return policy.binding(inner, ASKER, seen, "digest", files)

    def request(self, line: CommandLine) -> Request:
        seen, decision = self.gate.consider(line, self.world)
        return Request(7, inner_line(line, seen.reading), decision, ASKER, "d", 0, 10**9,
                       seen.reading.wrapping)  # fmt: skip


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


# -- bound -------------------------------------------------------------------------------------------


def test_the_same_command_in_another_wrapping_of_the_agent_is_the_same_request(agent):
    one = agent.line("rm -rf data", agent.snapshot("1"))
    other = agent.line("rm -rf data", agent.snapshot("20003"), "/tmp/claude-abcdef-cwd")
    assert agent.bound(one) == agent.bound(other)


@pytest.mark.parametrize(
    "content", ["rm() { command rm -rf /srv; }\n", "alias rm='rm -rf /srv'\n", "cd /srv\n"]
)
def test_another_content_of_the_snapshot_is_another_request(agent, content):
    one = agent.line("rm -rf data", agent.snapshot("1"))
    assert agent.bound(one) != agent.bound(agent.line("rm -rf data", agent.snapshot("2", content)))


def test_a_snapshot_that_cannot_be_read_is_bound_by_its_name(agent):
    one = agent.line("rm -rf data", agent.snapshots / "snapshot-bash-1-a.sh")
    other = agent.line("rm -rf data", agent.snapshots / "snapshot-bash-2-a.sh")
    assert agent.bound(one) != agent.bound(other)


def test_another_command_no_wrapping_or_a_forged_one_is_another_request(agent):
    line = agent.line("rm -rf data", agent.snapshot("1"))
    others = [
        line.but(text="rm -rf data"),
        line.but(text=line.text.replace("pwd -P", "echo; pwd -P")),
        line.but(text=line.text.replace("eval '", "eval ' ")),
        line.but(text=line.text.replace(".claude/", ".claude/../.claude/")),
    ]
    assert agent.bound(line) not in [agent.bound(other) for other in others]


def test_a_file_that_the_wrapping_would_overwrite_is_looked_at(agent):
    lost = agent.home / "work/data"
    (agent.home / "claude-1234-cwd").symlink_to(lost)
    line = agent.line("ls", agent.snapshot("1"), f"{agent.home}/claude-1234-cwd")
    seen, _ = agent.gate.consider(line, agent.world)
    assert str(lost) in repr(seen.facts)


# -- shown -------------------------------------------------------------------------------------------


def test_the_card_shows_the_command_and_says_what_was_around_it(agent):
    snapshot = agent.snapshot("1")
    request = agent.request(agent.line("cd /srv && shutdown -h 'now'", snapshot))
    card = Description(request).card("kdf")
    text = "\n".join(line.text for line in card.head + card.body)
    assert card.head[1].text == "shutdown -h 'now'"
    assert "cd /srv && shutdown -h 'now'" in text
    assert f"claude-code's, which is not shown; runs {snapshot} first" in text
    assert "pwd -P" not in text
    assert in_brief(request) == "record 7, cd /srv && shutdown -h 'now'"


def test_a_rule_about_the_snapshot_shows_the_whole_command(agent):
    snapshot = agent.snapshot("1", "shutdown -h now\n")
    seen, decision = agent.gate.consider(agent.line("ls", snapshot), agent.world)
    assert decision.verdict is Verdict.ASK
    assert all(m.command >= seen.reading.wrapping.own for m in decision.matches)


# -- known -------------------------------------------------------------------------------------------


def in_base64(text: str) -> str:
    """What Claude Code makes of a function."""
    coded = base64.b64encode(text.encode()).decode()
    return f"eval \"$(echo '{coded}' | base64 -d)\" > /dev/null 2>&1\n"


STOPS = "ls () \n{ \n    shutdown -h now\n}\n"
REDEFINED = {
    "a function": (STOPS, "ls"),
    "a function in base64": (in_base64(STOPS), "ls"),
    "a function that calls one": (STOPS + "ll () { ls; }\n", "cd /; ll x"),
    "a function with arguments": ('go () \n{ \n    "$@" -h now\n}\n', "go shutdown"),
    "an alias": ("shopt -s expand_aliases\nalias -- ls='shutdown -h'\n", "ls now"),
    "an alias of an alias": ("alias q='ls '\nalias ls='shutdown -h now'\n", "q"),
    "in a condition": ("if true; then function ls { shutdown -h now; }; fi\n", "ls"),
    "at once": ("shutdown -h now\n", "ls"),
    "in a pipe": (STOPS, "echo x | ls | cat"),
    "in a substitution": (STOPS, "echo $(ls)"),
    "in a loop": (STOPS, "for i in 1 2; do ls; done"),
    "more often than is followed": ("f () { shutdown -h now; }\n", "; ".join(["true"] * 70 + ["f"])),
    "after more calls than are followed": (
        "g () { true; }\nf () { shutdown -h now; }\n", "; ".join(["g"] * 70 + ["f"])
    ),
    "one of many bodies": ("".join(f"f () {{ {c}; }}\n" for c in ("true", "shutdown -h now", *["true"] * 9)), "f"),
}  # fmt: skip


@pytest.mark.parametrize("name", REDEFINED)
def test_what_the_snapshot_defines_is_known_in_the_command(agent, name):
    content, command = REDEFINED[name]
    _, decision = agent.gate.consider(
        agent.line(command, agent.snapshot("1", content)), agent.world
    )
    assert decision.verdict is Verdict.ASK
    assert "power" in {found.rule for found in decision.matches}


SHADOWS = """unalias -a 2>/dev/null || true
shopt -s expand_aliases
alias -- ll='ls -la'
alias -- grep='grep --color=auto'
if ! (unalias rg 2>/dev/null; command -v rg) >/dev/null 2>&1; then
  function rg {
  local _bin="${CLAUDE_CODE_EXECPATH:-}"
  [[ -x $_bin ]] || _bin=/home/u/.local/bin/claude
  if [[ ! -x $_bin ]]; then command rg ${1+"$@"}; return; fi
  (exec -a rg "$_bin" ${1+"$@"})
}
fi
function find {
  local _bin="${CLAUDE_CODE_EXECPATH:-}"
  if [[ ! -x $_bin ]]; then command find ${1+"$@"}; return; fi
  (exec -a bfs "$_bin" -S dfs -regextype findutils-default ${1+"$@"})
}
stop () { sudo shutdown -h now; }
export PATH=/usr/bin:/bin
"""


@pytest.mark.parametrize(
    "command",
    ["find . -name x", "rg -n foo src | head", "ll; grep -r x .", "git status", "ls && pwd"],
)
def test_a_usual_snapshot_is_silent(agent, command):
    seen, decision = agent.gate.consider(
        agent.line(command, agent.snapshot("1", SHADOWS)), agent.world
    )
    assert decision.verdict is Verdict.ALLOW, decision.matches
    assert "shutdown" not in {c.program for c in seen.reading.commands}


def test_a_snapshot_that_changes_is_read_again(agent):
    line = agent.line("ls", agent.snapshot("1"))
    assert agent.gate.consider(line, agent.world)[1].verdict is Verdict.ALLOW
    agent.snapshot("1", STOPS)
    assert agent.gate.consider(line, agent.world)[1].verdict is Verdict.ASK
    agent.snapshot("1", "${STOP:-ls} -h now\n")
    assert agent.gate.consider(line, agent.world)[1].verdict is Verdict.ALLOW
    stopping = line.but(env=line.env | {"STOP": "shutdown"})
    assert agent.gate.consider(stopping, agent.world)[1].verdict is Verdict.ASK


@pytest.mark.parametrize("line", [". ./lib.sh; stop", "source lib.sh && cd / && stop", "BASH_ENV"])
def test_what_a_sourced_file_defines_is_known(agent, line):
    (agent.home / "work/lib.sh").write_text("stop () \n{ \n    sudo shutdown -h now\n}\n")
    env = {"HOME": str(agent.home), "PATH": "/usr/bin:/bin"}
    if line == "BASH_ENV":
        env, line = env | {"BASH_ENV": "$HOME/work/lib.sh"}, "stop"
    asked = CommandLine(line, str(agent.home / "work"), env)
    assert agent.gate.consider(asked, agent.world)[1].verdict is Verdict.ASK
    harmless = asked.but(text=line.replace("stop", "ls"))
    assert agent.gate.consider(harmless, agent.world)[1].verdict is Verdict.ALLOW


# -- recorded ----------------------------------------------------------------------------------------


@pytest.fixture
def recorded(agent, tmp_path):
    path = str(tmp_path / "state/audit.db")
    log = SqliteLog(path)

    def record(line: CommandLine, decision: Decision | None = None) -> int:
        seen, decided = agent.gate.consider(line, agent.world)
        return log.begin(line, ASKER, seen, decision or decided, "d1")

    record.path, record.log = path, log
    return record


def rows(path: str, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as db:
        return db.execute(sql).fetchall()


def test_both_texts_are_recorded_and_the_hmac_is_of_the_command(agent, recorded):
    line = agent.line("echo 'a b'", agent.snapshot("1"))
    recorded(line)
    recorded(line.but(text="echo 'a b'"))
    (wrapped, plain) = rows(
        recorded.path,
        "SELECT command_line, inner_command, wrapping, internal, command_hmac FROM record",
    )
    assert wrapped[:4] == (line.text, "echo 'a b'", "claude-code", 0)
    assert plain[:4] == ("echo 'a b'", None, None, 0)
    assert wrapped[4] == plain[4]


def test_a_secret_is_taken_out_of_both_texts(agent, recorded):
    command = (
        "curl -u 'me:hunter two' 'https://api.example/x' -H 'Authorization: Bearer abcDEF123456'"
    )
    recorded(agent.line(command, agent.snapshot("1")))
    ((raw, inner),) = rows(recorded.path, "SELECT command_line, inner_command FROM record")
    for text in (raw, inner):
        assert "hunter" not in text
        assert "abcDEF123456" not in text
        assert "api.example" in text
    assert raw.startswith("source ")


def test_an_errand_is_recorded_with_its_mark_and_hidden(agent, recorded):
    recorded(agent.line("ls", agent.snapshot("1")))
    recorded(CommandLine("env", "/", {"HOME": "/h"}))
    recorded(CommandLine("env", "/", {"HOME": "/h"}), Decision(Verdict.ASK, ()))
    reader = AuditReader(recorded.path)
    assert [row["internal"] for row in reader.history(Filter())] == [1, 1, 0]
    assert [row["record"] for row in reader.history(Filter(internal=False))] == [3, 1]


def gatesh(agent: Agent, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        env=CHILD_ENV | {"GATESH_HOME": str(agent.home / "state")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == "", done
    return done.stdout


def test_history_shows_the_command_and_show_both(agent, recorded):
    line = agent.line("echo 'a  b' # x", agent.snapshot("1"))
    recorded(line)
    recorded(CommandLine("env", "/", {"HOME": "/h"}))
    listed = gatesh(agent, "history")
    assert "echo 'a  b' # x" in listed
    assert "pwd -P" not in listed
    assert "env" not in listed
    assert len(gatesh(agent, "history", "--internal").splitlines()) == 3
    assert gatesh(agent, "history", "pwd -P") == ""
    (row,) = json.loads(gatesh(agent, "history", "--json"))
    assert (row["command_line"], row["inner_command"]) == (line.text, "echo 'a  b' # x")
    assert (row["wrapping"], row["internal"]) == ("claude-code", 0)
    page = gatesh(agent, "show", "1")
    assert page.index("    echo 'a  b' # x") < page.index("of claude-code") < page.index("pwd -P")
    assert "internal: the agent's own" in gatesh(agent, "show", "2")


def test_check_shows_the_command(agent):
    line = agent.line("shutdown -h 'now'", agent.snapshot("1"))
    found = json.loads(gatesh(agent, "check", "--json", line.text))
    assert (found["command"], found["inner"]) == (line.text, "shutdown -h 'now'")
    assert (found["wrapping"], found["internal"]) == ("claude-code", False)
    said = gatesh(agent, "check", line.text)
    assert said.startswith("ask: shutdown -h 'now'\n  taken out of the wrapping of claude-code\n")
    assert "internal" in gatesh(agent, "check", "env")


def test_a_log_from_before_wrappings_is_read_and_then_brought_up(agent, recorded):
    recorded(CommandLine("ls", "/", {"HOME": "/h"}))
    recorded.log.close()
    with sqlite3.connect(recorded.path) as db:
        for column in ("inner_command", "inner_redactions", "wrapping", "internal"):
            db.execute(f"ALTER TABLE record DROP COLUMN {column}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0004-wrappings'")
        db.execute("PRAGMA user_version=1")
    assert [row["command_line"] for row in AuditReader(recorded.path).history(Filter())] == ["ls"]
    assert gatesh(agent, "history").endswith(" ls\n")
    SqliteLog(recorded.path).close()
    assert rows(recorded.path, "SELECT internal FROM record") == [(0,)]
