"""A real bash that can start little else than the stand-in `zap`, and what it handed to it."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

TOOLS = """bash sh dash cat env base64 tr rev sed head tee nohup nice timeout setsid stdbuf xargs find true false echo printf mkdir
    chmod cp mv ln dirname basename grep sleep test ionice flock chrt taskset setarch script kill sort touch
    awk perl python3 make git tar split setpriv prlimit choom su runuser run-parts sqlite3 seq yes date ls which diff tac""".split()
ARGUMENTS = ("bash", "p1", "p 2")
LIMITS = ((resource.RLIMIT_CPU, 5), (resource.RLIMIT_FSIZE, 1 << 20), (resource.RLIMIT_CORE, 0))
STUB = """#!/bin/sh
printf '%s\\0' "$#" "$@" >>{ran}
"""


class Bash:
    """Runs lines in a folder, each within limits of time and size, and ends what they leave behind."""

    def __init__(self, folder: Path) -> None:
        tools = folder / "bin"
        tools.mkdir()
        for name in TOOLS:
            path = shutil.which(name, path="/usr/bin:/bin")
            if path:
                (tools / name).symlink_to(path)
        self._ran = folder / "ran"
        (tools / "zap").write_text(STUB.format(ran=self._ran))
        (tools / "zap").chmod(0o755)
        self.work = folder / "work"
        self.env = {
            "PATH": str(tools), "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8", "V": "a b", "TMPDIR": str(folder),
        }  # fmt: skip

    def calls(self, text: str) -> list[list[str]] | None:
        """What `zap` was given, call by call; None where the line does not end."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        self._ran.write_bytes(b"")
        ended = True
        with subprocess.Popen(
            ["/bin/bash", "-c", text, *ARGUMENTS], env=self.env, cwd=self.work, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as bash:  # fmt: skip
            for limit, most in LIMITS:
                resource.prlimit(bash.pid, limit, (most, most))
            try:
                bash.wait(5)
            except subprocess.TimeoutExpired:
                ended = False
            with contextlib.suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGKILL)
        return self._read() if ended else None

    def _read(self) -> list[list[str]]:
        words = self._ran.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
        found = []
        while words:
            count = int(words[0])
            found.append(words[1 : count + 1])
            words = words[count + 1 :]
        return found
