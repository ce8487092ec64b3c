"""Decision time per line, and which harmless agent lines would be asked about, counted per rule.

Two worlds: the machine as it is (most paths of the corpus do not exist here, so nothing is lost), and the
worst case, where every path that a line names exists and nobody could bring it back.
"""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import CommandLine, Door, Extent, Unparsed, Verdict
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import gate_for_check, load_rules
from tests.installed import SHARED


class Here(OsFiles):
    """The machine as it is."""

    line = ""


class EverythingNamedExists(OsFiles):
    """Every path the line names is there: a file or, without a suffix, a folder."""

    line = ""

    def _named(self, path: str) -> bool:
        return path.rstrip("/").rsplit("/", 1)[-1] in self.line

    def kind(self, path: str) -> str:
        found = super().kind(path)
        if found != "missing" or not self._named(path):
            return found
        return "file" if "." in path.rsplit("/", 1)[-1] else "directory"

    def size(self, path: str) -> int:
        return super().size(path) or (1000 if self._named(path) else 0)


class NothingRecoverable(GitProbe):
    """Git knows nothing, except below folders with a build folder's name."""

    def git_extent(self, path: str) -> Extent:
        del path
        return Extent.LOSABLE

    def git_extents(self, paths: tuple[str, ...]) -> tuple[Extent, ...]:
        return tuple(map(self.git_extent, paths))

    def git_edits(self, path: str) -> Extent:
        return self.git_extent(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="agent_commands.jsonl")
    parser.add_argument("--show", type=int, default=0, help="print this many of the asked lines")
    options = parser.parse_args()
    path = SHARED / "corpora" / options.corpus
    if not path.exists():
        print(f"skipped: no corpora at {SHARED}; GATESH_SHARED names another folder")
        return
    lines = [json.loads(raw)["command"] for raw in path.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        places = places_below(folder)
        gate, found = gate_for_check(places)
        as_is = World(Here(), found.probe, found.home, found.grammars)
        worst = World(
            EverythingNamedExists(),
            NothingRecoverable(),
            places.user_home,
            load_rules(places).grammars,
        )
        for name, world in (("as it is", as_is), ("worst case", worst)):
            report(name, gate, world, lines, options.show)


def report(name: str, gate: Gate, world: World, lines: list[str], show: int) -> None:
    took, rules, asked, unparsed = [], collections.Counter(), [], 0
    env = {"HOME": "/home/me", "PATH": "/usr/bin:/bin"}
    for line in lines:
        began = time.perf_counter()
        world.files.line = line
        try:
            seen, decision = gate.consider(
                CommandLine(line, "/home/me/project", env, Door.CHECK), world
            )
        except InputError:
            continue
        took.append((time.perf_counter() - began) * 1e6)
        unparsed += isinstance(seen.reading, Unparsed)
        if decision.verdict is not Verdict.ALLOW:
            asked.append((decision.matches[0].rule, line))
            rules.update({decision.matches[0].rule})
    share = 100 * len(asked) / len(lines)
    print(
        f"{name}: {len(lines)} lines, asked about {len(asked)} = {share:.2f} %, unparsed {unparsed}"
    )
    print(
        f"  decision: median {statistics.median(took):.0f} µs, p99 {statistics.quantiles(took, n=100)[-1]:.0f} µs, worst {max(took) / 1e3:.1f} ms"
    )
    for rule, count in rules.most_common():
        print(f"  {count:5}  {rule}")
    for rule, line in asked[:: max(1, len(asked) // show)] if show else ():
        print(f"    [{rule}] {line[:160]!r}")


if __name__ == "__main__":
    main()
