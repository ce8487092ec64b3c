"""A door without a keeper: the same gate in its own process. It records, and refuses what must be held."""

from __future__ import annotations

import os
import sys

from gatesh.approval.nobody import NoApprover
from gatesh.doors.client import Submission, say
from gatesh.errors import InputError, PatternFileError
from gatesh.model import CommandLine, Door, Ran
from gatesh.places import Places
from gatesh.run.bash import leave_as
from gatesh.session import asker, called
from gatesh.wiring import gate_at, open_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class _Bash:
    """The Runner of a door: starts the very bytes that were submitted."""

    def __init__(self, what: Submission, env: dict[bytes, bytes]) -> None:
        self._what = what
        self._env = env

    def run(self, line: CommandLine) -> Ran:
        if os.fsencode(line.text) != self._what.text:
            raise AssertionError("what was decided on is not what would run")
        return Ran(*self._what.run(self._env))


def command_line(
    what: Submission, cwd: bytes, env: dict[bytes, bytes], home: str = ""
) -> CommandLine:
    """Return the submission as the deciding half sees it; bytes that are no UTF-8 become surrogates.

    `home` is the user's own: what a shell reads first in another one is read as well.
    """
    line = CommandLine(
        text=os.fsdecode(what.text),
        cwd=os.fsdecode(cwd),
        env={os.fsdecode(name): os.fsdecode(value) for name, value in env.items()},
        door=Door(what.door.decode()),
        arguments=tuple(
            map(os.fsdecode, (what.script, *what.arguments) if what.script else what.arguments)
        ),
        script=os.fsdecode(what.script) or None,
    )
    line = line.but(called=called(line.cwd, line.env))
    if what.shell == b"bash" and what.options in ((), (b"-c",)):
        return line
    from gatesh.shell.invoked import told

    return told(line, what.shell.decode(), tuple(map(os.fsdecode, what.options)), home)


def submit(what: Submission, env: dict[bytes, bytes], places: Places, reason: str) -> NoReturn:
    """Take it through the gate with nobody to ask, and end as it ended.

    `reason` says why no keeper serves this door; it is told where something had to be held. Raises
    AuditError where the record cannot be written, PatternFileError on a broken pattern file.
    """
    sys.setrecursionlimit(
        4000
    )  # nested lists read recursively; deeper ones are refused by the reader
    line = command_line(what, os.getcwdb(), env, places.user_home)
    who = asker(os.getpid(), os.getuid(), line.env)
    try:
        gate, world = gate_at(places, line.cwd)
        outcome = gate.submit(line, who, world, NoApprover(reason), _Bash(what, env))
    except (InputError, PatternFileError) as error:
        kind = "input" if isinstance(error, InputError) else "patterns"
        open_log(places).alert(kind, f"refused a line: {error.message}", pid=who.pid)
        raise
    if isinstance(outcome, Ran):
        assert outcome.wait_status is not None  # bash was our child
        leave_as(outcome.wait_status)
    say(outcome.message.encode("utf-8", "replace"))
    os._exit(outcome.status)
