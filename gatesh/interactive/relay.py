"""The person's terminal while a line runs: bytes pass both ways, and nothing of the hand-over is seen."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
import tty
from typing import TYPE_CHECKING

from gatesh.interactive.behind import Behind, LostError, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

_LATE_S = 0.1  # a line that takes longer may have taken the prompt's hook away
_LOST_S = 3.0  # bash is at its prompt and says nothing: it will not
_AT_ONCE = 1024  # bytes a terminal certainly takes
_STARTUP_S = 1.0  # a startup file that takes longer may be asking something
_UNDERWAY_S = 0.02  # what is passed to a terminal takes a moment to be there
_LAST_WORD_S = 0.2  # between what bash says of itself and the end of what it has printed


class HungUpError(Exception):
    """The person's terminal is gone."""


class Outer:
    """The terminal that the door was started on: raw while a line runs."""

    def __init__(self) -> None:
        """Remember its modes."""
        self._modes = termios.tcgetattr(0)
        self.resized = True
        self._wakes, self._writes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def raw(self) -> None:
        """Let every key through, and hear when the size changes."""
        tty.setraw(0, termios.TCSANOW)
        signal.signal(signal.SIGWINCH, lambda *_: None)
        signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)

    def quiet(self) -> None:
        """Keep what is typed for whom it is meant, unread and unseen."""
        modes = termios.tcgetattr(0)
        typed = termios.ICANON | termios.ECHO | termios.ISIG
        quiet = [
            *self._modes[:3],
            self._modes[3] & ~typed,
            self._modes[4],
            self._modes[5],
            [*modes[6]],
        ]
        quiet[6][termios.VMIN], quiet[6][termios.VTIME] = 1, 0
        termios.tcsetattr(0, termios.TCSANOW, quiet)

    def restore(self) -> None:
        """Give it back as it was."""
        signal.set_wakeup_fd(-1)
        termios.tcsetattr(0, termios.TCSANOW, self._modes)

    @property
    def wakes(self) -> int:
        """Return a descriptor that can be read when the size has changed."""
        return self._wakes

    @property
    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        try:
            found = os.get_terminal_size(0)
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    def woken(self) -> None:
        """Forget that the size changed."""
        os.read(self._wakes, 512)


class Marks:
    """Splits what comes from bash's terminal at the marks: `S` a line starts, `R` it was none, `E` it ended."""

    def __init__(self, mark: str) -> None:
        """Know the marks of one bash."""
        self._whole = {name: f"\x1b]6973;{name};{mark}\x07".encode() for name in "SRE"}
        self._held = b""

    def split(self, data: bytes) -> Iterator[bytes | str]:
        """Yield output and the marks' letters in their order; what may begin a mark waits for the next call."""
        data, self._held = self._held + data, b""
        while data:
            place = data.find(b"\x1b]6973;")
            if place < 0:
                keep = _unfinished(data)
                self._held = data[len(data) - keep :]
                yield data[: len(data) - keep]
                return
            if place:
                yield data[:place]
            data = data[place:]
            for name, mark in self._whole.items():
                if data.startswith(mark):
                    yield name
                    data = data[len(mark) :]
                    break
                if mark.startswith(data):
                    self._held = data
                    return
            else:
                yield data[:1]
                data = data[1:]

    def flush(self) -> bytes:
        """Return what was kept and turned out to be no mark."""
        held, self._held = self._held, b""
        return held


def _unfinished(data: bytes) -> int:
    """Return how many bytes at the end may begin a mark."""
    for length in range(min(6, len(data)), 0, -1):
        if b"\x1b]6973;".startswith(data[-length:]):
            return length
    return 0


