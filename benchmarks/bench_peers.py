"""gatesh beside two tools from the registries, on the same lines in the same home: what each stops, and how fast.

cc-safety-net (npm) and nah (PyPI) are installed into .cache/peers, each asked in a process of its own through its
library, in its default configuration and without a language model. "Stopped" is deny or ask, whatever a tool says;
a tool that asks about much catches much, so what it stops of the harmless lines belongs beside it. The labels of the
labelled lines are their sources' own, two of which are the peers' test suites.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_recall import CATALOGUE, all_cases
from benchmarks.peers.tools import TOOLS, NotInstalledError
from benchmarks.recall.case import Case, stable
from tests.installed import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable

# Neither below /tmp nor below a folder that git ignores: what stands there would be taken for throw-away.
HOME = Path(tempfile.mkdtemp(prefix=".gatesh-bench-", dir=Path.home()))
PROJECT = HOME / "project"
CORPORA = SHARED / "corpora"
_CATALOGUE_LINES = {"aws": 60, "cli": 150, "http": 60, "railway": 40, "sql": 40}
_DESTROYS = f"rm -rf {HOME}/work"


def sampled(lines: Iterable[Case], count: int) -> list[Case]:
    """Choose so many, always the same."""
    return sorted(lines, key=lambda one: stable(one.line))[:count]


def groups() -> dict[tuple[str, bool], list[Case]]:
    """Return the lines by what they are and whether they are harmless."""
    found: dict[tuple[str, bool], list[Case]] = {}
    for source, count in _CATALOGUE_LINES.items():
        plain = [case for case in all_cases(source) if case.spelling == "plain"]
        loses = [case for case in plain if case.rated == "critical+high"]
        found[f"catalogue, {source}", False] = sampled(loses, count)
        found.setdefault(("catalogue, look-alikes", True), []).extend(
            sampled((case for case in plain if case.harmless), count // 2)
        )
    found["incidents and rewordings", False] = list(all_cases("incidents"))
    found["hidden from a reader", False] = hidden()
    for label, harmless in (("destructive", False), ("safe", True)):
        lines = (one["command"] for one in _corpus("labelled") if one["label"] == label)
        found[f"labelled {label}", harmless] = sampled(
            (_case(line, harmless=harmless) for line in lines), 400
        )
    agents = (_case(one["command"], harmless=True) for one in _corpus("agent_commands"))
    found["agents' own lines", True] = sampled(agents, 600)
    return found


def _corpus(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (CORPORA / f"{name}.jsonl").read_text().splitlines()]


def _case(line: str, *, harmless: bool) -> Case:
    return Case("peers", line, "", "none" if harmless else "critical", line, harmless=harmless)


def hidden() -> list[Case]:
    """Return the lines in which bash runs what few readers see, where it is a removal that bash really runs.

    Each is tried: a program named rm in front of the PATH notes whether it was called.
    """
    found = []
    for one in _corpus("bypass_cases"):
        line = one["command"].replace(one["marker"], _DESTROYS)
        if _DESTROYS in line and _runs(line):
            found.append(_case(line, harmless=False))
    return found


def _runs(line: str) -> bool:
    programs, called = HOME / "programs", HOME / "called"
    programs.mkdir(exist_ok=True)
    called.unlink(missing_ok=True)
    (programs / "rm").write_text(f'#!/bin/sh\necho "$*" >> {called}\n')
    (programs / "rm").chmod(0o755)
    env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(HOME)}
    with_time = ["timeout", "-k", "1", "3", "bash"]
    subprocess.run(with_time, input=line + "\n", text=True, capture_output=True, cwd=programs, env=env, check=False)  # fmt: skip
    return called.exists() and f"{HOME}/work" in called.read_text()


def furnish() -> None:
    """Make a home with a project under git, some of it not committed."""
    (PROJECT / "src").mkdir(parents=True)
    (PROJECT / "data").mkdir()
    (HOME / "work").mkdir()
    (HOME / "work" / "thesis.md").write_text("content\n")
    for name in ("README.md", "src/app.py", "data/ledger.csv", "app.log", "data.sqlite", "app.db"):
        (PROJECT / name).write_text("content\n")
    who = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
    for words in (["init", "-q"], ["add", "README.md", "src"], [*who, "commit", "-qm", "begin"]):
        subprocess.run(["git", "-C", str(PROJECT), *words], check=True)
    (PROJECT / "src" / "app.py").write_text("changed\n")


def folder_of(case: Case) -> str:
    """Return the folder to decide the case in: with its files, where it has some."""
    if not case.files:
        return str(PROJECT)
    folder = PROJECT / f"case-{stable(case.line) % 10**8}"
    folder.mkdir(exist_ok=True)
    for name, content in case.files.items():
        (folder / name).write_text(content)
    return str(folder)


def main() -> None:
    if not CATALOGUE.exists():
        print(f"skipped: no catalogue at {SHARED}; GATESH_SHARED names another folder")
        return
    furnish()
    found = groups()
    flat = [(key, case) for key, cases in found.items() for case in cases]
    lines = [(case.line, folder_of(case)) for _, case in flat]
    stopped: dict[str, dict[tuple[str, bool], int]] = {}
    for name, ask in TOOLS.items():
        try:
            said = ask(lines, HOME)
        except (NotInstalledError, OSError, subprocess.TimeoutExpired) as error:
            print(f"{name}: could not be installed: {error}")
            continue
        stopped[name] = dict.fromkeys(found, 0)
        for (key, _), yes in zip(flat, said.stopped, strict=True):
            stopped[name][key] += yes
        took = said.took_us
        print(
            f"{name}: a decision {statistics.median(took):.0f} µs (median), "
            f"{statistics.quantiles(took, n=100)[-1] / 1e3:.1f} ms (p99); its process is ready after {said.start_ms:.0f} ms"
        )
    table(found, stopped)


def table(
    found: dict[tuple[str, bool], list[Case]], stopped: dict[str, dict[tuple[str, bool], int]]
) -> None:
    """Print what each stopped: of what destroys it is caught, of what is harmless a false alarm."""
    for harmless, title in ((False, "caught / missed"), (True, "false alarms")):
        rows = {key: len(cases) for key, cases in found.items() if key[1] is harmless}
        print(f"\n{title:28} {'lines':>6} " + "".join(f"{name:>24}" for name in stopped))
        for key, whole in [*rows.items(), (("all", harmless), sum(rows.values()))]:
            cells = []
            for counts in stopped.values():
                part = counts.get(key, sum(counts[one] for one in rows))
                shown = f"{part}" if harmless else f"{part} / {whole - part}"
                cells.append(f"{shown + f'  {100 * part / whole:5.1f} %':>24}")
            print(f"{key[0]:28} {whole:6} " + "".join(cells))


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME)
