"""Where the kernel does not let programs be gated: what is left, and that it is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.installed import GATESH

# Puts a listener of its own in front of `gatesh run`: a tree has only one.
TAKEN = r"""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
code = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
buffer = ctypes.create_string_buffer(code, 8)
prog = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", 1, ctypes.addressof(buffer)))
listener = libc.syscall(317 if os.uname().machine == "x86_64" else 277, 1, 8, prog)
assert listener >= 0, ctypes.get_errno()
os.set_inheritable(listener, True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def below_another(run, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["python3", "-c", TAKEN, GATESH, "run", *words],
        env=run.env, cwd=run.work, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_it_refuses_where_the_gate_is_required(run) -> None:
    done = below_another(run, "--require", "exec-gate", "--", "echo", "ran")
    assert done.returncode == 2 and "ran" not in done.stdout.split("\n")
    assert "gatesh: error: programs cannot be gated here: another program gates" in done.stderr


def test_it_is_advisory_and_says_so_first(run, work: Path) -> None:
    (work / "keep").write_text("x")
    code = (
        "import subprocess as s\n"
        "print(s.run(['bash', '-c', 'x=keep; rm $x'], stderr=s.PIPE, text=True).stderr)\n"
        "print(s.run(['sh', '-c', 'echo fine']).returncode)\n"
    )
    done = below_another(run, "--", "python3", "-c", code)
    assert (
        done.stderr.startswith("gatesh: run ") and "advisory only: " in done.stderr.splitlines()[0]
    )
    assert "refused [hold-keep]" in done.stdout and "fine" in done.stdout
    assert (work / "keep").exists()
    shown = subprocess.run(
        [GATESH, "sessions", "--json"], env=run.env, capture_output=True, text=True
    )
    assert '"advisory"' in shown.stdout
