"""Ways round a gate that reads lines, each run for real with nobody approving."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

WAYS = tomllib.loads(Path(__file__).parents[1].joinpath("data/ways_round.toml").read_text())["way"]

# A filter from below that lets every exec "succeed" or go, whichever it may.
OWN_FILTER = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
def put(action, flags):
    code = b"".join(struct.pack("=HBBI", *i) for i in ((0x20,0,0,0), (6,0,0,action)))
    buffer = ctypes.create_string_buffer(code, len(code))
    prog = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)))
    number = 317 if os.uname().machine == "x86_64" else 277
    return libc.syscall(number, 1, flags, prog), ctypes.get_errno()
print("listener", put(0x7FFF0000, 8))
print("allow", put(0x7FFF0000, 0))
print("log", put(0x7FFC0000, 0))
sys.stdout.flush()
os.execvp(sys.argv[1], sys.argv[1:])
"""
TRACED = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
pid = os.fork()
if not pid:
    libc.ptrace(0, 0, 0, 0)
    try:
        os.execvp(sys.argv[1], sys.argv[1:])
    except OSError as error:
        print("exec:", error, flush=True)
        os._exit(3)
while True:
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        break
    libc.ptrace(7, pid, 0, 0)
"""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["name"])
def test_what_would_be_removed_is_still_there(way: dict, run, work: Path) -> None:
    missing = [
        name
        for name in way.get("needs", "").split()
        if not shutil.which(name, path=run.env["PATH"])
    ]
    if missing:
        pytest.skip(f"not installed: {missing}")
    (work / "keep").mkdir()
    (work / "keep" / "file").write_text("precious")
    (work / "own_filter.py").write_text(OWN_FILTER)
    (work / "traced.py").write_text(TRACED)
    done = run.shell(way["line"])
    assert (work / "keep" / "file").read_text() == "precious", done
    if way.get("refused") == "untraceable":
        assert "Permission denied" in done.stdout + done.stderr
        return
    refused = [
        r
        for r in run.history("--outcome", "refused")
        if way.get("refused", "hold-keep") in r["rule_ids"]
    ]
    assert refused, (
        done.returncode,
        done.stdout,
        done.stderr,
        [(r["command_line"], r["verdict"], r["outcome"], r["reason"]) for r in run.history()],
    )
    assert refused[0]["answered"] == "nobody"
