"""An allowed command behaves as under bash: the same table under both."""

from __future__ import annotations

import os
import signal
import time
import tomllib
from pathlib import Path

import pytest

from tests.agent import Agent, Result
from tests.installed import GATESH

CASES = tomllib.loads((Path(__file__).parents[1] / "data/transparency.toml").read_text())["case"]


def _under(agent: Agent, shell: str, case: dict) -> Result:
    line = case["line"].replace("@long@", "echo " + "x" * 30_000)
    argv = [shell, "-c", line, *case.get("arguments", [])]
    stdin = case["stdin"].encode() if "stdin" in case else None
    pid = agent.start(*argv, stdin=stdin, **case.get("env", {}))
    group = case.get("group", False)
    if "signal" in case:
        agent.see(pid, b"ready\n")
        agent.signal(pid, getattr(signal, f"SIG{case['signal']}"), group=group)
    if case.get("stops"):
        until = time.monotonic() + 20
        while _state(pid) != "T":
            assert time.monotonic() < until, f"{shell} never stopped"
            time.sleep(0.01)
        agent.signal(pid, signal.SIGCONT, group=group)
    return agent.wait(pid)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("mode", ["alone", "keeper"])
@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_gatesh_behaves_as_bash(
    case: dict, mode: str, agent: Agent, request: pytest.FixtureRequest, work: Path
) -> None:
    if mode == "keeper":
        agent = request.getfixturevalue("kept_agent")
    expected = _under(agent, "bash", case)
    time.sleep(0.4 if "outlives" in case["name"] else 0)
    before = sorted(os.listdir(work))
    for name in before:
        (work / name).unlink()

    actual = _under(agent, GATESH, case)

    time.sleep(0.4 if "outlives" in case["name"] else 0)
    assert actual == expected
    assert sorted(os.listdir(work)) == before
