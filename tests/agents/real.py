"""The real agents of tests/data/agents.toml: where they are installed, and how one is started in a clean place."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from tests.agents.fake_model import FakeModel, Tool
from tests.installed import GATESH

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache/agents"
NODE = INSTALLED / "node/node_modules/node/bin"  # newer than many a distribution's
TABLE: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/data/agents.toml").read_text())
CLOSED = {
    "http_proxy": "http://127.0.0.1:9",  # nobody listens there
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1,localhost,backboard.railway.app",  # which curl connects to the fake
    "NO_PROXY": "127.0.0.1,localhost,backboard.railway.app",
}


class RealAgent:
    """One agent, with a HOME and a folder to work in."""

    def __init__(self, name: str, env: dict[str, str], work: Path) -> None:
        row = TABLE[name]
        self.name, self.row, self.work = name, row, work
        self.program = str(INSTALLED / name / row["program"])
        self.set_up = False
        self.tool = Tool(**row["tool"])
        node = NODE if NODE.is_dir() else Path(shutil.which("node") or "/usr/bin/node").parent
        more = {
            "PATH": f"{node}:{env['PATH']}",
            "SHELL": "/bin/bash",
            "TERM": "xterm",
            "USER": "tester",
        }
        self.env = {**env, **CLOSED, **more}

    @property
    def version(self) -> str:
        package = self.row.get("npm") or self.row["pip"][0].replace("==", "@")
        return str(package).rpartition("@")[2]

    @property
    def there(self) -> bool:
        return Path(self.program).exists()

    def prepare(self, model: FakeModel) -> None:
        """Write its files, and tell it where the model is."""
        self._places = {
            "@URL@": model.url,
            "@ROOT@": model.root,
            "@HOME@": self.env["HOME"],
            "@WORK@": str(self.work),
        }
        self.env |= {name: self._placed(value) for name, value in self.row.get("env", {}).items()}
        for path, text in self.row.get("files", {}).items():
            file = Path(self.env["HOME"], self._placed(path))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._placed(text).lstrip())
        if self.set_up:
            words = [GATESH, "setup", self.row["agent"], "--yes"]
            subprocess.run(words, env=self.env, check=True, capture_output=True)
        if self.row.get("before"):
            self._start(self.row["before"])

    def run(self, *before: str) -> subprocess.CompletedProcess[str]:
        """Start it behind the words `before`, and wait until it has ended."""
        return self._start(self.row["argv"], *before)

    def _typed(self) -> str | None:
        first, *rest = self.row.get("typed", [None])
        return None if first is None else "\n".join([first, *rest * 15, ""])

    def _start(self, argv: list[str], *before: str) -> subprocess.CompletedProcess[str]:
        more = self.row.get("set_up_argv", ()) if self.set_up else ()
        words = [*before, self.program, *map(self._placed, argv), *more]
        with subprocess.Popen(
            words, cwd=self.work, env=self.env, text=True, errors="replace", stdin=subprocess.PIPE if self._typed() else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(self._typed(), timeout=120)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                out, err = process.communicate()
                err += "\nit did not end in time"
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def _placed(self, text: str) -> str:
        for mark, value in self._places.items():
            text = text.replace(mark, value)
        return text
