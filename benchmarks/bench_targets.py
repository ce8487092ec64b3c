"""What it costs to know where every command of a line goes, and what that is called: agents' lines.

Without a scope a line that no rule speaks of pays none of it. Then what it costs a held line to find where its
token is from, in a project of many files.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gatesh.errors import InputError
from gatesh.facts import World, inspect_all
from gatesh.facts.targets import Targets
from gatesh.model import CommandLine, Door
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.scope.labels import parse
from gatesh.secrets.origin import origins
from gatesh.shell.read import read
from gatesh.wiring import gate_for_check, open_log
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


FILES, ROUNDS = 2000, 30
TOKEN = "made-up-7512b6b6-eeef-444a-bfb6-ab3a55fade2f"


def held() -> None:
    """Print what a held line pays to have its token traced, beside its decision."""
    with tempfile.TemporaryDirectory() as name:
        folder, places = Path(name, "project"), places_below(name)
        for number in range(FILES):
            file = folder / f"part{number % 50}" / f"f{number}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("value = 1\n" * 100)
        (folder / "part7/domains.env").write_text(f"RAILWAY_TOKEN={TOKEN}\n")
        gate, world = gate_for_check(places)
        log = open_log(places)
        body = '{"query":"mutation{volumeDelete(volumeId:1)}"}'
        url = "https://backboard.railway.app/graphql/v2"
        text = f"curl -H 'Authorization: Bearer {TOKEN}' {url} -d '{body}'"
        line = CommandLine(text, str(folder), {"HOME": name, "PATH": "/usr/bin:/bin"}, Door.CHECK)
        decided, traced, found = [], [], ()
        for _ in range(ROUNDS):
            began = time.perf_counter()
            seen, decision = gate.consider(line, world)
            middle = time.perf_counter()
            found = origins(seen, decision, line, world, log.past("s"), log.mac)
            decided.append((middle - began) * 1e3)
            traced.append((time.perf_counter() - middle) * 1e3)
        where = "traced to its file" if "domains.env" in repr(found) else "not found"
        print(
            f"a held line with a token in one of {FILES} files ({where}): decided {statistics.median(decided):.1f} ms, "
            f"origin {statistics.median(traced):.1f} ms more, at most {max(traced):.1f} ms"
        )
        log.close()


def main() -> None:
    held()
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
