"""What real agents sent, and what was written to get by: both are kept outside the project."""

from __future__ import annotations

import json
import subprocess

from gatesh.model import CommandLine, Parsed
from gatesh.shell.read import read
from tests.conftest import GATESH
from tests.shell.bash import Bash
from tests.shell.verdicts import RULE


def test_nearly_all_that_agents_send_is_read(shared):
    lines = (shared / "corpora" / "agent_commands.jsonl").read_text().splitlines()
    commands = [json.loads(line)["command"] for line in lines]
    parsed = sum(isinstance(read(CommandLine(c, "/w", {"HOME": "/h"})), Parsed) for c in commands)
    assert parsed / len(commands) > 0.995


def test_every_command_that_hides_from_parsers_is_held(shared, env, place, tmp_path):
    """An ordinary rule is on what the lines run; what bash does not run today is held too, or harmless."""
    (place / "patterns").mkdir()
    (place / "patterns" / "zap.toml").write_text(RULE)
    cases = (shared / "corpora" / "bypass_cases.jsonl").read_text()
    done = subprocess.run(
        [GATESH, "check", "--jsonl"], input=cases, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    said = [json.loads(line) for line in done.stdout.splitlines()]
    bash = Bash(tmp_path)

    def runs(case):
        return case["executed_by_bash_5.2.15_stdin"] or bool(
            bash.calls(case["command"].replace("\0", ""))
        )

    let_by = [
        case["name"]
        for case, answer in zip(map(json.loads, cases.splitlines()), said, strict=True)
        if answer["verdict"] == "allow" and runs(case)
    ]
    assert let_by == []


def test_the_rule_itself_says_yes_to_what_is_harmless(env, place, tmp_path):
    (place / "patterns").mkdir()
    (place / "patterns" / "zap.toml").write_text(RULE)
    lines = "".join(json.dumps({"command": c}) + "\n" for c in ("zap x", "echo 'zap x'", "ls"))
    done = subprocess.run(
        [GATESH, "check", "--jsonl"], input=lines, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    said = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
    assert said == ["ask", "allow", "allow"]
