"""The second reader: on how many lines two readers see the same commands, when it runs, and what it costs."""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gatesh.errors import InputError
from gatesh.model import CommandLine
from gatesh.run.shfmt import Shfmt
from gatesh.shell.read import read
from gatesh.shell.rough import may_be_misread
from gatesh.shell.scan import source_of
from gatesh.shell.second import confirmed, seen_here, seen_there
from tests.installed import SHARED

CORPORA = ("agent_commands", "nl2bash", "labelled", "redcode_bash", "gtfobins", "atomic_red_team", "cheat", "tldr")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="append", help="name of a corpus; may be repeated")
    parser.add_argument("--most", type=int, default=6000, help="lines of each, evenly spread")
    parser.add_argument("--show", action="store_true", help="print each line that differs")
    options = parser.parse_args()
    for name in options.corpus or CORPORA:
        path = SHARED / "corpora" / f"{name}.jsonl"
        if not path.exists():
            print(f"skipped {name}: no corpora at {SHARED}; GATESH_SHARED names another folder")
            continue
        rows = path.read_text().splitlines()
        rows = rows[:: max(1, -(-len(rows) // options.most))]
        lines = [json.loads(row)["command"] for row in rows]
        compare(name, lines, show=options.show)
        cost(lines)


def compare(name: str, lines: list[str], *, show: bool) -> None:
    """Let both read every line whole, and count where they see the same simple commands."""
    count: collections.Counter[str] = collections.Counter()
    for line in lines:
        (tree,) = Shfmt().trees([line])
        here = seen_here(source_of(line))
        if here is None or isinstance(tree, str):
            kind = "neither" if here is None and isinstance(tree, str) else "one"
        else:
            there = collections.Counter(
                tuple(word.replace("\\", "") for word in words)
                for words, _, _ in seen_there(tree, line)
            )
            kind = "same" if here == there else "more here" if here > there else "more there"
        count[kind] += 1
        if show and kind not in ("same", "neither"):
            print(f"    [{kind}] {line[:200]!r}")
    both = count["same"] + count["more here"] + count["more there"]
    print(
        f"{name}: {len(lines)} lines, both read {both}, the same commands in {count['same']} = "
        f"{100 * count['same'] / both:.2f} %; only gatesh sees some in {count['more here']}, only shfmt in "
        f"{count['more there']}; one cannot read {count['one']}, neither {count['neither']}"
    )


def cost(lines: list[str]) -> None:
    """Read every line as the gate does, and show what the second reader adds."""
    once, extra, asked = [], [], 0
    for line in lines:
        began = time.perf_counter()
        what, texts = CommandLine(line, "/home/me", {"HOME": "/home/me"}), []
        try:
            reading = read(what, texts)
        except InputError:
            continue
        wanted = may_be_misread(reading, texts)
        middle = time.perf_counter()
        once.append((middle - began) * 1e3)
        if wanted:
            before = type(reading)
            reading = confirmed(reading, what, texts, Shfmt(), read)
            took = (time.perf_counter() - middle) * 1e3
            if took > 0.5:  # shfmt was started
                extra.append(took)
            asked += type(reading) is not before
    share = 100 * len(extra) / len(once)
    print(f"  runs on {share:.1f} % of the lines; disagreement on {asked}", end="")
    if len(extra) > 1:
        print(
            f"; reading alone takes {statistics.median(once):.2f} ms, with it "
            f"{statistics.median(extra):.2f} ms more (p99 {statistics.quantiles(extra, n=100)[-1]:.1f}); "
            f"per line on average {sum(extra) / len(once):.2f} ms beside {statistics.mean(once):.2f} ms",
            end="",
        )
    print()


if __name__ == "__main__":
    main()
