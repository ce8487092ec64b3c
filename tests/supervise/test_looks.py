"""What is looked at is what the program will find: its own folder, input, environment and /proc/self."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gatesh.facts.words import UNSEEN
from gatesh.supervise.image import Image
from tests.supervise.test_deletions import outside  # noqa: F401  a fixture

# Each would delete the folder `d`, while something harmless is where it seems to lead.
HIDDEN = {
    "a folder that is gone, and a link in the place of its name": """
os.mkdir("b"); os.chdir("b"); os.rmdir("../b")
os.symlink(temporary + "/x/y", os.readlink("/proc/self/cwd"))
rm("../d")
""",
    "a link to /proc/self/cwd": """
os.symlink("/proc/self/cwd", "l"); os.makedirs("e/f"); os.rename("d", "e/d"); os.chdir("e")
rm("../l/d")
os.rename("d", "../d")
""",
    "a link to /proc/thread-self on the way": """
os.symlink("/proc/thread-self", "l"); os.makedirs("e/f"); os.rename("d", "e/d"); os.chdir("e")
rm("../l/../../cwd/d")
os.rename("d", "../d")
""",
}
BEFORE = """
import os, subprocess, tempfile
def rm(path):
    print(subprocess.run(["rm", "-rf", path]).returncode)
temporary = tempfile.mkdtemp(dir="/tmp")
os.makedirs(temporary + "/x/y")
"""


@pytest.mark.parametrize("how", HIDDEN)
def test_what_lies_elsewhere_does_not_hide_it(how: str, run, outside: Path) -> None:  # noqa: F811
    done = run.agent(BEFORE + HIDDEN[how], cwd=outside)
    assert done.stdout == "126\n", (done, run.history())
    assert len(list((outside / "d").iterdir())) == 400


# How a client of a production database is given what it reads; `client` says whether it was let.
READS = {
    "as it is": ("client(stdin=put('q', DROP))", "126"),
    "harmless": ("client(stdin=put('q', TEXT))", "0"),
    "from the middle": ("f = put('q', TEXT); os.lseek(f, 9, 0); client(stdin=f)", "126"),
    "a file that is gone, and one of its name": (
        "f = put('q', DROP); os.unlink('q'); put('q (deleted)', TEXT); client(stdin=f)",
        "126",
    ),
    "a link to /proc/self/cwd": (
        "put('q', TEXT); below(); os.symlink('/proc/self/cwd/q', '../l'); client('-f', '../l')",
        "126",
    ),
    "/proc/self/cwd": ("put('q', TEXT); below(); client('-f', '/proc/self/cwd/q')", "126"),
}
CLIENT = """
import os, subprocess
TEXT, DROP = "SELECT '\\nDROP TABLE t; --';\\n", "DROP TABLE t;"
def put(name, text):
    open(name, "w").write(text)
    return os.open(name, os.O_RDONLY)
def below():
    os.mkdir("d")
    os.chdir("d")
    put("q", DROP)
def client(*words, **given):
    print(subprocess.run([PSQL, "-h", "db.prod.example.com", *words], **given).returncode)
"""


@pytest.fixture
def psql(work: Path) -> str:
    """A program of that name that does nothing."""
    (work / "bin").mkdir()
    return shutil.copy("/bin/true", f"{work}/bin/psql")


@pytest.mark.parametrize("how", READS)
def test_a_client_is_judged_by_what_it_will_read(how: str, run, psql: str) -> None:
    code, status = READS[how]
    done = run.agent(f"{CLIENT}\nPSQL = {psql!r}\n{code}")
    assert done.stdout == f"{status}\n", (done, run.history())


TWICE = """
import os
class Twice(dict):
    def keys(self): return [name for name, _ in PAIRS]
    def values(self): return [value for _, value in PAIRS]
    def __len__(self): return len(PAIRS)
def client(*hosts):
    global PAIRS
    PAIRS = [(b"PGHOST", host) for host in hosts]
    pid = os.fork()
    if not pid:
        os.execve(PSQL, ["psql", "-c", "DROP TABLE t"], Twice(PAIRS))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
local, production = b"127.0.0.1", b"db.prod.example.com"
print(client(local), client(local, local), client(local, production), client(production, local))
"""


def test_a_variable_that_is_there_twice_is_not_known(run, psql: str) -> None:
    """Which of them counts is up to the program: getenv(3) finds the first, bash and make take the last."""
    done = run.agent(f"PSQL = {psql!r}\n{TWICE}")
    assert done.stdout == "0 0 126 126\n", (done, run.history())


def test_variables_are_known_one_by_one() -> None:
    given = b"A=1\0B=2\0A=1\0B=3\0C=\0=x\0D\0"
    found = Image(1, "/x", 0, 0, 0, 0, b"", given, "/")
    assert found.env == {"A": "1", "B": UNSEEN, "C": ""}


def test_a_label_that_tightens_counts_for_what_is_known(run, work: Path) -> None:
    """What was let through is not remembered past the word of a person."""
    (work / "bin").mkdir()
    curl = shutil.copy("/bin/true", f"{work}/bin/curl")
    labels = run.place / "environments.toml"
    labels.write_text('[staging]\nhosts = ["api.acme.test"]\n')
    (run.place / "scope.toml").write_text('environment = "staging"\n')
    code = f"""
import subprocess, time
def post():
    return subprocess.run([{curl!r}, "-d", "x", "https://api.acme.test/"]).returncode
time.sleep(0.1)
print(post(), post())
open({os.fspath(labels)!r}, "w").write('[production]\\nhosts = ["api.acme.test"]\\n')
until = time.monotonic() + 20
while not (status := post()) and time.monotonic() < until:
    time.sleep(0.1)
print(status)
"""
    done = run.agent(code)
    assert done.stdout == "0 0\n126\n", (done, run.history())


def test_a_name_that_a_variable_leads_elsewhere_has_no_label(run, work: Path) -> None:
    """resolver(3): HOSTALIASES and LOCALDOMAIN say what a name without a dot is."""
    (work / "bin").mkdir()
    curl = shutil.copy("/bin/true", f"{work}/bin/curl")
    (run.place / "environments.toml").write_text('[staging]\nhosts = ["api", "api.acme.test"]\n')
    (run.place / "scope.toml").write_text('environment = "staging"\n')
    code = f"""
import os, subprocess
def post(host, **env):
    env = {{**os.environ, **env}}
    return subprocess.run([{curl!r}, "-d", "x", f"https://{{host}}/"], env=env).returncode
print(post("api"), post("api.acme.test", LOCALDOMAIN="prod.example.com"))
print(post("api", LOCALDOMAIN="prod.example.com"), post("api", HOSTALIASES="aliases"))
"""
    done = run.agent(code)
    assert done.stdout == "0 0\n126 126\n", (done, run.history())
