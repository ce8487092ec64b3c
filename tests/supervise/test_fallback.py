"""Where the kernel does not let programs be stopped: what is left instead, and that it is said."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.installed import GATESH

# Puts a filter in front of `gatesh run`: a listener of its own (a tree has only one), or one that refuses calls.
ABOVE = r"""
import ctypes, os, struct, sys
what, command = sys.argv[1], sys.argv[2:]
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
x86 = os.uname().machine == "x86_64"
SECCOMP, PTRACE = (317, 101) if x86 else (277, 117)
one = lambda code, yes, no, value: struct.pack("=HBBI", code, yes, no, value)
refused = {"listener": [], "ptrace": [PTRACE], "seccomp": [SECCOMP], "both": [SECCOMP, PTRACE]}[what]
code = one(0x20, 0, 0, 0)
for number in refused:
    code += one(0x15, 0, 1, number) + one(6, 0, 0, 0x50001)
code += one(6, 0, 0, 0x7FFF0000)
buffer = ctypes.create_string_buffer(code, len(code))
prog = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)))
listener = libc.syscall(SECCOMP, 1, 8 if what == "listener" else 0, prog)
assert listener >= 0, ctypes.get_errno()
if what == "listener":
    os.set_inheritable(listener, True)
os.execv(command[0], command)
"""
LEVELS = {"listener": "ptrace", "seccomp": "ptrace", "ptrace": "notification", "both": "advisory"}
SAID = {
    "listener": "gated by ptrace alone, slower, and no debugger works inside (another program gates",
    "seccomp": "nothing counts deletions",
    "ptrace": "gated before they are loaded",
    "both": "advisory only: ",
}
GATED = [above for above in LEVELS if above != "both"]


def below(above: str, run, *words: str, **more: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["python3", "-c", ABOVE, above, GATESH, "run", *words],
        env=run.env, cwd=run.work, capture_output=True, text=True, timeout=60, **more,
    )  # fmt: skip


@pytest.mark.parametrize("above", LEVELS)
def test_it_refuses_where_the_gate_is_required(above: str, run) -> None:
    done = below(above, run, "--require", "exec-gate", "--", "echo", "ran")
    assert done.returncode == 2 and "ran" not in done.stdout.split("\n")
    assert "gatesh: error: programs cannot be stopped at their exec here: " in done.stderr
    assert f"would be called: {LEVELS[above]}\n" in done.stderr


@pytest.mark.parametrize("above", LEVELS)
def test_it_says_first_what_gates_instead_and_records_it(above: str, run) -> None:
    done = below(above, run, "--name", "n", "--", "echo", "fine")
    assert (done.returncode, done.stdout) == (0, "fine\n")
    assert done.stderr.startswith("gatesh: run ") and SAID[above] in done.stderr.splitlines()[0]
    shown = subprocess.run(
        [GATESH, "sessions", "--json"], env=run.env, capture_output=True, text=True
    )
    assert [row["gate"] for row in json.loads(shown.stdout)] == [LEVELS[above]]
    shown = subprocess.run([GATESH, "sessions"], env=run.env, capture_output=True, text=True)
    assert f" {LEVELS[above]} " in shown.stdout


WAYS = {
    "line": "s.run(['/bin/sh', '-c', 'x=keep; rm $x'])",
    "program": "s.run(['/bin/rm', 'keep'])",
    "environment": "s.run(['/usr/bin/env', '-i', '/bin/rm', 'keep'])",
    "orphan": "s.run(['/usr/bin/setsid', '-f', '/bin/rm', 'keep']); time.sleep(1)",
    "copy": "shutil.copy('/bin/rm', 'x'); s.run(['./x', 'keep'])",
    "script": "open('x', 'w').write('#!/bin/sh\\n/bin/rm keep\\n'); os.chmod('x', 0o755); s.run(['./x'])",
    "memory": (
        "m = os.memfd_create('m'); os.write(m, open('/bin/rm', 'rb').read())\n"
        "if not os.fork(): os.execve(m, ['x', 'keep'], {})\n"
        "os.wait()"
    ),
    "thread": "t = threading.Thread(target=s.run, args=(['/bin/rm', 'keep'],)); t.start(); t.join()",
    "loader": "s.run([next(iter(glob.glob('/lib*/ld-linux*'))), '/bin/rm', 'keep'])",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("above", GATED)
def test_every_program_is_decided_on(above: str, way: str, run, work: Path) -> None:
    (work / "keep").write_text("x")
    tried = WAYS[way].replace("\n", "\n    ")
    code = (
        "import glob, os, shutil, subprocess as s, threading, time\n"
        f"try:\n    {tried}\nexcept PermissionError as error: print(error)\n"  # how a notification refuses
        "print('alive')\n"
    )
    done = below(
        above, run, "--", "python3", "-c", "import sys; exec(sys.stdin.read())", input=code
    )
    assert (work / "keep").exists()
    assert "alive" in done.stdout
    (held,) = run.history("--verdict", "ask")
    assert held["answered"] == "nobody" and held["rule_ids"] == ["hold-keep"], done.stderr


@pytest.mark.parametrize("above", GATED)
def test_the_rest_runs_and_is_recorded_once(above: str, run, work: Path) -> None:
    line = "for i in 1 2 3; do /bin/true; done; (sleep 0.1 & wait); echo x | cat; exit 3"
    done = below(above, run, "--", "bash", "-c", line)
    assert (done.returncode, done.stdout) == (3, "x\n"), done.stderr
    assert [row["command_line"] for row in run.history()].count("/usr/bin/true") == 3


def test_nothing_leaves_a_traced_tree(run, work: Path, compiled) -> None:
    (work / "keep").write_text("x")
    source = """
    #define _GNU_SOURCE
    #include <sched.h>
    #include <signal.h>
    #include <stdio.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(void) {
        long pid = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) { execl("/bin/rm", "rm", "keep", (char *)0); _exit(1); }
        printf("%ld\\n", pid);
        sleep(1);
    }"""
    done = below("listener", run, "--", compiled("leave", source))
    assert done.stdout == "-1\n" and (work / "keep").exists()


def test_a_traced_tree_cannot_put_a_listener_before_its_tracer(run) -> None:
    code = (
        "import ctypes, errno\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.syscall(317, 1, 8, 0), errno.errorcode[ctypes.get_errno()])\n"
    )
    assert below("listener", run, "--", "python3", "-c", code).stdout == "-1 EBUSY\n"


@pytest.mark.parametrize("above", ["listener", "ptrace"])
def test_its_guards_cannot_be_ended(above: str, run) -> None:
    code = (
        "import os, signal\n"
        "for pid in (os.getppid(), int(os.environ['GATESH_RUN'])):\n"
        "    for target in [pid, *map(int, os.listdir(f'/proc/{pid}/task'))]:\n"
        "        try: os.kill(target, signal.SIGKILL)\n"
        "        except OSError as error: print(error.errno)\n"
    )
    done = below(above, run, "--", "python3", "-c", code)
    # EPERM; ESRCH for a thread that has ended since it was listed
    assert done.returncode == 0 and "1" in done.stdout and set(done.stdout.split()) <= {"1", "3"}


@pytest.mark.parametrize("above", ["listener", "ptrace"])
def test_deletions_are_counted(above: str, run) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir=Path(__file__).parents[2], prefix=".deletions-") as folder:
        for number in range(100):
            (Path(folder) / str(number)).write_text("x")
        code = f"import os\nfor i in range(100): os.unlink({folder!r} + f'/{{i}}')"
        agent = ("python3", "-c", "import sys; exec(sys.stdin.read())")
        done = below(above, run, "--deletions", "20", "--", *agent, input=code)
        assert "refused [deletion-budget]" in done.stderr
        assert "Operation not permitted" in done.stderr
        assert len(list(Path(folder).iterdir())) == 80


def test_advisory_reaches_shells_by_name_and_every_bash(run, work: Path) -> None:
    (work / "keep").write_text("x")
    (work / "script").write_text("rm keep\n")
    for words in (
        ["bash", "-c", "x=keep; rm $x"],
        ["sh", "-c", "rm keep"],
        ["/bin/bash", "-c", 'rm "$1"', "bash", "keep"],
        ["/bin/bash", "script"],
    ):
        code = f"import subprocess as s; print(s.run({words!r}, stderr=s.PIPE, text=True).stderr)"
        done = below("both", run, "--", "python3", "-c", code)
        assert "refused [hold-keep]" in done.stdout, words
    assert (work / "keep").exists()
    assert len(run.history("--verdict", "ask")) == 4


def test_advisory_changes_nothing_else_of_a_line(run, work: Path) -> None:
    (work / "before").write_text("export FROM=before\n")
    run.env["BASH_ENV"] = str(work / "before")
    line = 'echo "$0 $1 $# $FROM $-"; bash -c "echo inner"; exit 7'
    code = f"import subprocess as s; print(s.run(['/bin/bash', '-c', {line!r}, 'a', 'b c']).returncode)"
    done = below("both", run, "--", "python3", "-u", "-c", code)
    assert done.stdout == "a b c 1 before hBc\ninner\n7\n", done.stderr
    assert [row["command_line"] for row in run.history()].count(line) == 1
