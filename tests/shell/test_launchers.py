"""Programs that run another one: what they run is seen, and what only looks like it is not."""

from __future__ import annotations

import tomllib

import pytest

from tests.shell.cases import DATA, reading

TABLE = tomllib.loads((DATA / "launched.toml").read_text())


@pytest.mark.parametrize("line", TABLE["runs"])
def test_what_a_program_starts_is_seen(line):
    found = [[w.text for w in c.words] for c in reading(line).commands if c.program == "zap"]
    assert ["zap", "q"] in found


@pytest.mark.parametrize("line", TABLE["mentions"])
def test_what_is_only_mentioned_is_not_taken_for_a_command(line):
    assert not [c for c in reading(line).commands if c.program == "zap"]
