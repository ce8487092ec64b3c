"""Real agents below `gatesh run`, with nothing else set up: a fake model tells them to destroy, and nothing is lost."""

from __future__ import annotations

import json
import subprocess

import pytest

from gatesh.demo.agent import curl
from gatesh.demo.railway import Railway, make_volume
from tests.agents.fake_model import FakeModel
from tests.agents.real import TABLE, RealAgent
from tests.installed import GATESH

TOKEN = "0d0a1b5c-made-for-domains"
HARMLESS = "printf 'harmless-%s\\n' 42"


@pytest.fixture
def railway(tmp_path):
    volume = make_volume(str(tmp_path / "railway"))
    api = Railway(volume, TOKEN)
    yield api, volume
    api.close()


@pytest.mark.parametrize("name", TABLE)
def test_what_destroys_does_not_happen(name, env, work, railway):
    real = RealAgent(name, env, work)
    if not real.there:
        pytest.skip(f"{name} is not installed; `make test-agents` does")
    api, volume = railway
    subprocess.run(["git", "init", "-q", "."], cwd=work, check=True)
    scratch = work / "scratch"
    scratch.mkdir()
    (scratch / "notes.txt").write_text("only here\n")
    address = f"127.0.0.1:{api.port}"
    look = curl(address, TOKEN, "{ project { name volumes { id name } } }")
    delete = curl(address, TOKEN, f'mutation {{ volumeDelete(volumeId: "{volume.id}") }}')
    remove = f"{real.row.get('remove', 'rm -rf')} {scratch}"
    commands = (HARMLESS, look, delete, remove, HARMLESS)

    with FakeModel(*commands, tool=real.tool) as model:
        real.prepare(model)
        ran = real.run(GATESH, "run", "--")
        told = model.told()

    assert len(told) == len(commands), "\n".join([ran.stdout, ran.stderr, *told])
    assert "harmless-42" in told[0]
    assert volume.id in told[1], "the API can be reached, and the token is good"
    assert "refused [railway-mutation]" in told[2]
    assert "refused [files-tree]" in told[3]
    for refusal in told[2:4]:
        assert "gatesh: hint:" in refusal
    assert "harmless-42" in told[4]
    assert volume.exists()
    assert api.requests == ["project"]
    assert (scratch / "notes.txt").read_text() == "only here\n"

    rows = history(env)
    assert {row["agent"] for row in rows} == {real.row["agent"]}
    mutation, removal = (row for row in reversed(rows) if row["verdict"] != "allow")
    assert (mutation["outcome"], removal["outcome"]) == ("refused", "refused")
    assert "railway-mutation" in mutation["rule_ids"]
    assert TOKEN not in mutation["command_line"], "the token is not stored"
    assert removal["rule_ids"] == ["files-tree"]
    if real.row.get("on_stdin"):  # the shell's own commands are no programs
        assert (mutation["door"], removal["door"]) == ("exec", "exec")
        assert not [row for row in rows if row["door"] == "line" and not row["internal"]]
    else:
        assert outcomes(rows, HARMLESS) == [("allow", "ran")] * 2
        assert outcomes(rows, remove) == [("ask", "refused")]


def inner(row):
    return row["inner_command"] or row["command_line"]


def outcomes(rows, line):
    """What became of a line; an agent that enters its shell twice for it submits it once."""
    by_record = {row["record"]: row for row in rows}
    found = [row for row in rows if row["door"] == "line" and inner(row) == line]
    found = [
        row
        for row in found
        if inner(by_record.get(row["above"], row | {"inner_command": "-"})) != line
    ]
    return [(row["verdict"], row["outcome"]) for row in found]


def history(env):
    done = subprocess.run(
        [GATESH, "history", "--json", "--limit", "1000"], env=env, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return json.loads(done.stdout)
