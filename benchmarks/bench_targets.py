"""What it costs to know where every command of a line goes, and what that is called: agents' lines.

Without a scope a line that no rule speaks of pays none of it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gatesh.errors import InputError
from gatesh.facts import World, inspect_all
from gatesh.facts.targets import Targets
from gatesh.model import CommandLine, Door
from gatesh.run.look import GitProbe, OsFiles
from gatesh.scope.labels import parse
from gatesh.shell.read import read
from tests.installed import SHARED

LISTED = "\n".join(
    f"""
    [{label}]
    hosts = {json.dumps([f"*.{label}{n}.example.com" for n in range(40)])}
    databases = ["{label}*"]
    kube-contexts = ["{label}-*"]
    urls = ["https://{label}/*"]
    """
    for label in ("production", "staging", "test")
)


def main() -> None:
    path = SHARED / "corpora" / "agent_commands.jsonl"
    if not path.exists():
        print(f"skipped: no corpora at {SHARED}; GATESH_SHARED names another folder")
        return
    lines = [json.loads(raw)["command"] for raw in path.read_text().splitlines()]
    world = World(OsFiles(), GitProbe(), "/home/me", labels=parse(LISTED, "environments.toml"))
    env = {"HOME": "/home/me", "PATH": "/usr/bin:/bin"}
    took, worst = [], (0.0, "")
    for text in lines:
        line = CommandLine(text, "/home/me/project", env, Door.CHECK)
        try:
            seen = inspect_all(read(line), line, world, read)
        except InputError:
            continue
        began = time.process_time()
        Targets(seen, line, world).facts(everything=True)
        took.append((time.process_time() - began) * 1e6)
        worst = max(worst, (took[-1], text))
    print(
        f"targets and labels of {len(took)} lines: median {statistics.median(took):.0f} µs, "
        f"p95 {statistics.quantiles(took, n=20)[-1]:.0f} µs, "
        f"p99 {statistics.quantiles(took, n=100)[-1]:.0f} µs, worst {worst[0] / 1e3:.1f} ms"
    )
    print(f"  worst: {worst[1][:160]!r}")


if __name__ == "__main__":
    main()
