"""What ten times the rules cost: time per decision on agent lines, and the load of the compiled rules.

Nine rules are generated for each shipped one, about the same programs, hosts, statements, paths or readings, so that
they look at every fact that the shipped one looks at; none of them fits. They stand in a user's pattern folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.model import CommandLine, Door
from gatesh.places import places_below
from gatesh.rules.match import EVERYTHING, keys_of
from gatesh.rules.rule import LinePattern
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import gate_for_check, load_rules
from tests.installed import SHARED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatesh.gate import Gate
    from gatesh.rules.rule import Rule

TIMES = 10
ROUNDS = 5
_LOAD = """
import sys, time
from gatesh.places import places_below
from gatesh.rules.load import load
places = places_below(sys.argv[1])
began = time.perf_counter()
rules = load(places)
print((time.perf_counter() - began) * 1e3)
"""


def generated(rule: Rule, copy: int) -> str | None:
    """Return a rule that looks where `rule` looks; None for what a line is as a whole."""
    heads = sorted(key.split(" ", 1)[1] for key in keys_of(rule))
    name = f"other-{rule.id}-{copy}"
    every = EVERYTHING if EVERYTHING in heads else _either(heads)
    patterns = {
        "cli": f"{every} {name} {{--wipe,-w}}",
        "http": f"{{DELETE,POST,PUT}} {every}/{name}/**",
        "graphql": f"mutation {name}* @ {every}",
        "sql": every,
        "file": f"{every} /{name}/** {{losable,unknown}}",
        "line": _about_the_reading(rule, name),
    }
    if not patterns[rule.notation]:
        return None
    when = f"when = \"'{name}' in tables\"\n" if rule.notation == "sql" else ""
    return (
        f"[{rule.id}-{copy}]\n{rule.notation} = {json.dumps(patterns[rule.notation])}\n{when}"
        f'severity = "high"\nclass = "data-destroy"\nsay = "deletes {name}"\ninstead = "leave it"\n'
        f'catches = ["true {name}", "false {name}"]\npasses = ["true", "false"]\n\n'
    )


def _about_the_reading(rule: Rule, name: str) -> str:
    pattern = rule.patterns[0]
    if not isinstance(pattern, LinePattern):
        return ""
    if pattern.about == "assign":
        return f"assign {name.replace('-', '_')}"
    literals = sorted(pattern.words.literals)
    program = _either(literals) if literals and not pattern.words.globs else EVERYTHING
    return f"names {program} /{name}/**" if pattern.about == "names" else ""


def _either(words: list[str]) -> str:
    return "{" + ",".join(words) + "}" if len(words) > 1 else words[0]


def ten_times(folder: str, shipped: Sequence[Rule]) -> int:
    """Write the generated rules into a user's pattern folder; return how many."""
    patterns = Path(folder, "patterns")
    patterns.mkdir(mode=0o700)
    texts = [
        text for rule in shipped for copy in range(1, TIMES) if (text := generated(rule, copy))
    ]
    for at in range(0, len(texts), 200):
        file = patterns / f"generated-{at}.toml"
        file.write_text("".join(texts[at : at + 200]))
        file.chmod(0o600)
    return len(texts)


def load_ms(folder: str) -> float:
    """Return the shortest time to load the compiled rules in a new process; the first compiles them."""
    argv = [sys.executable, "-I", "-c", _LOAD, folder]
    runs = [
        float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
        for _ in range(ROUNDS + 1)
    ]
    return min(runs[1:])


def decided(gate: Gate, world: World, lines: list[str]) -> list[float]:
    """Return the microseconds of each line's decision."""
    env = {"HOME": "/home/me", "PATH": "/usr/bin:/bin"}
    took = []
    for line in lines:
        began = time.perf_counter()
        with contextlib.suppress(InputError):
            gate.consider(CommandLine(line, "/home/me/project", env, Door.CHECK), world)
        took.append((time.perf_counter() - began) * 1e6)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--notation", help="generate rules of this notation only: cli, http, file …"
    )
    parser.add_argument(
        "--named", action="store_true", help="generate none about every program or host"
    )
    options = parser.parse_args()
    path = SHARED / "corpora" / "agent_commands.jsonl"
    if not path.exists():
        print(f"skipped: no corpora at {SHARED}; GATESH_SHARED names another folder")
        return
    lines = [json.loads(raw)["command"] for raw in path.read_text().splitlines()][::6]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        gates = {"shipped": gate_for_check(places_below(one))}
        shipped = load_rules(places_below(one)).rules
        chosen = [
            rule for rule in shipped
            if options.notation in {None, rule.notation}
            and not (options.named and any(key.endswith(EVERYTHING) for key in keys_of(rule)))
        ]  # fmt: skip
        count = ten_times(many, chosen)
        began = time.perf_counter()
        gates["ten times"] = gate_for_check(places_below(many))
        compiled = (time.perf_counter() - began) * 1e3
        loads = {"shipped": load_ms(one), "ten times": load_ms(many)}
        took: dict[str, list[list[float]]] = {"shipped": [], "ten times": []}
        for at in range(ROUNDS):  # interleaved: the machine's other work hits both
            for name, (gate, found) in list(gates.items())[:: 1 if at % 2 else -1]:
                world = World(OsFiles(), GitProbe(), "/home/me", found.grammars)
                took[name].append(decided(gate, world, lines))
    print(
        f"{len(shipped)} shipped rules, {count} generated; {len(lines)} agent lines, {ROUNDS} rounds"
    )
    best = {
        name: [min(runs) for runs in zip(*rounds, strict=True)] for name, rounds in took.items()
    }
    for name, runs in best.items():
        p99 = statistics.quantiles(runs, n=100)[-1]
        print(
            f"{name:10} decision median {statistics.median(runs):6.0f} µs, mean {statistics.mean(runs):6.0f} µs, "
            f"p99 {p99 / 1e3:5.1f} ms; compiled rules load in {loads[name]:5.1f} ms"
        )
    median = statistics.median(best["ten times"]) / statistics.median(best["shipped"])
    mean = statistics.mean(best["ten times"]) / statistics.mean(best["shipped"])
    print(
        f"ratio      median {median:.2f}, mean {mean:.2f}   target ≤ 1.2, load ≤ 15 ms (compiling takes {compiled:.0f} ms, once)"
    )


if __name__ == "__main__":
    main()
