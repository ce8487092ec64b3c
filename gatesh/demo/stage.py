"""The demonstration's stage: a folder of its own, the fake API, the agent's workspace, and the agent.

The agent runs on a terminal of its own (pexpect), as agents do: that makes it the root of its session,
and nothing it holds is the person's terminal.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile

import pexpect

from gatesh.demo import agent
from gatesh.demo.railway import Railway, make_volume
from gatesh.errors import GateshError, UsageError
from gatesh.places import places_below, private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_DOMAINS_ENV = """\
# Railway token for adding and removing custom domains (`railway domain`). Nothing else uses it.
RAILWAY_DOMAINS_TOKEN={token}
"""
_SLOWEST_S = 300.0
_LOOK_S = 0.1


class Stage:
    """Everything the demonstration needs, taken away again when it is left."""

    def __init__(self, gatesh: str) -> None:
        """Prepare the stage; `gatesh` is the program that the agent gets as its shell."""
        if not shutil.which("curl"):
            raise UsageError("the demonstration needs curl", "apt-get install curl")
        self._gatesh = gatesh
        self.folder = tempfile.mkdtemp(prefix="gatesh-demo-")
        self.places = places_below(private(f"{self.folder}/gatesh"))
        self.volume = make_volume(f"{self.folder}/railway")
        token = secrets.token_hex(16)
        self.api = Railway(self.volume, token)
        self.workspace = f"{self.folder}/workspace"
        os.makedirs(f"{self.workspace}/infra")
        with open(f"{self.workspace}/infra/domains.env", "w", encoding="utf-8") as file:
            file.write(_DOMAINS_ENV.format(token=token))
        self._child: pexpect.spawn | None = None

    def __enter__(self) -> Self:
        """Enter the stage."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the agent and the API, and remove the folder."""
        if self._child:
            self._child.close(force=True)
        self.api.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def env(self) -> dict[str, str]:
        """Return the agent's environment: nothing of the person's own, no proxy."""
        path = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        return {
            "PATH": path,
            "HOME": self.workspace,
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "GATESH_HOME": self.places.state,
        }

    def start_agent(self) -> None:
        """Start the agent; it waits for `step`."""
        self._child = pexpect.spawn(
            sys.executable,
            ["-I", "-S", agent.__file__, self._gatesh, f"127.0.0.1:{self.api.port}"],
            cwd=self.workspace,
            env=self.env,
            echo=False,
            encoding="utf-8",
            codec_errors="replace",
            timeout=_LOOK_S,
        )

    def lives(self) -> bool:
        """Claim that the agent has not come to its end."""
        return self._child is not None and not self._child.flag_eof

    def step(self) -> Iterator[str]:
        """Let the agent run one command line; yields what it prints, "" while it prints nothing.

        Ends after the line that says how the command ended, or with the agent. Raises GateshError where
        that takes too long.
        """
        child = self._child
        if child is None:
            return
        child.sendline()
        for _ in range(int(_SLOWEST_S / _LOOK_S)):
            found = child.expect([r"([^\n]*)\n", pexpect.TIMEOUT, pexpect.EOF])
            if found == 2:
                return
            line = child.match[1].rstrip("\r") if found == 0 else ""
            yield line
            if line.startswith("[exit "):
                return
        raise GateshError(
            "the agent does not come to an end", "this is a defect of the demonstration"
        )
