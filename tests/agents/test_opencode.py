"""A real agent with gatesh as its shell: opencode, driven by a fake model, nothing but the loopback reachable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gatesh.demo.agent import curl
from gatesh.demo.railway import Railway, make_volume
from tests.agents.fake_model import FakeModel
from tests.installed import GATESH

OPENCODE = Path(__file__).parents[2] / ".cache/agents/opencode/node_modules/.bin/opencode"
TOKEN = "0d0a1b5c-made-for-domains"
HARMLESS = "echo harmless-$((40 + 2)); exit 3"

pytestmark = pytest.mark.skipif(
    not OPENCODE.exists(), reason="opencode is not installed; `make test` does"
)


@pytest.fixture
def railway(tmp_path):
    volume = make_volume(str(tmp_path / "railway"))
    api = Railway(volume, TOKEN)
    yield api, volume
    api.close()


def run_opencode(env, work, model):
    """Run opencode once in `work`, with a key that no real provider knows and a proxy that nothing answers."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "fake",
        "options": {"baseURL": model.url, "apiKey": "fake"},
        "models": {"m": {"name": "m", "tool_call": True}},
    }
    settings = {
        "provider": {"fake": provider},
        "model": "fake/m",
        "small_model": "fake/m",
        "autoupdate": False,
    }
    (work / "opencode.json").write_text(json.dumps(settings))
    closed = {
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "127.0.0.1,localhost,backboard.railway.app",  # which curl connects to the fake
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    }
    path = f"{env['PATH']}:{os.path.dirname(shutil.which('node') or '')}"
    return subprocess.run(
        [str(OPENCODE), "run", "--model", "fake/m", "do the steps"],
        cwd=work,
        env=env | closed | {"PATH": path, "SHELL": "/bin/bash", "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_opencode_reads_the_refusals_and_goes_on(env, work, railway):
    api, volume = railway
    subprocess.run(["git", "init", "-q", "."], cwd=work, check=True)
    scratch = work / "scratch"
    scratch.mkdir()
    (scratch / "notes.txt").write_text("only here\n")
    subprocess.run([GATESH, "setup", "opencode", "--yes"], env=env, check=True, capture_output=True)
    address = f"127.0.0.1:{api.port}"
    look = curl(address, TOKEN, "{ project { name volumes { id name } } }")
    delete = curl(address, TOKEN, f'mutation {{ volumeDelete(volumeId: "{volume.id}") }}')
    remove = f"rm -rf {scratch}"
    commands = (HARMLESS, look, delete, remove, HARMLESS)

    with FakeModel(*commands) as model:
        ran = run_opencode(env, work, model)
        told = model.told()

    assert len(told) == len(commands), ran.stdout + ran.stderr + json.dumps(told)
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
    by_line = {row["command_line"]: row for row in rows}
    assert [row["agent"] for row in rows if row["command_line"] in (HARMLESS, remove)] == [
        "opencode"
    ] * 3
    assert (by_line[HARMLESS]["verdict"], by_line[HARMLESS]["exit_code"]) == ("allow", 3)
    assert (by_line[remove]["verdict"], by_line[remove]["outcome"]) == ("ask", "refused")
    (mutation,) = (row for row in rows if "volumeDelete" in row["command_line"])
    assert "railway-mutation" in mutation["rule_ids"]
    assert mutation["outcome"] == "refused"
    assert TOKEN not in mutation["command_line"], "the token is not stored"
    assert len({row["session"] for row in rows}) == 1, "one run of the agent is one session"


def history(env):
    printed = subprocess.run(
        [GATESH, "history", "--json"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(printed.stdout)


def test_what_opencode_shows_its_model_is_what_bash_gives(env, work):
    """The same agent, the same command, with gatesh and without it."""
    command = "pwd; echo err >&2; set -o pipefail; false | true; echo $? $#; exit 3"
    told = []
    for undo in ((), ("--undo",)):
        subprocess.run(
            [GATESH, "setup", "opencode", "--yes", *undo], env=env, check=True, capture_output=True
        )
        with FakeModel(command) as model:
            ran = run_opencode(env, work, model)
            assert model.told(), ran.stdout + ran.stderr
            told.append(sorted(model.told()[0].splitlines()))  # stdout and stderr are two pipes
    assert told[0] == told[1]
    assert len(history(env)) == 1, "the first went through gatesh, the second did not"
