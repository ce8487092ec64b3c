"""Real agents that `gatesh setup` has set up, by their shell or by a hook, without `gatesh run`."""

from __future__ import annotations

import subprocess

import pytest

from tests.agents.real import TABLE
from tests.agents.story import history
from tests.installed import GATESH

SET_UP = {name: row["door"] for name, row in TABLE.items() if "door" in row}


@pytest.mark.slow
@pytest.mark.parametrize("name", SET_UP)
def test_what_destroys_does_not_happen(name, env, story, tmp_path):
    told = story(name)
    real, door = told.real, SET_UP[name]
    if door == "SHELL":  # no setting names it
        real.env["SHELL"] = GATESH
    elif door == "PATH":  # it takes the first bash there
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/bash").symlink_to(GATESH)
        real.env["PATH"] = f"{tmp_path}/bin:{real.env['PATH']}"
    else:
        real.set_up = True
    told.play()
    if real.row.get("denied_once"):  # a hook's no ends the whole run
        assert "harmless-42" in told.told[0], told.said
        assert [row["outcome"] for row in history(env)].count("refused") == 1
    else:
        told.the_model_knows()
        told.all_is_recorded(env, {"hook": "hook", "PATH": "stdin"}.get(door, "line"))
    told.nothing_is_lost()


def test_an_agent_is_as_it_was_when_it_is_undone(env, story):
    told = story("opencode")
    for undo in ((), ("--undo",)):
        subprocess.run([GATESH, "setup", "opencode", "--yes", *undo], env=env, check=True)
    told.commands = told.commands[:2]
    told.play()
    assert len(told.told) == 2, told.said
    assert not (told.real.work.parent / "gatesh/audit.db").exists()
