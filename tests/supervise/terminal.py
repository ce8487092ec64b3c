"""A person's terminal around `gatesh run`."""

from __future__ import annotations

import base64

import pexpect

from tests.installed import GATESH


def with_pin(run, code: str, timeout: float = 60) -> str:
    """Run Python code below a run with a PIN, so that somebody could attach; return what it wrote."""
    agent = "import base64; exec(base64.b64decode(input('code ')))"
    command = ["python3", "-c", agent]
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
