"""`gatesh hook AGENT`: each agent's own words in, its own words out; never "ask", never an opinion on what may run."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.installed import GATESH
from tests.keeper.human import Human, eventually

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/hooks.toml").read_text())
HARMLESS, REMOVE = "echo 'a b' \"$HOME\"", "rm -rf data"


@pytest.fixture
def data(work):
    subprocess.run(["git", "init", "-q", "."], cwd=work, check=True)
    (work / "data").mkdir()
    (work / "data/notes.txt").write_text("only here\n")
    return work


def call(name: str, command: str, cwd: Path) -> str:
    text = TABLE[name]["call"].replace("@COMMAND@", json.dumps(command))
    return text.replace("@CWD@", str(cwd))


def hook(env, name: str, given: str | bytes) -> subprocess.CompletedProcess:
    given = given.encode() if isinstance(given, str) else given
    done = subprocess.run([GATESH, "hook", name], env=env, input=given, capture_output=True, timeout=30, cwd="/")  # fmt: skip
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def denial(name: str, done: subprocess.CompletedProcess) -> str:
    """The reason of a denial, which is written as this agent wants it, and nothing besides."""
    row = TABLE[name]
    if "status" in row:
        assert (done.returncode, done.stdout) == (row["status"], "")
        return done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    reasons = []

    def same(said: object, wanted: object) -> None:
        if wanted == "REASON":
            reasons.append(said)
        elif isinstance(wanted, dict):
            assert isinstance(said, dict) and said.keys() == wanted.keys()
            for key in wanted:
                same(said[key], wanted[key])
        else:
            assert said == wanted

    same(json.loads(done.stdout), row["denied"])
    assert len(set(reasons)) == 1
    return str(reasons[0])


def history(env) -> list[dict]:
    done = subprocess.run([GATESH, "history", "--json"], env=env, capture_output=True, text=True)
    return json.loads(done.stdout or "[]")[::-1]


@pytest.mark.parametrize("name", TABLE)
def test_what_may_run_is_no_opinion_and_a_record(name, env, data):
    done = hook(env, name, call(name, HARMLESS, data))
    assert (done.returncode, done.stderr) == (0, "")
    assert (json.loads(done.stdout) if done.stdout else None) == TABLE[name].get("yes")
    row = history(env)[-1]
    found = (row["door"], row["verdict"], row["outcome"], row["exit_code"], row["command_line"])
    assert found == ("hook", "allow", "ran", None, HARMLESS)
    if name != "cline":  # which does not say where
        assert row["working_directory"] == str(data)


@pytest.mark.parametrize("name", TABLE)
def test_what_destroys_is_denied_with_its_reason(name, env, data):
    reason = denial(name, hook(env, name, call(name, f"rm -rf {data}/data", data)))
    assert reason.startswith("gatesh: refused [files-tree]: deletes ")
    assert "gatesh: hint: list it first" in reason
    assert "there is no keeper" in reason
    assert "ask" not in json.dumps(TABLE[name].get("denied", {}))
    assert (data / "data/notes.txt").exists()
    (row,) = (row for row in history(env) if row["verdict"] == "ask")
    assert (row["door"], row["outcome"]) == ("hook", "refused")


def test_an_agent_is_known_by_its_program_too(env, data):
    said = [
        json.loads(hook(env, name, call("claude-code", "rm -rf data", data)).stdout)
        for name in ("claude-code", "claude")
    ]
    answers = [one["hookSpecificOutput"]["permissionDecision"] for one in said]
    assert answers == ["deny", "deny"]


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "other" in row])
def test_other_tools_are_none_of_its_business(name, env, work):
    done = hook(env, name, TABLE[name]["other"].replace("@CWD@", str(work)))
    assert (done.returncode, done.stderr) == (0, "")
    assert (json.loads(done.stdout) if done.stdout else None) == TABLE[name].get("yes")
    assert history(env) == []


BROKEN = {
    "nothing": b"",
    "no JSON": b"{",
    "not an object": b"[]",
    "another form": b'{"tool": "Bash"}',
    "no UTF-8": b'{"tool_name": "Bash", "toolName": "bash", "command": "\xff"}',
    "half a character": None,
    "a list": None,
    "a NUL": None,
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("name", TABLE)
def test_what_cannot_be_understood_is_denied(what, name, env, work):
    given = BROKEN[what]
    if given is None:
        command = {"half a character": '"rm \\ud800"', "a list": '["rm", "x"]', "a NUL": '"rm\\u0000x"'}[what]  # fmt: skip
        given = TABLE[name]["call"].replace("@COMMAND@", command).replace("@CWD@", str(work))
    assert denial(name, hook(env, name, given)).startswith("gatesh: error: ")


def test_a_log_that_cannot_be_written_denies(env, data, place):
    (place / "audit.db").mkdir()
    reason = denial("claude-code", hook(env, "claude-code", call("claude-code", "ls", data)))
    assert reason.startswith("gatesh: error: ")


def test_arguments_as_a_json_string_are_read(env, data):
    given = json.loads(call("copilot-cli", f"rm -rf {data}/data", data))
    given["toolArgs"] = json.dumps(given["toolArgs"])
    assert "files-tree" in denial("copilot-cli", hook(env, "copilot-cli", json.dumps(given)))


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        (
            "claude-code",
            {"tool_name": ["Bash"], "tool_input": {"command": "rm -rf data"}},
            "is no text",
        ),
        ("cline", {"commands": "rm -rf data"}, "commands is no list"),
        ("cline", {"commands": {"rm -rf data": 1}}, "commands is no list"),
        ("cline", {"commands": [], "command": "rm -rf data"}, "files-tree"),
        ("cline", {"commands": [{"command": "rm", "args": ["-rf", "data"]}]}, "files-tree"),
    ],
)
def test_another_form_of_a_call_hides_nothing(name, given, says, env, data):
    made = {"tool_call": {"name": "run_commands", "input": given}} if name == "cline" else given
    made["cwd"] = str(data)
    assert says in denial(name, hook(env, name, json.dumps(made)))


@pytest.mark.parametrize(
    ("name", "tool", "given", "says"),
    [
        ("claude-code", "Monitor", {"command": "rm -rf data", "description": "d"}, "files-tree"),
        ("claude-code", "Monitor", {"script": "rm -rf data"}, "not understood"),
        ("claude-code", "Monitor", {"ws": {"url": "wss://x.example"}}, ""),
        ("claude-code", "PowerShell", {"command": "Remove-Item -Recurse -Force data"}, "windows-"),
        ("claude-code", "PowerShell", {"command": "'; rm -rf data; '"}, "refused"),
        ("claude-code", "PowerShell", {"command": "Get-ChildItem"}, ""),
        ("copilot-cli", "write_bash", {"shellId": "0", "input": "rm -rf data{enter}", "delay": 1}, "files-tree"),
        ("copilot-cli", "write_bash", {"shellId": "0", "input": "ls{Enter}rm -rf data{ENTER}"}, "files-tree"),
        ("copilot-cli", "write_bash", {"shellId": "0", "input": "rm{left}{right} -rf data"}, "files-tree"),
        ("copilot-cli", "write_bash", {"shellId": "0", "input": "y{enter}"}, ""),
        ("copilot-cli", "write_bash", {"shellId": "0", "input": "{up}{enter}"}, ""),
        ("copilot-cli", "write_bash", {"shellId": "0", "text": "rm -rf data"}, "not understood"),
    ],
)  # fmt: skip
def test_every_tool_that_runs_a_line_is_seen(name, tool, given, says, env, data):
    words = ("tool_name", "tool_input") if name == "claude-code" else ("toolName", "toolArgs")
    calls = [dict(zip(words, (tool, given), strict=True), cwd=str(data))]
    if name == "copilot-cli":
        calls.append({**calls[0], "toolArgs": json.dumps(given)})
    for one in calls:
        done = hook(env, name, json.dumps(one))
        if says:
            assert re.search(says, denial(name, done))
        else:
            assert (done.returncode, done.stdout) == (0, "")


def test_a_folder_that_the_model_names_counts(env, data):
    given = json.loads(call("gemini-cli", "rm -rf ../../work", Path("/")))
    given["tool_input"]["dir_path"] = str(data / "data")
    assert "refused [files-root]" in denial(
        "gemini-cli", hook(env, "gemini-cli", json.dumps(given))
    )


def test_a_person_answers(env, work):
    with Human(env) as human, Agent(env, str(work)) as agent:
        answers = []
        for answer in ("yes", "no"):
            given = call("claude-code", f"touch hold-{answer}", work)
            pid = agent.start(GATESH, "hook", "claude-code", stdin=given.encode())
            if answer == "yes":
                human.yes("touch hold-yes")
            else:
                human.card("touch hold-no")
                human.type("n not now", "Enter")
            answers.append(agent.wait(pid))
    assert [(done.exit, done.err) for done in answers] == [(0, b"")] * 2
    assert answers[0].out == b""
    assert b"not now" in answers[1].out and b"deny" in answers[1].out
    assert not (work / "hold-yes").exists(), "the agent runs it, nobody else"
    assert [row["answered"] for row in history(env)] == ["approved", "rejected"]


def test_an_agent_that_gives_up_withdraws_the_question(env, work):
    with Human(env) as human, Agent(env, str(work)) as agent:
        given = call("droid", "touch hold-on", work)
        pid = agent.start(GATESH, "hook", "droid", stdin=given.encode())
        human.card("touch hold-on")
        agent.signal(pid, signal.SIGKILL, group=True)
        human.wait_gone("type `")
        (row,) = eventually(lambda: [r for r in history(env) if r["answered"]])
    assert row["answered"] == "withdrawn"


def test_below_a_run_the_programs_are_asked_about_and_not_the_hook(env, data):
    code = (
        "import subprocess, sys\n"
        f"given = {call('claude-code', f'rm -rf {data}/data', data)!r}\n"
        f"done = subprocess.run([{GATESH!r}, 'hook', 'claude-code'], input=given, text=True, capture_output=True)\n"
        "print(repr(done.stdout), done.returncode, flush=True)\n"
        f"print(subprocess.run(['/bin/sh', '-c', 'rm -rf {data}/data']).returncode)\n"
    )
    agent = [
        "python3",
        "-c",
        "import sys; exec(sys.stdin.read())",
    ]  # which nobody can read beforehand
    done = subprocess.run(
        [GATESH, "run", "--", *agent], env=env, input=code, capture_output=True, text=True, timeout=60, cwd=data,
    )  # fmt: skip
    assert done.stdout == "'' 0\n126\n", done
    asked = [row for row in history(env) if row["verdict"] == "ask"]
    assert [row["door"] for row in asked] == ["line"], "one record, one question"
