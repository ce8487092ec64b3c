"""Real agents below `gatesh run`, with nothing else set up: a fake model tells them to destroy, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.agents.real import TABLE
from tests.agents.story import sessions
from tests.installed import GATESH


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_what_destroys_does_not_happen(name, env, story):
    told = story(name)
    told.play(GATESH, "run", "--")
    told.the_model_knows()
    told.nothing_is_lost()
    told.all_is_recorded(env, "exec" if told.real.row.get("on_stdin") else "line")
    (session,) = sessions(env)
    assert (session["agent"], session["agent_version"]) == (
        told.real.row["agent"],
        told.real.version,
    )
    assert session["gate"] == "exec-gate"
