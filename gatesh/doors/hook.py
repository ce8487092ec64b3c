"""The door of an agent's hook: a line is decided on and recorded here, and the agent runs it in its own shell.

Below a `gatesh run` that gates programs the hook says nothing: what the agent starts comes to the run. How a
line ended that an agent runs itself nobody can know; the record says that it was let through.
"""

from __future__ import annotations

import os
import sys

from gatesh import wire
from gatesh.doors.alone import command_line
from gatesh.doors.client import Submission, connect, environment, run_above, where
from gatesh.errors import GateshError
from gatesh.model import CommandLine, Ran, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places

_FIRST_WORD_S = 30.0  # how long the keeper may take to decide
_LATE_S = 30.0  # how much longer than it said it may hold


def decide(text: bytes, cwd: bytes) -> str:
    """Decide on a line that an agent is about to run; return its refusal, empty where it may run.

    Blocks while it is held. Raises GateshError where nothing can be decided.
    """
    env = environment()
    places = where(env)
    run = run_above(env, places)
    if run is not None:
        places, gate = run
        if gate:
            return ""
    what = Submission(b"hook", text)
    try:
        sock = connect(places)
    except OSError:
        return _alone(what, cwd, env, places, "there is no keeper")
    packed = b"\0".join(name + b"=" + value for name, value in env.items())
    try:
        wire.send(
            sock, b"submit", wire.VERSION, what.door, text, cwd, what.script, packed,
            what.shell, b"\0".join(what.options),
        )  # fmt: skip
        refusal = _follow(sock)
    except (OSError, wire.WireError) as error:
        raise GateshError(
            f"the keeper went away ({error}); nothing ran",
            "ask your human to start `gatesh keeper`, then start the agent again",
        ) from error
    return refusal if isinstance(refusal, str) else _alone(what, cwd, env, places, refusal[0])


def _follow(sock: wire.Socket) -> str | tuple[str]:
    """Follow the keeper to its answer; a tuple holds the reason why it does not serve us."""
    sock.settimeout(_FIRST_WORD_S)
    while True:
        match wire.receive(sock):
            case [b"held", _, seconds]:
                sock.settimeout(float(seconds) + _LATE_S)
            case [b"run", _]:
                wire.send(sock, b"handed")
                return ""
            case [b"refused", _, text]:
                return text.decode("utf-8", "replace")
            case [b"alone", reason]:
                return (reason.decode("utf-8", "replace"),)
            case _:
                raise wire.WireError("it sent an unknown message")


class _Agent:
    """The Runner of a hook: what it lets through the agent runs, and nobody tells us how that ends."""

    def run(self, line: CommandLine) -> Ran:  # noqa: ARG002  the agent has it
        return Ran(None, 0)


def _alone(
    what: Submission, cwd: bytes, env: dict[bytes, bytes], places: Places, reason: str
) -> str:
    """Take it through the gate with nobody to ask."""
    from gatesh.approval.nobody import NoApprover
    from gatesh.session import asker
    from gatesh.wiring import gate_at

    sys.setrecursionlimit(4000)  # as every door that reads
    line = command_line(what, cwd, env)
    gate, world = gate_at(places, line.cwd)
    who = asker(os.getpid(), os.getuid(), line.env)
    outcome = gate.submit(line, who, world, NoApprover(reason), _Agent())
    return outcome.message if isinstance(outcome, Refused) else ""
