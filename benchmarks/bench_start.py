"""Added time of `gatesh -c LINE` over `bash -c LINE`, interleaved in one run: alone, and with a keeper.

Agent lines are not executed: `exit 0` is put on a line of its own in front of each, so that gatesh reads
and decides on the whole text and bash leaves before the rest of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.agent import Agent
from tests.installed import GATESH, SHARED
from tests.person import Person

ROUNDS = 40


def agent_lines(count: int) -> list[str]:
    """Lines spread evenly over the corpus."""
    path = SHARED / "corpora/agent_commands.jsonl"
    if not path.exists():
        print(f"skipped: no corpora at {SHARED}; GATESH_SHARED names another folder")
        return []
    lines = [json.loads(raw)["command"] for raw in path.read_text().splitlines()]
    step = len(lines) // count
    return ["exit 0\n" + line for line in lines[::step][:count]]


def timed(agent: Agent, shell: str, line: str) -> tuple[float, int]:
    """Milliseconds as the agent's own process sees them, and the exit status."""
    value = agent.call(do="time", argv=[shell, "-c", line])
    return value["ms"], value["exit"]


def compare(agent: Agent, label: str, lines: list[str], rounds: int) -> None:
    """Print the median of both and of their differences, pair by pair."""
    bash, gatesh, refused = [], [], 0
    for _ in range(rounds):
        for line in lines:
            slow, status = timed(agent, GATESH, line)
            fast, _ = timed(agent, "/bin/bash", line)
            refused += status == 126
            bash.append(fast)
            gatesh.append(slow)
    added = [g - b for g, b in zip(gatesh, bash, strict=True)]
    p90 = statistics.quantiles(added, n=10)[-1]
    print(
        f"{label:34} bash {statistics.median(bash):6.2f} ms  gatesh {statistics.median(gatesh):6.2f} ms  "
        f"added {statistics.median(added):6.2f} ms (p90 {p90:.2f}, n {len(added)}, refused {refused})"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place, work = Path(folder, "gatesh"), Path(folder, "work")
        place.mkdir(mode=0o700)
        work.mkdir()
        env = {
            "HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GATESH_HOME": str(place)
        }  # fmt: skip
        lines = agent_lines(200)
        with Agent(env, str(work)) as agent:
            compare(agent, "alone: true", ["true"], ROUNDS)
            if lines:
                compare(agent, "alone: 200 agent lines", lines, 1)
        with Person(env, str(work)), Agent(env, str(work)) as agent:
            compare(agent, "keeper: true", ["true"], ROUNDS)
            if lines:
                compare(agent, "keeper: 200 agent lines", lines, 1)
        floor = [timed_python() for _ in range(ROUNDS)]
        print(f"{'floor: python -I -S -c pass':34} {statistics.median(floor):.2f} ms")


def timed_python() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return (time.perf_counter() - started) * 1e3


if __name__ == "__main__":
    main()
