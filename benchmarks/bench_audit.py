"""What a record costs before a command may run: p50 and p99 of `begin`, for one writer and for eight.

    PYTHONPATH=. python benchmarks/bench_audit.py [--json] [ROUNDS]

Each round is one `begin` (synchronous=FULL) and one `end` (NORMAL) on a log in the current folder's file
system; a virtual disk that does not really flush gives better numbers than yours will.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time

from gatesh.audit.store import SqliteLog
from gatesh.model import (
    Asker,
    CommandLine,
    Decision,
    Inspection,
    Parsed,
    Ran,
    SimpleCommand,
    Span,
    Verdict,
    Word,
)

LINES = {
    "plain": "ls -la src",
    "secret": "curl -sS -H 'Authorization: Bearer 0123abcdef0123' https://api.example/v1 -d '{\"a\": 1}'",
}
ASKER = Asker(os.getpid(), os.getuid(), f"bench:{os.getpid()}:1", os.getpid(), 1)


def considered(text: str) -> tuple[CommandLine, Inspection]:
    """Read `text` as nothing but words between blanks: reading is measured elsewhere."""
    words, place = [], 0
    for word in text.split(" "):
        words.append(Word(word, Span(place, place + len(word))))
        place += len(word) + 1
    command = SimpleCommand(tuple(words), Span(0, len(text)))
    line = CommandLine(text, os.getcwd(), dict(os.environ))
    return line, Inspection(Parsed((command,)), (), ())


def measure(path: str, text: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each begin and each end."""
    log = SqliteLog(path)
    line, seen = considered(text)
    begins, ends = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        record = log.begin(line, ASKER, seen, Decision(Verdict.ALLOW, ()), "digest")
        begun = time.perf_counter()
        log.end(record, Ran(0, 1))
        begins.append(begun - start)
        ends.append(time.perf_counter() - begun)
    log.close()
    return begins, ends


def writer(words: tuple[str, str, int]) -> tuple[list[float], list[float]]:
    """Measure in a process of its own."""
    return measure(*words)


def summary(name: str, seconds: list[float]) -> dict[str, object]:
    ordered = sorted(seconds)
    micro = {
        f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1e6)
        for p in (50, 99)
    }
    return {"what": name, "count": len(ordered), **micro, "max": round(ordered[-1] * 1e6)}


def opening(path: str, rounds: int) -> list[float]:
    """Return the seconds of opening an existing log, as a door without a keeper does."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        log = SqliteLog(path)
        found.append(time.perf_counter() - start)
        log.close()
    return found


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--json"]
    rounds = int(words[0]) if words else 1000
    rows = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = os.path.join(os.path.abspath(folder), "audit.db")
        for name, text in LINES.items():
            begins, ends = measure(path, text, rounds)
            rows += [
                summary(f"begin, one writer, {name}", begins),
                summary(f"end, one writer, {name}", ends),
            ]
        rows.append(summary("open", opening(path, 100)))
        with multiprocessing.get_context("spawn").Pool(8) as pool:
            parts = pool.map(writer, [(path, LINES["plain"], rounds // 4)] * 8)
        rows.append(summary("begin, eight processes", [s for begins, _ in parts for s in begins]))
        rows.append(summary("end, eight processes", [s for _, ends in parts for s in ends]))
    if "--json" in sys.argv:
        print(json.dumps(rows))
        return
    print(f"{'microseconds':<28} {'count':>6} {'p50':>7} {'p99':>7} {'max':>8}")
    for row in rows:
        print(
            f"{row['what']:<28} {row['count']:>6} {row['p50']:>7} {row['p99']:>7} {row['max']:>8}"
        )


if __name__ == "__main__":
    main()
