"""A typed line's way through the gate: the keeper's where one serves this terminal, else one of our own."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from gatesh import wire
from gatesh.doors.client import connect, say
from gatesh.errors import Exit, GateshError
from gatesh.model import Ran, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.interactive.own import Own
    from gatesh.model import CommandLine, Outcome
    from gatesh.places import Places

    Runs = Callable[[str], Ran]

_FIRST_WORD_S = 30.0


class _Runner:
    """The Runner of one line: hands the very text to the bash behind."""

    def __init__(self, run: Runs) -> None:
        self._run = run

    def run(self, line: CommandLine) -> Ran:
        return self._run(line.text)


class Gated:
    """Decides on each line, records it, and has it run."""

    def __init__(self, places: Places, *, ask_here: bool) -> None:
        """Keep the places; rules and the log are opened with the first line that no keeper takes."""
        self._places, self._ask_here = places, ask_here
        self._own: Own | None = None
        self._loading: threading.Thread | None = None

    def submit(self, line: CommandLine, run: Runs) -> Outcome:
        """Take a line the whole way; raises GateshError where it could not be decided on or recorded."""
        try:
            sock = connect(self._places)
        except OSError:
            return self._alone(line, run, "there is no keeper")
        try:
            try:
                packed = "\0".join(f"{name}={value}" for name, value in line.env.items())
                fields = (
                    line.door.value,
                    line.text,
                    line.cwd,
                    "",
                    packed,
                    line.shell,
                    "",
                    line.known,
                )
                encoded = (field.encode("utf-8", "surrogateescape") for field in fields)
                wire.send(sock, b"submit", wire.VERSION, *encoded)
                outcome = _follow(sock, line, run)
            except (OSError, wire.WireError) as error:
                raise GateshError(
                    f"the keeper went away ({error}); nothing ran", "start `gatesh keeper` again"
                ) from error
        finally:
            sock.close()
        return self._alone(line, run, outcome) if isinstance(outcome, str) else outcome

    def prepare(self) -> None:
        """Load what the first line will need while it is typed."""
        self._loading = threading.Thread(target=self._load, daemon=True)
        self._loading.start()

    def _load(self) -> None:
        with suppress(GateshError, OSError):
            try:
                connect(self._places).close()
            except OSError:
                self._own = self._made()

    def _made(self) -> Own:
        from gatesh.interactive.own import Own

        sys.setrecursionlimit(4000)  # nested lists are read recursively
        return Own(self._places, ask_here=self._ask_here)

    def _alone(self, line: CommandLine, run: Runs, reason: str) -> Outcome:
        if self._loading:
            self._loading.join()
        if self._own is None:
            self._own = self._made()
        return self._own.submit(line, _Runner(run), reason)


def _follow(sock: wire.Socket, line: CommandLine, run: Runs) -> Outcome | str:
    """Follow the keeper's messages; a str is why it does not serve this terminal."""
    sock.settimeout(_FIRST_WORD_S)
    while True:
        match wire.receive(sock):
            case [b"held", text, seconds]:
                say(text)
                if not _wait(sock, float(seconds)):
                    return Refused(Exit.REFUSED, "gatesh: refused: you took it back\n")
            case [b"run", _]:
                ran = run(line.text)
                wire.send(sock, b"ran", b"%d" % (ran.wait_status or 0), b"%d" % ran.duration_ns)
                return ran
            case [b"refused", status, text]:
                return Refused(int(status), text.decode("utf-8", "replace"))
            case [b"alone", reason]:
                return reason.decode("utf-8", "replace")
            case _:
                raise wire.WireError("it sent an unknown message")


def _wait(sock: wire.Socket, seconds: float) -> bool:
    """Wait for the answer; False where the person at this terminal presses Ctrl-C."""
    while True:
        ready = select.select([sock.fileno(), 0], [], [], seconds + _FIRST_WORD_S)[0]
        if sock.fileno() in ready:
            sock.settimeout(_FIRST_WORD_S)
            return True
        if not ready:
            raise wire.WireError("it does not answer any more")
        if os.read(0, 4096) in (b"\x03", b""):
            return False
