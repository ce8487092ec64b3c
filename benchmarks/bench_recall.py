"""How much of a catalogue of destructive operations is held, in the spellings agents use, and what is held without need.

Each entry of the catalogue becomes the command line that a person would type, and a generator varies it. A fifth of
the entries, chosen by hash, is held out: rules are not written from them, and they are counted apart.
"""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.recall import aws, cli, http, incidents, railway, sql
from benchmarks.recall.case import distinct
from benchmarks.recall.scene import Scene
from tests.installed import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.recall.case import Case

CATALOGUE = SHARED / "catalogue"
SOURCES = {
    "aws": (aws.cases, "aws_operations.json"),
    "cli": (cli.cases, "cli_operations.json"),
    "http": (http.cases, "http_endpoints.json"),
    "railway": (railway.cases, "railway_mutations.json"),
    "sql": (sql.cases, "sql.json"),
    "incidents": (incidents.cases, "incidents.json"),
}
# Per cent of the lines: at least so many held, at most so many of the look-alikes.
HELD = {"aws": 97, "cli": 97, "http": 97, "railway": 100, "sql": 100, "incidents": 100}
FALSE = {"aws": 2, "cli": 2, "http": 2, "railway": 0, "sql": 0}


def all_cases(source: str) -> Iterator[Case]:
    """Yield the cases of one source, each line once."""
    make, name = SOURCES[source]
    return distinct(make(json.loads((CATALOGUE / name).read_text())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=", ".join(SOURCES))
    parser.add_argument(
        "--misses", metavar="SOURCE", help="list what is not held, and what is without need"
    )
    parser.add_argument("--severity", help="of the misses, those of this severity only")
    parser.add_argument("--group", help="of the misses, those of this class or provider only")
    parser.add_argument(
        "--spelling", help="of the misses, those in this spelling only; plain is the first"
    )
    parser.add_argument(
        "--held-out", action="store_true", help="list the held-out fifth instead of the rest"
    )
    parser.add_argument(
        "--lines", metavar="SOURCE", help="print a sample of the lines, and decide nothing"
    )
    parser.add_argument(
        "--plain", action="store_true", help="decide the plain lines only: much faster"
    )
    options = parser.parse_args()
    if not CATALOGUE.exists():
        print(f"skipped: no catalogue at {SHARED}; GATESH_SHARED names another folder")
        return
    if options.lines:
        cases = list(all_cases(options.lines))
        for case in cases[:: max(1, len(cases) // 60)]:
            show(case)
        return
    scene = Scene()
    if options.misses:
        list_misses(scene, options)
        return
    print(f"{'':10} {'':14} {'':10} {'plain':>16} {'varied':>18}   target")
    for source in options.sources or SOURCES:
        report(scene, source, plain_only=options.plain)
    took = [one * 1e6 for one in scene.took]
    print(
        f"decision: median {statistics.median(took):.0f} µs, worst {max(took) / 1e3:.0f} ms, {len(took)} lines"
    )


def report(scene: Scene, source: str, *, plain_only: bool = False) -> None:
    """Print one source's rows: what was held of the plain lines and of the others."""
    rows: dict[tuple[str, str], collections.Counter[str]] = collections.defaultdict(
        collections.Counter
    )
    for case in all_cases(source):
        if plain_only and case.spelling != "plain":
            continue
        part = "held out" if case.held_out else ""
        kind = "plain" if case.spelling == "plain" else "varied"
        count = rows[case.rated, part]
        count[kind] += 1
        count[f"{kind} held"] += bool(scene.held(case))
    order = ["critical+high", "medium", "low", "unrated", "look-alike"]
    for rated, part in sorted(rows, key=lambda row: (order.index(row[0]), row[1])):
        count = rows[rated, part]
        target = f"≥ {HELD[source]} %" if rated == "critical+high" else ""
        target = f"≤ {FALSE[source]} %" if rated == "look-alike" and source in FALSE else target
        shares = [share(count[f"{kind} held"], count[kind]) for kind in ("plain", "varied")]
        print(f"{source:10} {rated:14} {part:10} {shares[0]:>16} {shares[1]:>18}   {target}")


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} {100 * part / whole:5.1f} %" if whole else ""


def list_misses(scene: Scene, options: Any) -> None:
    """List what is not held of one source, and which look-alikes are."""
    spelled: dict[str, list[Case]] = collections.defaultdict(list)
    for case in all_cases(options.misses):
        if case.held_out is not options.held_out:
            continue
        if options.severity and case.severity != options.severity:
            continue
        if options.group and case.group != options.group:
            continue
        if options.spelling and case.spelling != options.spelling:
            continue
        rule = scene.held(case)
        if bool(rule) is case.harmless:
            spelled[case.spelling].append(case)
            show(case, rule)
    for name, cases in sorted(spelled.items(), key=lambda one: -len(one[1])):
        print(f"{len(cases):6}  {name}")


def show(case: Case, rule: str = "") -> None:
    """Print a case: what it stands for, its line, and the rule that held a look-alike."""
    what = (
        f"look-alike, held by {rule}" if rule else "look-alike" if case.harmless else case.severity
    )
    print(f"[{what} · {case.group} · {case.entry[:70]} · {case.spelling}]")
    print("    " + case.line.replace("\n", "\n    "))
    for name, content in case.files.items():
        print(f"      {name}: {content[:200]!r}")


if __name__ == "__main__":
    main()
