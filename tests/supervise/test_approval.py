"""A person answers what a run holds, from another terminal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.installed import GATESH
from tests.keeper.human import Human
from tests.overlay.conftest import Desk
from tests.supervise.terminal import PIN, agent_with_pin, attached


def test_what_is_approved_runs_and_is_not_asked_again_below(run, work: Path) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    (work / "keep").write_text("x")
    (work / "keep2").write_text("x")
    with Human(run.env) as human:  # the resident keeper is another one
        code = (
            "import os, subprocess as s\n"
            "print(s.run(['bash', '-c', 'rm keep; ls']).returncode)\n"
            "print(s.run(['rm', 'keep2']).returncode)\n"
        )
        window, supervisor = agent_with_pin(human, work, code)
        other = attached(human, supervisor)
        human.yes("rm keep; ls", other)
        human.wait_for("PIN:", other)
        human.type(PIN, "Enter", window=other)
        word = human.card("keep2", other)
        assert not (work / "keep").exists()
        assert (work / "keep2").exists() and word
        human.type("n", "Enter", window=other)
        human.wait_for("[ended: 0]", window)
    assert (work / "keep2").exists()
    rows = {r["command_line"].split("/")[-1]: r for r in run.history()}
    assert rows["rm keep; ls"]["answered"] == "approved"
    assert rows["rm keep"]["reason"] == "approved above" and rows["rm keep"]["exit_code"] == 0
    assert rows["rm keep2"]["answered"] == "rejected"


SWAPPED = """
import os, subprocess
for name in ("a/keep", "precious"):
    os.makedirs(name)
    open(name + "/f", "w").write(name)
held = subprocess.Popen(["rm", "-rf", "keep"], cwd="a")
while b"keep" not in open(f"/proc/{held.pid}/cmdline", "rb").read():
    pass
input("held ")
{}
print("swapped")
print("ended", held.wait())
"""
SWAPS = {
    "what it is in": (
        "os.rename('a', 'b'); os.mkdir('a'); os.rename('b/keep', 'a/keep'); os.rename('precious', 'b/keep')"
    ),
    "what it names": "os.mkdir('b'); os.rename('a/keep', 'b/old'); os.rename('precious', 'a/keep')",
}


@pytest.mark.parametrize("how", SWAPS)
def test_a_yes_is_for_the_folder_that_was_shown(how: str, run, work: Path) -> None:
    """Whoever waits together with the program can give a folder's name to another."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    with Human(run.env) as human:
        window, supervisor = agent_with_pin(human, work, SWAPPED.replace("{}", SWAPS[how]))
        other = attached(human, supervisor)
        human.card("keep", other)
        human.type("go", "Enter", window=window)
        human.wait_for("swapped", window)
        human.yes("keep", other)
        human.wait_for("PIN:", other)
        human.type(PIN, "Enter", window=other)
        human.wait_for("ended 126", window)
    assert "precious" in [path.read_text() for path in work.rglob("f")]
    assert "changed" in [r["answered"] for r in run.history()]


# As Codex does it: its own line ends with another shell for the agent's command.
NESTED = """
bash -c 'exec bash -c "rm -r keep-a"'; echo first $?
bash -c 'bash -c "rm -r keep-b"'; echo second $?
bash -c 'rm -r keep-c; bash -c "rm -r keep-c keep-d"'; echo third $?
bash -c 'eval "$(cat code)"'; echo fourth $?
"""


def test_a_line_below_an_approved_one_is_asked_about_where_it_is_another(env, work: Path) -> None:
    for name in "abcd":
        (work / f"keep-{name}").mkdir()
    (work / "code").write_text("bash -c 'eval \"$(cat more)\"'\n")
    (work / "agent").write_text(NESTED)
    with Desk(env, work, "120x40") as desk:
        desk.run("bash agent")
        desk.see("rm -r keep-a")
        desk.type(desk.card())
        desk.see(r"(?m)^bash -c ..?rm -r keep-b|^rm -r keep-b")  # and not once more about the first
        assert not (work / "keep-a").exists()
        desk.card()
        desk.reject()
        desk.see("keep-d")
        desk.type(desk.card())
        desk.see(r'eval "\$\(cat code')  # the line showed both
        assert not (work / "keep-d").exists()
        desk.type(desk.card())
        desk.see(r"(?m)^eval .*cat more")
        desk.card()
        desk.reject()
        desk.see(r"first 0\s+.*(\n.*)*second 126(\n.*)*third \d+(\n.*)*fourth \d+")
    assert (work / "keep-b").exists()


LISTENS = """
import os, socket, sys, time
pid = int(sys.argv[1]) or os.getpid()
folder = os.environ["GATESH_HOME"] + f"/run-{pid}"
os.makedirs(folder, 0o700, exist_ok=True)
os.chdir(folder)
listener = socket.socket(socket.AF_UNIX)
listener.bind("keeper.sock")
listener.listen()
print("listens as", pid, flush=True)
time.sleep(20)
"""


@pytest.mark.parametrize("below", [True, False], ids=["below a run", "in the place of a run"])
def test_what_is_put_in_the_place_of_a_run_is_told_no_pin(below: bool, run) -> None:
    words = ["python3", "-c", "import sys; exec(sys.stdin.read())", "0" if below else "1"]
    front = [GATESH, "run", "--"] if below else []
    pipe = subprocess.PIPE
    fake = subprocess.Popen([*front, *words], env=run.env, stdin=pipe, stdout=pipe, text=True)
    fake.stdin.write(LISTENS)
    fake.stdin.close()
    fake.stdin = None
    try:
        pid = fake.stdout.readline().split()[-1]
        said, status = pexpect.run(
            f"{GATESH} approve --run {pid}", env=run.env, encoding="utf-8", withexitstatus=True, timeout=20
        )  # fmt: skip
        assert status and "tell nobody the PIN" in said, said
    finally:
        fake.kill()
        fake.communicate()
