"""Run one line through the real gate and die by SIGKILL at a named step: `failpoint.py STEP LINE`.

The steps are the places between the calls that `Gate.submit` makes; the adapters are the real ones, each
wrapped so that the process dies right before or right after its call. The world is the real machine.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from gatesh.doors.alone import _Bash, command_line
from gatesh.doors.client import Submission, environment
from gatesh.gate import Gate
from gatesh.model import Answer, Answered
from gatesh.places import places_below
from gatesh.session import asker
from gatesh.wiring import load_rules, open_log, world_of

STEPS = [
    f"{when} {what}"
    for what in ("begin", "ask", "answer", "run", "end")
    for when in ("before", "after")
]


class Mortal:
    """Passes calls on to an adapter and dies at the chosen one."""

    def __init__(self, inner: object, step: str) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str):
        call = getattr(self._inner, name)

        def mortal(*args, **named):
            if self._step == f"before {name}":
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **named)
            if self._step == f"after {name}":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return mortal


class Yes:
    """A person who approves whatever comes."""

    def ask(self, request: object) -> Answer:
        return Answer(Answered.APPROVED, approver="test")


def main(step: str, text: str) -> None:
    what, env = Submission(b"line", text.encode()), environment()
    places = places_below(os.environ["GATESH_HOME"])
    rules = load_rules(places)
    line = command_line(what, os.getcwdb(), env)
    gate = Gate(rules, Mortal(open_log(places), step), time.time_ns)
    who = asker(os.getpid(), os.getuid(), line.env)
    gate.submit(
        line, who, world_of(places, rules), Mortal(Yes(), step), Mortal(_Bash(what, env), step)
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
