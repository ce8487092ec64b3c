"""What real agents sent, and what was written to get by: both are kept outside the project."""

from __future__ import annotations

import json

from gatesh.errors import InputError
from gatesh.model import CommandLine, Parsed
from gatesh.shell.read import read


def test_nearly_all_that_agents_send_is_read(shared):
    lines = (shared / "corpora" / "agent_commands.jsonl").read_text().splitlines()
    commands = [json.loads(line)["command"] for line in lines]
    parsed = sum(isinstance(read(CommandLine(c, "/w", {"HOME": "/h"})), Parsed) for c in commands)
    assert parsed / len(commands) > 0.995


def test_every_command_that_hides_from_parsers_is_seen_or_asked_about(shared):
    """Three of the cases are not executed by bash at all; a refused character is an answer too."""
    hidden = []
    for line in (shared / "corpora" / "bypass_cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        try:
            found = read(CommandLine(case["command"], "/w", {"HOME": "/h"}))
        except InputError:
            continue
        seen = any(c.program == case["marker"] for c in found.commands)
        unknown = any(c.words and not c.words[0].known for c in found.commands)
        runs = case["executed_by_bash_5.2.15_stdin"]
        if runs and isinstance(found, Parsed) and not seen and not unknown:
            hidden.append(case["name"])
    assert hidden == []
