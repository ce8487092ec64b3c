"""The tools side by side: two from the registries, each in a process of its own, and gatesh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.model import CommandLine, Door, Verdict
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import gate_for_check

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "peers"
NAH, SAFETY_NET = "0.11.0", "2.4.5"


@dataclass
class Decided:
    """What a tool said of each line: whether it would stop it; and what that took."""

    stopped: list[bool] = field(default_factory=list)
    took_us: list[float] = field(default_factory=list)
    start_ms: float = 0.0


class NotInstalledError(Exception):
    """A peer could not be had; the message says why."""


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NotInstalledError(f"{argv[0]}: {''.join(last)}")


def _installed_nah() -> list[str]:
    python = CACHE / f"nah-{NAH}" / "bin" / "python"
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(python.parents[1]))
        try:
            _run(str(python), "-m", "pip", "install", "-q", f"nah=={NAH}")
        except NotInstalledError:
            shutil.rmtree(python.parents[1])
            raise
    return [str(python), str(HERE / "nah_lines.py")]


def _installed_safety_net() -> list[str]:
    if not shutil.which("npm"):
        raise NotInstalledError("there is no npm here")
    folder = CACHE / f"cc-safety-net-{SAFETY_NET}"
    package = folder / "node_modules" / "cc-safety-net"
    if not package.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(
            "npm", "install", "--prefix", str(folder), "--no-fund", "--no-audit", "--loglevel=error",
            f"cc-safety-net@{SAFETY_NET}",
        )  # fmt: skip
    return ["node", str(HERE / "safety_net.mjs"), str(package)]


def _asked_of(argv: list[str], lines: list[tuple[str, str]], home: Path) -> Decided:
    """Ask a peer's process about every line, one after the other."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    began = time.perf_counter()
    with subprocess.Popen(
        argv, env=env, cwd=home / "project", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as child:  # fmt: skip
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        found = Decided(start_ms=(time.perf_counter() - began) * 1e3)
        for command, cwd in lines:
            child.stdin.write(json.dumps({"command": command, "cwd": cwd}) + "\n")
            child.stdin.flush()
            said = json.loads(child.stdout.readline())
            found.stopped.append(said["verdict"] not in {"allow", "pass"})
            found.took_us.append(said["us"])
        child.stdin.close()
    return found


def safety_net(lines: list[tuple[str, str]], home: Path) -> Decided:
    """Ask cc-safety-net, as installed."""
    return _asked_of(_installed_safety_net(), lines, home)


def nah(lines: list[tuple[str, str]], home: Path) -> Decided:
    """Ask nah, as installed."""
    return _asked_of(_installed_nah(), lines, home)


def gatesh(lines: list[tuple[str, str]], home: Path) -> Decided:
    """Ask gatesh about the machine as it is, as `gatesh check` would."""
    return _gatesh(lines, home, OsFiles())


def gatesh_all_there(lines: list[tuple[str, str]], home: Path) -> Decided:
    """Ask gatesh as if every path that a line names were there."""
    return _gatesh(lines, home, _AllThere())


class _AllThere(OsFiles):
    """What the line names exists: a folder where it has no suffix."""

    line = ""

    def kind(self, path: str) -> str:
        found = super().kind(path)
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if found != "missing" or not name or name not in self.line:
            return found
        return "file" if "." in name else "directory"

    def size(self, path: str) -> int:
        return super().size(path) or (1000 if self.kind(path) == "file" else 0)


def _gatesh(lines: list[tuple[str, str]], home: Path, files: OsFiles) -> Decided:
    code = "import gatesh.commands.check, gatesh.gate"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    found = Decided(start_ms=(time.perf_counter() - began) * 1e3)
    with tempfile.TemporaryDirectory() as folder:
        gate, shipped = gate_for_check(places_below(folder))
    world = World(files, GitProbe(), str(home), shipped.grammars)
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    for command, cwd in lines:
        began = time.perf_counter()
        if isinstance(files, _AllThere):
            files.line = command
        try:
            _, decision = gate.consider(CommandLine(command, cwd, env, Door.CHECK), world)
            stopped = decision.verdict is not Verdict.ALLOW
        except InputError:
            stopped = True
        found.took_us.append((time.perf_counter() - began) * 1e6)
        found.stopped.append(stopped)
    return found


TOOLS: dict[str, Callable[[list[tuple[str, str]], Path], Decided]] = {
    "gatesh": gatesh,
    "gatesh, all paths there": gatesh_all_there,
    f"cc-safety-net {SAFETY_NET}": safety_net,
    f"nah {NAH}": nah,
}
