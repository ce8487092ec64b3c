"""bash's own test suite, with gatesh as the shell: what bash passes here, gatesh passes, recorded and decided on.

`make test-bash` fetches it into .cache. A person at a keeper says yes to what the suite's own lines are asked
about, as far as it goes for the session; nothing else is switched off.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.installed import GATESH
from tests.keeper.conftest import rows
from tests.keeper.human import DEAF, Human

__all__ = ["rows"]

SOURCE = Path(__file__).parents[2] / ".cache/bash/source"
# A hold is told on stderr, which the suite compares: those lines, and only those, are no part of a result.
HELD = r"(?m)^gatesh: (?:held|still waiting|hint: waiting for your human).*\n"
DIFF = """#!/bin/sh
for file; do
    case $file in -*) continue ;; esac
    sed -i '/^gatesh: \\(held\\|still waiting\\|hint: waiting for your human\\)/d' "$file"
    break
done
exec /usr/bin/diff "$@"
"""
# Looking at scripts has its limit of time: on a busy machine another part of it is seen after the yes.
TRIES = 4
# Why these may differ.
EXPLAINED = {
    "run-posixexp": "it copies the shell into another folder, and a copy does not find its package",
    "run-redir": "it has a shell on standard input read on in another file: exec <FILE",
    "run-history": "it starts an interactive shell (-i) whose input is no terminal",
}

pytestmark = pytest.mark.skipif(
    not os.environ.get("GATESH_BASH_TESTS"), reason="make test-bash runs bash's own tests"
)


class Yes(threading.Thread):
    """A person who approves whatever is asked, for the session where that can be."""

    def __init__(self, human: Human) -> None:
        super().__init__(daemon=True)
        self._human, self._done = human, threading.Event()
        self.answers = 0

    def run(self) -> None:
        last = ""
        while not self._done.is_set():
            shown = self._human.screen()
            words = re.findall("type `([^`]*)`", shown)
            if words and words[-1] != last:
                last = words[-1]
                time.sleep(DEAF)
                lasts = " rule" in shown.rpartition("type `")[2]
                self._human.type(f"{last} rule" if lasts else last, "Enter")
                self.answers += 1
            time.sleep(0.05)

    def end(self) -> None:
        self._done.set()
        self.join(10)


def scripts(tests: Path) -> list[str]:
    never = ("run-all", "run-minimal", "run-gprof")
    wanted = os.environ["GATESH_BASH_TESTS"]
    found = sorted(p.name for p in tests.glob("run-*") if p.name not in never)
    return found if wanted == "all" else [name for name in found if re.fullmatch(wanted, name)]


def told(agent: Agent, name: str, shell: str, tests: Path) -> tuple[int, str]:
    """Run one script with this shell, in a fresh copy of the suite's place for temporary files."""
    folder = tests.parent / "tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    env = {
        "THIS_SH": shell, "TMPDIR": str(folder), "BASH_TSTOUT": str(folder / "out"),
        "BUILD_DIR": str(tests.parent), "PATH": ".:/usr/local/bin:/usr/bin:/bin", "TERM": "dumb",
        "LOGNAME": "me", "USER": "me",
    }  # fmt: skip
    with suppress(OSError):
        done = agent.run("sh", "-c", f"cd '{tests}' && exec sh ./{name} 2>&1", timeout=300, **env)
        return done.exit, re.sub(HELD, "", done.out.decode("utf-8", "replace"))
    return -1, "late"


def test_what_bash_passes_gatesh_passes(env, work, tmp_path, place, rows):
    tests = tmp_path / "source" / "tests"
    shutil.copytree(SOURCE, tests.parent, symlinks=True)
    (tests / "diff").write_text(DIFF)
    (tests / "diff").chmod(0o755)
    (tmp_path / "names").mkdir()
    link = tmp_path / "names" / "bash"
    link.symlink_to(GATESH)
    names = scripts(tests)
    with Agent(env, str(work)) as agent:
        expected = {name: told(agent, name, "/bin/bash", tests) for name in names}
    passed = [name for name in names if expected[name][0] == 0]
    assert passed, "bash passes something"

    with Human(env, "--wait", "60") as human, Agent(env, str(work)) as agent:
        yes = Yes(human)
        yes.start()
        before = {}
        differs = {}
        for name in passed:
            count = rows("SELECT count(*) FROM record")[0][0]
            for _ in range(TRIES):
                found = told(agent, name, str(link), tests)
                if "what was approved has changed since" not in found[1]:
                    break
            before[name] = rows("SELECT count(*) FROM record")[0][0] - count
            if found != expected[name]:
                differs[name] = found[1]
                print(f"== {name}\n{found[1][:3000]}")
        yes.end()

    print(
        f"{len(names)} scripts, bash passes {len(passed)}, differing: {sorted(differs)}, answers: {yes.answers}"
    )
    # A gatesh that merely executed bash would pass the suite, too.
    assert [name for name in passed if not before[name]] == [], "each was recorded"
    unfinished = rows(
        "SELECT count(*) FROM record LEFT JOIN outcome USING (record) WHERE outcome.record IS NULL"
    )
    assert unfinished == [(0,)], "each record has its end"
    assert set(differs) <= set(EXPLAINED) and len(EXPLAINED) <= 3
