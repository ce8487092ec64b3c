"""How much of what is written for shells is read, what of it is asked about and why, and what reading costs.

Corpora: lines parsed, asked about on this machine, and asked about where every path named could be lost
(the two worlds of bench_decide.py); of those asked about, how many a person who read them all would want to be
asked about (asked_labels.jsonl: by a hash, without their text). Labels: other tools' opinions, source by source. Cost: against length and
nesting, beside `bash -n`. `--jsonl FILE` writes the lines asked about with their reasons, to be labelled by hand.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_decide import EverythingNamedExists, Here, NothingRecoverable

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import CommandLine, Door, Unparsed, Verdict
from gatesh.places import places_below
from gatesh.policy import verdict_of
from gatesh.wiring import gate_for_check
from tests.installed import SHARED
from tests.shell.verdicts import RULE

CORPORA = (
    "agent_commands",
    "agent_commands_weak_models",
    "tldr",
    "nl2bash",
    "cheat",
    "redcode_bash",
    "gtfobins",
    "atomic_red_team",
)
HOME = "/home/me"
LENGTHS = (100, 1_000, 4_000, 16_000, 32_000, 100_000)  # characters
SHAPES: dict[str, Callable[[int], str]] = {
    "arguments": lambda n: "make" + " word" * (n // 5),
    "paths to rm": lambda n: "rm" + " word" * (n // 5),
    "quotes": lambda n: "make" + " 'a b'" * (n // 6),
    "expansions": lambda n: "make" + ' "$x"' * (n // 5),
    "substitutions": lambda n: "make" + " $(a)" * (n // 5),
    "one word": lambda n: "make '" + "a" * n + "'",
    "&&": lambda n: "make x" + " && make x" * (n // 10),
    "pipes": lambda n: "cat x" + " | cat x" * (n // 8),
    "newlines": lambda n: "make x\n" * (n // 7),
    "assignments": lambda n: "x=1; " * (n // 5),
    "redirects": lambda n: "make" + " >f" * (n // 3),
    "comments": lambda n: "# comment\n" * (n // 10) + "make",
    "here-document": lambda n: "cat <<'E'\n" + "some text\n" * (n // 10) + "E\n",
    "live here-document": lambda n: "cat <<E\n" + "some $x text\n" * (n // 13) + "E\n",
    "Python": lambda n: "python3 <<'E'\n" + "x = f(1)\n" * (n // 9) + "E\n",
    "curl": lambda n: "curl http://a/b\n" * (n // 16),
    "SQL": lambda n: "psql -c '" + "select 1;" * (n // 9) + "'",
    "scripts": lambda n: "echo a > f; sh f\n" * (n // 17),
}  # fmt: skip
DEPTHS = (1, 5, 10, 25, 50, 51)
NESTINGS: dict[str, tuple[str, str, str]] = {
    "$( )": ("echo $(", "a", ")"),
    '"$( )"': ('echo "$(', "a", ')"'),
    "( )": ("( ", "a", " )"),
    "{ }": ("{ ", "a", "; }"),
    "if": ("if a; then ", "a", "; fi"),
    "for": ("for i in a b; do ", "a", "; done"),
    "while": ("while a; do ", "a", "; done"),
    "case": ("case x in x) ", "a", ";; esac"),
    "function": ("f() { ", "a", "; }"),
    "<( )": ("cat <(", "a", ")"),
    "${:-}": ("${x:-", "a", "}"),
    "$(( ))": ("$((", "1", "))"),
    "eval": ("eval ", "a", ""),
    "prefix": ("nice ", "a", ""),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="append", help="only these")
    parser.add_argument("--jsonl", help="write the lines asked about to this file")
    parser.add_argument("--only", choices=("corpora", "labels", "bypass", "cost"))
    options = parser.parse_args()
    parts = {"corpora": corpora, "labels": labels, "bypass": bypass, "cost": cost}
    if not SHARED.is_dir():
        print(f"no corpora at {SHARED}; GATESH_SHARED names another folder")
        parts = {"cost": cost}
    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            if options.only in (None, name):
                part(Bench(folder), options)


class Bench:
    """A gate with the shipped rules, and one more on `zap`."""

    def __init__(self, folder: str) -> None:
        patterns = Path(folder, "patterns")
        patterns.mkdir(exist_ok=True, mode=0o700)
        (patterns / "zap.toml").write_text(RULE)
        self.gate: Gate
        self.gate, found = gate_for_check(places_below(folder))
        self.here = World(Here(), found.probe, HOME, found.grammars)
        self.worst = World(EverythingNamedExists(), NothingRecoverable(), HOME, found.grammars)

    def rules(self, text: str, world: World) -> tuple[list[str], str]:
        """Return the rules that ask about a line, and why it is not parsed."""
        world.files.line = text
        env = {"HOME": HOME, "PATH": "/usr/bin:/bin"}
        try:
            seen, decision = self.gate.consider(
                CommandLine(text, f"{HOME}/project", env, Door.CHECK), world
            )
        except InputError as error:
            return ["refused"], error.message.split(" at ")[0]
        asking = [m.rule for m in decision.matches if verdict_of(m) is not Verdict.ALLOW]
        return asking, seen.reading.reason if isinstance(seen.reading, Unparsed) else ""


def rows_of(name: str) -> list[dict[str, str]]:
    path = SHARED / "corpora" / f"{name}.jsonl"
    return [json.loads(row) for row in path.read_text().splitlines()] if path.is_file() else []


# -- corpora -------------------------------------------------------------------------------------------


def corpora(bench: Bench, options: argparse.Namespace) -> None:
    """Print a row for each corpus, and below it the rules and what could not be parsed."""
    asked: list[dict[str, Any]] = []
    print(f"{'corpus':28}{'lines':>7}{'parsed':>9}{'asked':>9}{'worst':>9}")
    for name in options.corpus or CORPORA:
        lines = [row["command"] for row in rows_of(name)]
        if not lines:
            continue
        counts: dict[str, collections.Counter[str]] = {}
        shares = []
        for world_name, world in (("asked", bench.here), ("worst", bench.worst)):
            rules = counts[world_name] = collections.Counter()
            unparsed = counts["unparsed"] = collections.Counter()
            for line in lines:
                found, reason = bench.rules(line, world)
                if reason:
                    unparsed[reason] += 1
                if found:
                    rules[found[0]] += 1
                    asked.append(
                        {"corpus": name, "world": world_name, "command": line, "rules": found}
                    )
            shares.append(100 * rules.total() / len(lines))
        parsed = 100 - 100 * counts["unparsed"].total() / len(lines)
        print(f"{name:28}{len(lines):7}{parsed:8.2f}%{shares[0]:8.2f}%{shares[1]:8.2f}%")
        for kind, counted in counts.items():
            told = ", ".join(f"{count} {what}" for what, count in counted.most_common(9))
            print(f"    {kind}: {told}")
        for world_name in ("asked", "worst"):
            justified(name, world_name, [row for row in asked if row["world"] == world_name])
    if options.jsonl:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in asked)
        Path(options.jsonl).write_text(text)


def justified(corpus: str, world: str, asked: list[dict[str, Any]]) -> None:
    """Print how many of a corpus' lines that are asked about were labelled by hand, and how."""
    path = Path(__file__).with_name("asked_labels.jsonl")
    rows = [json.loads(row) for row in path.read_text().splitlines()]
    by_hand = {row["sha256"]: row for row in rows if row["corpus"] == corpus}
    lines = {row["command"] for row in asked if row["corpus"] == corpus}
    found = [row for line in lines if (row := by_hand.get(short_hash(line)))]
    if not found:
        return
    good = sum(row["justified"] for row in found)
    share = f"{good} of {len(found)} justified ({100 * good / len(found):.0f} %)"
    print(f"    {world}, by hand: {share}, {len(lines) - len(found)} without a label")
    needless = collections.Counter(row["reason"] for row in found if not row["justified"])
    for reason, count in needless.most_common():
        print(f"        needless: {count} {reason}")


