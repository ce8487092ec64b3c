"""A person's terminal around `gatesh run`."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pexpect

from tests.installed import GATESH
from tests.keeper.human import Human

PIN = "tr0ub4dor"
# Reads what it does from its terminal, so that nobody can read it beforehand.
AGENT = "import base64; exec(base64.b64decode(input('code ')))"


def agent_with_pin(human: Human, work: Path, code: str) -> tuple[str, str]:
    """Start Python code below a run with a PIN in a window; return it, and the run's number."""
    window = human.open(
        "env", "-C", str(work), GATESH, "run", "--pin", "--no-tty-prompt", "--", "python3", "-c", AGENT
    )  # fmt: skip
    for asked in ("PIN for approvals", "Repeat"):
        human.wait_for(asked, window)
        human.type(PIN, "Enter", window=window)
    human.wait_for("code ", window)
    (run,) = re.findall(r"gatesh: run (\d+): every program below is gated", human.screen(window))
    human.type(base64.b64encode(code.encode()).decode(), "Enter", window=window)
    return window, run


def attached(human: Human, run: str) -> str:
    """Attach another window to a run by its PIN."""
    window = human.approve("--run", run)
    human.wait_for("the keeper's PIN:", window)
    human.type(PIN, "Enter", window=window)
    return window


def with_pin(run, code: str, timeout: float = 60) -> str:
    """Run Python code below a run with a PIN, so that somebody could attach; return what it wrote."""
    command = ["python3", "-c", AGENT]
    child = pexpect.spawn(
        GATESH, ["run", "--pin", "--no-tty-prompt", "--", *command],
        env=run.env, cwd=str(run.work), encoding="utf-8", timeout=timeout, dimensions=(30, 200),
    )  # fmt: skip
    try:
        for asked in ("PIN for approvals", "Repeat"):
            child.expect(asked)
            child.sendline("long enough 1")
        child.expect("code ")
        child.sendline(base64.b64encode(code.encode()).decode())
        child.expect(pexpect.EOF)
        return child.before.replace("\r\n", "\n")
    finally:
        child.close(force=True)
