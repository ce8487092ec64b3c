"""An agent that nobody could read beforehand, below `gatesh run`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installed import GATESH

# Whatever says `keep` is held, on any file system; nothing else is.
RULES = """
[hold-keep]
cli = "{rm,unlink,shred} *keep*"
severity = "high"
class = "data-destroy"
say = "removes {1}"
instead = "ls it"
catches = ["rm keep", "rm -rf ./keep"]
passes = ["rm x", "rm y"]
"""
# The agent: it reads what it does from its standard input, so that no line and no file shows it.
AGENT = "import sys; exec(sys.stdin.read())"


class Run:
    """Starts `gatesh run` and reads what was recorded."""

    def __init__(self, env: dict[str, str], work: Path, place: Path) -> None:
        self.env, self.work, self.place = env, work, place
        patterns = place / "patterns"
        patterns.mkdir(mode=0o700, exist_ok=True)
        (patterns / "test.toml").write_text(RULES)

    def start(
        self, *command: str, options: tuple[str, ...] = (), **more: object
    ) -> subprocess.Popen:
        return subprocess.Popen(
            [GATESH, "run", *options, "--", *command],
            env=self.env, text=True,
            **{"cwd": self.work, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )  # fmt: skip

    def agent(self, code: str, timeout: float = 60, **more: object) -> subprocess.CompletedProcess:
        """Have the agent run Python code; return when the session has ended."""
        process = self.start("python3", "-c", AGENT, **more)
        try:
            out, err = process.communicate(code, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def shell(self, lines: str, timeout: float = 60, **more: object) -> subprocess.CompletedProcess:
        """Have the agent feed lines to a bash."""
        code = f"import subprocess; sys.exit(subprocess.run(['bash'], input={lines!r}, text=True).returncode)"
        return self.agent(code, timeout, **more)

    def history(self, *words: str) -> list[dict]:
        done = subprocess.run(
            [GATESH, "history", "--programs", "--json", "--full", "--limit", "100000", *words],
            env=self.env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout or "[]")


@pytest.fixture
def run(env: dict[str, str], work: Path, place: Path) -> Run:
    return Run(env, work, place)


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[..., str]:
    """Compile C, or skip."""
    import shutil

    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")

    def build(name: str, source: str, *options: str) -> str:
        path = tmp_path / name
        path.with_suffix(".c").write_text(source)
        subprocess.run(
            ["gcc", "-O1", "-pthread", *options, "-o", path, path.with_suffix(".c")],
            check=True,
            capture_output=True,
        )
        return str(path)

    return build
