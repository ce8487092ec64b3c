"""What was let through is remembered; an equal program is decided on again as soon as what it was decided by changes."""

from __future__ import annotations

from pathlib import Path

import pytest

REMOVES = 'import os\\nos.remove("keep")\\n'
HARMLESS = "print(1)\\n"

# How it begins, what is changed, and the program that is started three times: twice before, once after.
CHANGES = [
    pytest.param(f"write('s.py', '{HARMLESS}')", f"write('s.py', '{REMOVES}')", "['python3', 's.py']", id="a script"),
    pytest.param(
        f"write('a.py', '{HARMLESS}'); write('b.py', '{REMOVES}'); os.symlink('a.py', 's.py')",
        "os.remove('s.py'); os.symlink('b.py', 's.py')", "['python3', 's.py']", id="where a link leads",
    ),
    pytest.param(
        f"write('s.py', 'import m'); write('m.py', '{HARMLESS}')", f"write('m.py', '{REMOVES}')",
        "['python3', 's.py']", id="a module that it imports",
    ),
    pytest.param(
        f"write('in', '{HARMLESS}')", f"write('in', '{REMOVES}')", "['python3', '-']", id="its standard input",
    ),
    pytest.param(
        "shutil.copy('/bin/true', 'tool')", "shutil.copy('/bin/rm', 'tool')", "['./tool', 'keep']", id="its own file",
    ),
    pytest.param(
        "write('x', 'true')", "os.mkdir('d'); shutil.copy('/bin/rm', 'd/true'); os.environ['PATH'] = 'd:' + os.environ['PATH']",
        "['true', 'keep']", id="where PATH leads",
    ),
    pytest.param(
        f"os.mkdir('d'); write('d/s.py', '{HARMLESS}'); write('s.py', '{REMOVES}'); os.chdir('d')", "os.chdir('..')",
        "['python3', 's.py']", id="the folder it starts in",
    ),
    pytest.param(
        f"write('m.py', '{HARMLESS}'); os.mkdir('d'); write('d/m.py', '{REMOVES}'); write('s.py', 'import m'); "
        "os.environ['PYTHONPATH'] = ''; write('d/s.py', '')", "os.rename('d/m.py', 'm.py')",
        "['python3', 's.py']", id="a file put in the place of another",
    ),
]  # fmt: skip

AGENT = """
import os, shutil, subprocess
def write(name, text):
    with open(name, "w") as file:
        file.write(text)
def start():
    given = open("in") if os.path.exists("in") else subprocess.DEVNULL
    return subprocess.run({words}, stdin=given, stdout=subprocess.DEVNULL).returncode
{before}
print(start(), start())
{change}
print(start())
"""


@pytest.mark.parametrize(("before", "change", "words"), CHANGES)
def test_what_changed_is_decided_on_again(before, change, words, run, work: Path) -> None:
    (work / "keep").write_text("x")
    done = run.agent(AGENT.format(before=before, change=change, words=words))
    assert done.stdout == "0 0\n126\n", (done, run.history())
    assert (work / "keep").exists()
    assert [r["rule_ids"] for r in run.history("--outcome", "refused")] == [["hold-keep"]]


def test_what_is_known_is_recorded_each_time(run) -> None:
    run.agent("import subprocess\nfor i in range(50): subprocess.run(['/bin/true', 'x'])")
    known = [r for r in run.history("true") if r["command_line"].endswith("/true x")]
    assert len({r["record"] for r in known}) == len({r["pid"] for r in known}) == 50
    assert len({r["above"] for r in known}) == 1
