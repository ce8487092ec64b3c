"""`gatesh --line-gate`: the loop of prompt, gate and run."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from gatesh.doors.client import say
from gatesh.errors import Exit, GateshError
from gatesh.interactive.behind import Behind, LostError, Report
from gatesh.interactive.known import command_line, replaces
from gatesh.interactive.relay import HungUpError, Outer, Relay
from gatesh.interactive.search import remembered
from gatesh.interactive.startup import startup
from gatesh.model import Ran, Refused

if TYPE_CHECKING:
    from gatesh.interactive.editor import Editor
    from gatesh.interactive.lines import Unit
    from gatesh.model import CommandLine
    from gatesh.places import Places


class Shell:
    """One person's shell: the terminal, the bash behind it, and the gate between."""

    def __init__(
        self, env: dict[bytes, bytes], places: Places, options: tuple[bytes, ...], *, ask_here: bool
    ) -> None:
        """Start the bash behind; what is needed at its first prompt is imported meanwhile."""
        self._outer = Outer()
        self._env, self._options = env, options
        self._behind, self._relay = self._start()
        from gatesh.interactive.gated import Gated

        self._gated, self._log = Gated(places, ask_here=ask_here), places.audit_db
        self._editor: Editor | None = None
        self._report: Report | None = None
        self._fresh = True  # it has not come to its first prompt

    def _start(self) -> tuple[Behind, Relay]:
        behind = Behind(self._env, *startup(self._options), self._outer.size)
        return behind, Relay(self._outer, behind)

    def run(self) -> int:
        """Serve until bash ends; return its wait status."""
        try:
            while self._served():
                pass
        except HungUpError:
            self._behind.hang_up()
        finally:
            self._outer.restore()
        return self._behind.wait()

    def _served(self) -> bool:
        """Serve one prompt; where bash is lost, go on with another. False where it has ended."""
        try:
            if self._fresh:
                self._report, self._fresh = self._relay.run(started=True), False
            return self._serve()
        except LostError as error:
            self._outer.restore()
            say(error.lines().encode("utf-8", "replace"))
            self._restart()
            return True

    def _serve(self) -> bool:
        """Run what is entered at one prompt; False where bash has ended."""
        for unit in self._entered() if self._report else ():
            self._take(unit)
            if self._report is None:
                break
        return self._report is not None

    def _restart(self) -> None:
        """Start another bash where this one was; what is left of it ends."""
        cwd = self._behind.cwd
        self._behind.hang_up()
        self._behind.wait()
        with suppress(OSError):
            os.chdir(cwd)
        typed = self._relay.typed
        self._behind, self._relay = self._start()
        self._relay.typed = typed
        self._fresh = True

    # -- a line ------------------------------------------------------------------------------------------

    def _entered(self) -> list[Unit]:
        """Return the commands of what is entered at the prompt."""
        from gatesh.interactive.editor import GoneError
        from gatesh.interactive.lines import Unit, split

        assert self._report is not None
        if self._editor is None:
            self._editor = self._make_editor()
            self._gated.prepare()
        with suppress(OSError):
            os.chdir(self._behind.cwd)  # completion looks at files from there
        _write(self._marks_before())
        try:
            text, self._relay.typed = self._editor.read(
                self._report, self._take_typed(), self._relay
            )
        except KeyboardInterrupt:
            self._fail(128 + signal.SIGINT)
            return []
        except GoneError:
            self._report = None
            return []
        except EOFError:
            _write(b"exit\r\n")
            return [Unit("exit")]
        if self._report.expands_history and ("!" in text or text.startswith("^")):
            expanded = self._behind.ask("expand", text)
            if not expanded.startswith("yes\n"):
                event = expanded.partition("history: ")[2].removesuffix(
                    ": history expansion failed"
                )
                say(f"bash: {event or text}: event not found\n".encode())
                return []
            if expanded[4:] != text:
                text = expanded[4:]
                _write(text.replace("\n", "\r\n").encode() + b"\r\n")
        units, rest = split(text)
        return [*units, *([Unit(rest)] if rest else [])]

    def _take_typed(self) -> bytes:
        typed, self._relay.typed = self._relay.typed, b""
        return typed

    def _take(self, unit: Unit) -> None:
        """Decide on a command, record it and run it."""
        assert self._report is not None
        if unit.empty:
            self._fail(self._report.status)  # a new prompt, as bash makes one
            return
        if unit.refused:
            say(unit.refused.encode("utf-8", "replace") + b"\n")
            self._fail(Exit.USAGE)
            return
        functions = partial(self._behind.ask, "functions")
        line = command_line(unit.text, self._report, self._behind.cwd, functions)
        try:
            outcome = self._gated.submit(line, partial(self._run, line))
        except LostError:
            raise
        except GateshError as error:
            outcome = Refused(error.status, error.lines())
        if isinstance(outcome, Refused):
            say(outcome.message.encode("utf-8", "replace"))
            self._fail(outcome.status)

    def _fail(self, status: int) -> None:
        self._behind.fail(status)
        self._report = self._relay.run(silent=True)

    def _run(self, line: CommandLine, text: str) -> Ran:
        """Have the bash behind run the text of a line."""
        keep = replaces(line)
        started = time.monotonic_ns()
        self._behind.resize(self._outer.size)
        _write(b"\x1b]133;C\x07")
        self._behind.submit(text)
        self._report = self._relay.run(keep=keep)
        took = time.monotonic_ns() - started
        if self._report is None:
            return Ran(None, took)
        _write(b"\x1b]133;D;%d\x07" % self._report.status)
        return Ran(self._report.status << 8, took)

    # -- around the prompt -------------------------------------------------------------------------------

    def _marks_before(self) -> bytes:
        """Return what tells the terminal where it is: a line of its own, the folder, a prompt's beginning."""
        columns = self._outer.size[0]
        alone = b"" if self._relay.column_known else b" " * (columns - 1) + b"\r\x1b[K"
        self._relay.column_known = True
        folder = quote(self._behind.cwd).encode()
        return alone + b"\x1b]7;file://%b%b\x07" % (socket.gethostname().encode(), folder)

    def _make_editor(self) -> Editor:
        from gatesh.interactive.editor import Editor
        from gatesh.interactive.lines import split

        return Editor(
            self._older,
            lambda text: self._behind.ask("complete", text),
            lambda text: not split(text)[1],
        )

    def _older(self) -> list[str]:
        printed = self._behind.ask("history", "")
        found = [entry.strip() for entry in printed.split("\n\t ")]
        return [*remembered(self._log), *(entry for entry in reversed(found) if entry)]


def _write(data: bytes) -> None:
    if data and os.environ.get("TERM", "dumb") != "dumb":
        os.write(1, data)
