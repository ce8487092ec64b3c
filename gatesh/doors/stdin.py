"""Command lines on standard input: each complete command is decided on, and one bash runs them all.

Nothing is read beyond a complete command: what stands behind it may be input of the command itself. A line
that is refused leaves 126 in `$?`, and the next one is read. The end of a command is recorded with the start
of the next, whose `$?` is then known. sh and zsh get their whole input as one text.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from gatesh import wire
from gatesh.approval.nobody import NoApprover
from gatesh.doors.client import connect, say, wait
from gatesh.doors.earlier import Known
from gatesh.errors import GateshError, InputError, PatternFileError, RunError
from gatesh.model import CommandLine, Door, Ran
from gatesh.places import private
from gatesh.run.bash import leave_as
from gatesh.run.behind import Behind, EndedError
from gatesh.run.complete import OPEN, WHOLE, state
from gatesh.session import asker
from gatesh.wiring import gate_at, open_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from gatesh.doors.client import Submission
    from gatesh.places import Places

    Finish = Callable[[int, int], None]  # exit status, nanoseconds: writes the end row

_FIRST_WORD_S = 30.0
_MOST_TEXT = 4 << 20


def serve(what: Submission, env: dict[bytes, bytes], places: Places) -> NoReturn:
    """Serve a session until its input ends, and end as bash ended."""
    gc.freeze()
    sys.setrecursionlimit(4000)
    behind = Behind(what.words(), what.name, env, private(places.runtime))
    session = _Session(behind, (what.name, *what.arguments), env, places)
    try:
        while True:
            session.take(*_next(behind))
    except EndedError as ended:
        session.ended(ended)
        leave_as(ended.wait_status)


def _next(behind: Behind) -> tuple[bytes, str]:
    """Return the next command with its state; one that is not complete is the last."""
    text = b""
    while True:
        line = _line(behind)
        text += line
        found = state(os.fsdecode(text.removesuffix(b"\n"))) if text else OPEN
        if found != OPEN or not line.endswith(b"\n"):
            return text, found
        if len(text) > _MOST_TEXT:
            raise RunError("a command of more than 4 MB", "put it into a file, and run that")


def _line(behind: Behind) -> bytes:
    """Return the input up to the end of a line, and not a byte more."""
    line = b""
    while not line.endswith(b"\n"):
        behind.wait_for(0)
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line


def _refuse_descriptors(text: str) -> None:
    """Refuse what could read the script that bash is given: it has it at a descriptor of 10 or more."""
    import re

    plain = re.sub(r"['\"\\]", "", text)
    if re.search(r"[<>]&\s*(?:\d{2,}|[$`{])|-\w*u\s*(?:\d{2,}|[$`])", plain):
        raise InputError(
            "a descriptor of 10 or more, or one that nobody knows, is not duplicated in a session on stdin",
            "use 3 to 9 by their numbers, or run it with bash -c",
        )


class _Session:
    """What happened to the lines before, as far as the next one has to know it."""

    def __init__(
        self, behind: Behind, words: tuple[bytes, ...], env: dict[bytes, bytes], places: Places
    ) -> None:
        self._behind, self._places = behind, places
        self._words = tuple(map(os.fsdecode, words)) if words[1:] else ()
        self._env = {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}
        self._known = Known()
        self._open: tuple[Finish, int] | None = (
            None  # a command that has run: its status is not known
        )

    def take(self, text: bytes, found: str) -> None:
        """Decide on a command and have it run, or leave the status of a refusal."""
        if not text:
            self._behind.end()
        shown = os.fsdecode(text if found == OPEN else text.removesuffix(b"\n"))
        if not shown.strip() or all(row.lstrip()[:1] in ("", "#") for row in shown.split("\n")):
            return
        line = CommandLine(
            shown,
            os.fsdecode(self._behind.cwd),
            self._env,
            Door.STDIN,
            self._words,
            known=self._known.text,
            called=(os.fsdecode(self._behind.cwd), ""),
        )
        try:
            _refuse_descriptors(shown)
            self._known.require_room()
            finish = self._submit(line)
        except GateshError as error:
            say(error.lines().encode("utf-8", "replace"))
            finish = error.status
        if isinstance(finish, int):
            self._run(b"(exit %d)" % finish, None)
            return
        if found != WHOLE:
            self._run(b":", None)  # bash is about to end: how the command before it did is told now
        if found == OPEN:
            self._open = (finish, 0)
            self._behind.finish(text)
        self._known.add(line)
        self._run(os.fsencode(shown), finish)

    def _run(self, text: bytes, finish: Finish | None) -> None:
        began = time.monotonic_ns()
        before, self._open, current = self._open, None, finish
        try:
            status = self._behind.run(text)
        except EndedError as ended:
            took = time.monotonic_ns() - began
            if before and ended.before is not None:
                before[0](ended.before, before[1])
            self._open = (current, took) if current else None
            raise
        if before:
            before[0](status, before[1])
        self._open = (current, time.monotonic_ns() - began) if current else None

    def ended(self, ended: EndedError) -> None:
        """Write down how the last command ended: as bash did."""
        if self._open:
            finish, took = self._open
            finish(os.waitstatus_to_exitcode(ended.wait_status), took)

    # -- the gate --------------------------------------------------------------------------------------------

    def _submit(self, line: CommandLine) -> Finish | int:
        """Return what writes the end row of a line that may run now, or the status of its refusal."""
        try:
            sock = connect(self._places)
        except OSError:
            return self._alone(line, "there is no keeper")
        packed = "\0".join(f"{name}={value}" for name, value in line.env.items())
        fields = (
            line.door.value, line.text, line.cwd, "", packed, "bash", "", line.known, *line.arguments,
        )  # fmt: skip
        encoded = (field.encode("utf-8", "surrogateescape") for field in fields)
        try:
            wire.send(sock, b"submit", wire.VERSION, *encoded)
            found = _follow(sock)
        except (OSError, wire.WireError) as error:
            raise GateshError(
                f"the keeper went away ({error}); nothing ran",
                "ask your human to start `gatesh keeper`, then start the agent again",
            ) from error
        return self._alone(line, found) if isinstance(found, str) else found

    def _alone(self, line: CommandLine, reason: str) -> Finish | int:
        who = asker(os.getpid(), os.getuid(), line.env)
        try:
            gate, world = gate_at(self._places, line.cwd)
            opened = gate.open(line, who, world)
        except (InputError, PatternFileError) as error:
            open_log(self._places).alert("input", f"refused a line: {error.message}", pid=who.pid)
            raise
        refused = gate.settle(opened, world, NoApprover(reason))
        if refused:
            say(refused.message.encode("utf-8", "replace"))
            return refused.status
        return lambda status, took: gate.close(opened, Ran(_wait_status(status), took))


def _follow(sock: wire.Socket) -> Finish | int | str:
    """Follow the keeper's messages; a text is why it does not serve this session."""
    sock.settimeout(_FIRST_WORD_S)
    while True:
        match wire.receive(sock):
            case [b"held", text, seconds]:
                say(text)
                wait(sock, float(seconds))
            case [b"run", _]:
                return lambda status, took: _ran(sock, status, took)
            case [b"refused", status, text]:
                say(text)
                return int(status)
            case [b"alone", reason]:
                return reason.decode("utf-8", "replace")
            case _:
                raise wire.WireError("it sent an unknown message")


def _ran(sock: wire.Socket, status: int, took: int) -> None:
    try:
        wire.send(sock, b"ran", b"%d" % _wait_status(status), b"%d" % took)
    except OSError:
        say(b"gatesh: error: the keeper went away; how this command ended is not recorded\n")
    finally:
        sock.close()


def _wait_status(status: int) -> int:
    """Return an exit status, or a signal's number below zero, as wait() has it."""
    return -status if status < 0 else status << 8