class Relay:
    """Passes keys and output between the person's terminal and the bash behind."""

    def __init__(self, outer: Outer, behind: Behind) -> None:
        """Keep both ends; `swallow` is on between the hand-over and the start of a line."""
        self._outer, self._behind = outer, behind
        self._marks = Marks(behind.mark)
        self._swallow = False
        self._ended = self._silent = self._keep = False
        self._early = self._passed = 0.0
        self.column_known = True  # the last thing printed was the end of a line
        self.typed = b""  # keys that nobody has got yet

    def run(
        self, *, started: bool = False, silent: bool = False, keep: bool = False
    ) -> Report | None:
        """Relay until bash is at its prompt again and return what it says; None where it has ended.

        `started` says that nothing of the hand-over is to be hidden; `silent` that all of a line is;
        `keep` that no key may wait in bash's terminal: the line is to make another program of bash.
        Raises LostError where bash will take no further line.
        """
        self._swallow, self._ended = not started, False
        self._silent, self._keep = silent, keep
        self._early = time.monotonic() + _STARTUP_S if started else 0.0
        self._outer.raw()
        try:
            return self._relay()
        finally:
            self._outer.quiet()

    def _relay(self) -> Report | None:
        began = time.monotonic()
        looked, lost = False, 0.0
        while True:
            wait = _LATE_S if not looked or lost or self._swallow else None
            if self.typed and not (self._swallow or self._keep or time.monotonic() < self._early):
                self._forward()
                wait = _UNDERWAY_S if self.typed else wait
            ready = self._ready(wait)
            if self._behind.lines.fileno() in ready:
                said = self._behind.hear()
                if said == "plain":
                    self._behind.edit_no_more()
                    self._swallow = self._silent = True
                elif isinstance(said, Report):
                    self._finish()
                    return said
            if self._behind.ended in ready:
                self._drain()
                return None
            now = time.monotonic()
            if (
                self._swallow
                and not self._silent
                and now - began > _LATE_S
                and not self._behind.at_prompt
            ):
                self._swallow = False  # the mark that says a line starts is gone
            if not looked and now - began > _LATE_S and self._behind.taken:
                looked = True
                self._same_bash()
                self._behind.look_for_hook()
            lost = self._lost(looked, lost, now)

    def _lost(self, looked: bool, since: float, now: float) -> float:
        """Return since when bash has been at its prompt without a word, and not busy with making it."""
        if not looked or not self._behind.at_prompt or not self._behind.taken:
            return 0.0
        if since and now - since > _LOST_S:
            raise LostError("the bash behind does not answer any more", "a new one is started")
        return since or now

    def _ready(self, wait: float | None) -> list[int]:
        behind = self._behind
        sources = [0, behind.master, behind.lines.fileno(), behind.ended, self._outer.wakes]
        ready = select.select(sources, [], [], wait)[0]
        if self._outer.wakes in ready:
            self._outer.woken()
            behind.resize(self._outer.size)
        if 0 in ready:
            self._keys()
        if behind.master in ready:
            self._show(_read(behind.master))
        return ready

    # -- keys --------------------------------------------------------------------------------------------

    def _keys(self) -> None:
        data = _read(0)
        if not data:  # it hung up
            self._behind.hang_up()
            raise HungUpError
        self.typed += data  # what comes before the line has started waits for it

    def _forward(self) -> None:
        """Pass keys on, but never to something that has taken bash's place and would run them."""
        self._same_bash()
        self._passed = time.monotonic()
        if select.select([], [self._behind.master], [], 0)[1]:
            self.typed = self.typed[os.write(self._behind.master, self.typed[:_AT_ONCE]) :]

    def _same_bash(self) -> None:
        if self._behind.replaced and not _ready_to_read(self._behind.ended):
            raise LostError(
                "the shell became another program, which would run what is typed unread; it was ended",
                "start programs without exec; here is a new shell",
            )

    # -- output ------------------------------------------------------------------------------------------

    def _show(self, data: bytes) -> None:
        for piece in self._marks.split(data):
            if piece == "S":
                self._swallow = self._silent
            elif piece == "R":
                self._swallow = False
            elif piece == "E":
                self._ended = True
            elif isinstance(piece, bytes) and not self._swallow and piece:
                self.column_known = piece.endswith(b"\n")
                _write(piece)

    def _finish(self) -> None:
        """Show what bash printed before it spoke, and take back what was typed ahead."""
        until = time.monotonic() + _LAST_WORD_S
        while not self._ended and (left := until - time.monotonic()) > 0:
            if select.select([self._behind.master], [], [], left)[0]:
                self._show(_read(self._behind.master))
        if time.monotonic() - self._passed < _UNDERWAY_S:
            time.sleep(_UNDERWAY_S)
        self.typed = self._behind.typed_ahead() + self.typed

    def _drain(self) -> None:
        while select.select([self._behind.master], [], [], 0)[0]:
            data = _read(self._behind.master)
            if not data:
                break
            self._show(data)
        held = self._marks.flush()
        if held and not self._swallow:
            _write(held)

    # -- while a line is edited: editor.Beside -----------------------------------------------------------

    @property
    def output(self) -> int:
        """Return the descriptor of bash's terminal."""
        return self._behind.master

    @property
    def ended(self) -> int:
        """Return a descriptor that can be read when bash has ended."""
        return self._behind.ended

    def printed(self) -> bytes | None:
        """Return what programs in the background have printed; None where bash's terminal is gone."""
        data = _read(self._behind.master)
        if not data:
            return None
        return b"".join(piece for piece in self._marks.split(data) if isinstance(piece, bytes))


def _ready_to_read(number: int) -> bool:
    return bool(select.select([number], [], [], 0)[0])


def _read(number: int) -> bytes:
    try:
        return os.read(number, 1 << 16)
    except OSError:  # EIO: the other side is gone
        return b""


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