def short_hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]


def labels(bench: Bench, options: argparse.Namespace) -> None:
    """Print how often gatesh agrees with each source, and what kinds of lines they differ on."""
    del options
    right: collections.Counter[tuple[str, str]] = collections.Counter()
    every: collections.Counter[tuple[str, str]] = collections.Counter()
    differ: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for row in rows_of("labelled"):
        if row.get("conflict") or row["label"] not in ("destructive", "safe"):
            continue
        found, _ = bench.rules(row["command"], bench.worst)
        key = row["source"], row["label"]
        every[key] += 1
        agrees = bool(found) == (row["label"] == "destructive")
        right[key] += agrees
        if not agrees:
            kind = found[0] if found else (row["command"].split() or [""])[0].rsplit("/", 1)[-1]
            differ[row["label"], kind].append(row["command"])
    print("\nlabelled.jsonl: other tools' opinions, where every path named could be lost")
    for source in sorted({source for source, _ in every}):
        for label in ("destructive", "safe"):
            if count := every[source, label]:
                share = 100 * right[source, label] / count
                print(f"    {source:24}{label:12}{count:6}{share:8.1f}% as labelled")
    for label, title in (("destructive", "allowed, by program"), ("safe", "asked about, by rule")):
        kinds = sorted((k for k in differ if k[0] == label), key=lambda k: -len(differ[k]))
        print(f"  labelled {label}, {title}:")
        for key in kinds[:15]:
            print(f"    {len(differ[key]):5} {key[1]:24}{differ[key][0][:80]!r}")


def bypass(bench: Bench, options: argparse.Namespace) -> None:
    """Print how the lines that hide their command are held."""
    del options
    cases = rows_of("bypass_cases")
    held: collections.Counter[str] = collections.Counter()
    for case in cases:
        found, _ = bench.rules(case["command"], bench.here)
        seen = "seen" if "zap" in found else found[0] if found else "let by"
        held[seen if case["executed_by_bash_5.2.15_stdin"] else f"{seen}, not run by bash"] += 1
    told = ", ".join(f"{count} {how}" for how, count in held.most_common())
    print(f"\nbypass_cases.jsonl: {len(cases)} lines: {told}")


# -- cost ----------------------------------------------------------------------------------------------


def cost(bench: Bench, options: argparse.Namespace) -> None:
    """Print what a line costs from reading to verdict, against its length and its nesting."""
    del options

    def decide(text: str) -> None:
        bench.rules(text, bench.here)

    print(
        "\nms from text to verdict, by length; growth is the exponent from 1 kB to 16 kB (1 is linear)"
    )
    print(
        "(over 32 kB outside here-documents, and with very many commands, a line is held as it is)"
    )
    print(f"{'shape':20}" + "".join(f"{n:>9}" for n in LENGTHS) + f"{'growth':>8}{'bash -n':>9}")
    for name, shape in SHAPES.items():
        took = [timed(decide, shape(n)) for n in LENGTHS]
        growth = math.log(took[3] / took[1]) / math.log(LENGTHS[3] / LENGTHS[1])
        baseline = min(syntax(shape(LENGTHS[3])) for _ in range(5))
        print(f"{name:20}" + "".join(f"{t:9.2f}" for t in took) + f"{growth:8.2f}{baseline:9.2f}")
    print("\nms from text to verdict, by nesting")
    print(f"{'construct':20}" + "".join(f"{n:>9}" for n in DEPTHS) + f"{'bash -n':>17}")
    for name, (opening, inner, closing) in NESTINGS.items():
        texts = [opening * n + inner + closing * n for n in DEPTHS]
        texts = [f"echo {t}" if t.startswith("$") else t for t in texts]
        took = [timed(decide, text) for text in texts]
        baseline = min(syntax(texts[-2]) for _ in range(5))
        print(f"{name:20}" + "".join(f"{t:9.2f}" for t in took) + f"{baseline:17.2f}")


def syntax(text: str) -> float:
    """Return the milliseconds that `bash -n` takes, its start included."""
    began = time.perf_counter()
    subprocess.run(["/bin/bash", "-n"], input=text.encode(), stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1e3


def timed(action: Callable[[str], object], text: str) -> float:
    """Return the milliseconds of processor time that an action takes, children included, the least of a few."""
    action(text)
    return min(_took(action, text, 3)) * 1e3


def _took(action: Callable[[str], object], text: str, times: int) -> Iterator[float]:
    for _ in range(times):
        began = sum(os.times()[2:4]) + time.process_time()
        action(text)
        yield sum(os.times()[2:4]) + time.process_time() - began


if __name__ == "__main__":
    main()
