"""The relay: bytes between the person's terminal and the agent's, and the card in between.

One thread of a process of its own, so that neither a decision that takes its time nor a flood of output
delays a key. Where the person's terminal does not keep up, the agent's is not read: it is held back as it
would be without a relay. While a card is up a bounded amount is read and kept, and not a byte gets out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import struct
import termios
import time
from contextlib import suppress

from gatesh.overlay import modes
from gatesh.overlay.front import DONE, FOREGROUND, RESUME, SUSPEND
from gatesh.overlay.model import model
from gatesh.overlay.over import CardScreen, Over
from gatesh.overlay.reports import ReportsAside
from gatesh.overlay.track import Tracker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gatesh.approval.answer import Cursor

_READ = 1 << 16
_FEW = 1 << 10
_MOST_HELD = 1 << 20
_MOST_KEYS = 1 << 16
_LOOK_S = 1.0  # how often the card's clock is drawn
_BACKGROUND_S = 0.3  # how often a relay in the background looks whether it is called
_JIGGLE_S = (
    0.25  # how long the agent's terminal has another size: some look 0.1 s after they are told
)
_MOST_LAST = 64  # reads of what an agent has left to say
_SIGNALS = (signal.SIGWINCH, signal.SIGCONT)


class Relay:
    """Between `outer`, the person's terminal, and `inner`, the master of the agent's."""

    def __init__(
        self,
        outer: int,
        inner: int,
        keeper: socket.socket,
        guard: socket.socket,
        types: int,
        notify: Callable[[str], None],
    ) -> None:
        """Take the descriptors; `keeper` asks, `guard` tells when to let go of the terminal.

        `types` gets a byte whenever keys were passed on.
        """
        self._types = types
        self._outer, self._inner, self._keeper, self._guard = outer, inner, keeper, guard
        self.tracker = Tracker()
        self._out = bytearray()
        self._keys = bytearray()
        self._kept = bytearray()
        self._ended = False  # nobody has the agent's terminal open any more
        self._asked = True  # the keeper is there
        self._active = False  # the terminal is ours
        self._left = False  # it was
        self._drawn_s = 0.0
        self._jiggled_s: float | None = None  # when the agent's terminal was given another size
        self._over = Over(outer, self, notify)
        self._model = model(*self._over.whole)
        self._resized = False  # while a card was up
        self._parser = ReportsAside(self._keys.extend)
        self._screen = CardScreen(self._over, keeper, "gatesh run", own=True, parser=self._parser)
        for descriptor in (outer, inner):
            os.set_blocking(descriptor, False)
        self._wakes, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self) -> None:
        """Relay until nobody has the agent's terminal open; raises OSError where the person's is gone."""
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._take_terminal()
        try:
            while not self._ended or self._out:
                self._turn()
            self._over.close_card()
            self._put_back()
        finally:
            self._over.leave()

    # -- one turn ------------------------------------------------------------------------------------

    def _turn(self) -> None:
        reads: list[int] = [self._wakes]
        if not self._ended:
            reads.append(self._guard.fileno())
        if self._asked:
            reads.append(self._keeper.fileno())
        if self._active and len(self._keys) < _MOST_KEYS:
            reads.append(self._outer)
        if not self._ended and not self._out and len(self._kept) < _MOST_HELD:
            reads.append(self._inner)
        writes = [self._outer] if self._out else []
        if self._keys and not self._ended:
            writes.append(self._inner)
        ready, writable, _ = select.select(reads, writes, [], self._patience())
        if self._inner in ready:
            self._told()
        if self._outer in ready:
            self._typed()
        if self._outer in writable:
            self._flush()
        if self._keys and not self._ended:
            self._type()
        if self._wakes in ready:
            self._signalled(os.read(self._wakes, 64))
        if self._guard.fileno() in ready:
            self._commanded()
        if self._asked and self._keeper.fileno() in ready:
            self._screen.received()
            if self._screen.end:
                self._finish()
        if self._over.boxed and time.monotonic() - self._drawn_s >= _LOOK_S:
            self._drawn_s = time.monotonic()
            self._screen.refresh()
        if self._jiggled_s is not None and time.monotonic() - self._jiggled_s >= _JIGGLE_S:
            self._jiggled_s = None
            self._fit()
        if not ready and not self._active:
            self._take_terminal()

    def _finish(self) -> None:
        """Read no keys any more: the keeper is gone, and with it the session; its last output still comes."""
        self._asked = False
        self._over.close_card()
        if self._screen.locked:
            return  # after too many wrong PINs: the agent still has its person
        self._active = False
        for _ in range(_MOST_LAST):
            if not select.select([self._inner], [], [], 0)[0] or self._ended:
                break
            self._told()
            self._flush_all()
        self._put_back()
        self._over.leave()

    def _put_back(self) -> None:
        """Say the last of what was kept, and undo what the agent has left on: it may have been killed."""
        self.write(self.tracker.finish())
        self.write(self.tracker.feed(modes.left_on(self.tracker)))
        self._flush_all()

    def _patience(self) -> float | None:
        if self._jiggled_s is not None:
            return _JIGGLE_S
        if not self._active and (self._asked or self._screen.locked):
            return _BACKGROUND_S
        return _LOOK_S if self._over.boxed else None

    def _told(self) -> None:
        """Read what the agent writes: a terminal gives little at a time."""
        data = b""
        while len(data) < _READ:
            try:
                part = os.read(self._inner, _READ)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                part = b""
            if not part:
                self._ended = True
                break
            data += part
            if len(part) < _FEW:
                break  # a key's echo does not wait for a second look
        if not data:
            return
        if self._over.boxed:
            self._kept += data
        else:
            self._let_out(data)

    def _let_out(self, data: bytes) -> None:
        was_alternate = self.tracker.alternate
        if self._model and not was_alternate and self.tracker.enters(data):
            self._model.begin(self.tracker.recent)
            was_alternate = True
        whole = self.tracker.feed(data)
        self.write(whole)
        if self._model and (was_alternate or self.tracker.alternate):
            self._model.feed(whole)

    def _typed(self) -> None:
        """Read what the person types: the card's where there is one, else the agent's."""
        if not self._over.foreground:
            self._active, self._left = False, True
            return
        data = self._read_outer()
        if self._over.boxed:
            self._screen.typed(data)
        else:
            self._keys += self._parser.without_late(data)

    def _read_outer(self) -> bytes:
        try:
            data = os.read(self._outer, _READ)
        except BlockingIOError:
            return b""
        except OSError:
            if self._over.foreground:
                raise
            self._active, self._left = False, True  # taken from us in this very moment
            return b""
        if not data:
            raise OSError(errno.EIO, "the terminal is gone")
        return data

    def _type(self) -> None:
        try:
            del self._keys[: os.write(self._inner, self._keys)]
            with suppress(OSError):  # nobody reads along
                os.write(self._types, b".")
        except BlockingIOError:
            return
        except OSError:
            self._keys.clear()  # nobody reads them any more

    def _flush_all(self) -> None:
        while self._out:
            select.select([], [self._outer], [])
            self._flush()

    def _flush(self) -> None:
        try:
            del self._out[: os.write(self._outer, self._out)]
        except BlockingIOError:
            return

    # -- over.Under ------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send to the person's terminal."""
        self._out += data
        self._flush()

    def hold(self) -> None:
        """Let nothing of the agent through; what was typed before the card is the agent's."""
        self._resized = False
        if self._active:
            self._keys += self._read_outer()
        if self.placed and not self.tracker.alternate:
            self._parser.ask_place()
            self.write(b"\x1b[6n")

    def release(self) -> None:
        """Let through what was held."""
        kept, self._kept = bytes(self._kept), bytearray()
        if kept:
            self._let_out(kept)

    @property
    def placed(self) -> bool:
        """Claim that the cursor is put back by us: the agent may have its own in the terminal's slot."""
        return self._model is not None if self.tracker.alternate else self.tracker.saves

    def place(self) -> bytes:
        """Return what puts the cursor back; empty where nobody knows."""
        if self.tracker.alternate:
            return self._model.place(self.tracker) if self._model else b""
        at, self._parser.place = self._parser.place, None
        if at is None:
            return b""
        origin = b"\x1b[?6h" if self.tracker.on(6) else b""
        return origin + b"\x1b[%d;%dH" % (at.row, at.column) + self.tracker.pen

    def rows(self, count: int) -> bytes:
        """Return what draws the first rows again; the agent has to where no model knows all of them."""
        columns, rows = self._over.whole
        if not self._model or self.tracker.hides:
            self._set_size(columns, max(1, rows - 1))
            self._jiggled_s = time.monotonic()
        if not self._model:
            return b""
        whole = self._resized or self.tracker.hides
        return self._model.rows(rows if whole else count, links=self.tracker.links)

    def asked(self, cursor: Cursor | None) -> None:
        """Expect the answer to the card's own question."""
        if cursor:
            self._parser.expect(cursor)

    # -- the terminal ------------------------------------------------------------------------------------

    def _take_terminal(self) -> None:
        """Take it where it is ours to take."""
        if self._over.foreground and (self._asked or self._screen.locked):
            self._over.enter()
            self._fit()
            if self._left and not self._active:
                os.kill(os.getppid(), FOREGROUND)
            self._active, self._left = True, False
            if self._screen.asks:
                self._screen.resized()

    def _fit(self) -> None:
        """Give the agent's terminal the size of the person's."""
        self._set_size(*self._over.whole)

    def _set_size(self, columns: int, rows: int) -> None:
        with suppress(OSError):
            size = struct.pack("=4H", rows, columns, 0, 0)
            fcntl.ioctl(self._inner, termios.TIOCSWINSZ, size)

    def _signalled(self, numbers: bytes) -> None:
        if signal.SIGWINCH in numbers:
            self.tracker.resized()
            self._resized = True
            if self._model:
                self._model.resize(*self._over.whole)
            self._fit()
            if self._active and self._screen.asks:
                self._screen.resized()
        if signal.SIGCONT in numbers:
            self._take_terminal()

    def _commanded(self) -> None:
        """Let go of the terminal, or take it again: the agent has stopped, or goes on."""
        command = self._guard.recv(16)
        if not command:
            raise OSError(errno.EPIPE, "the guard is gone")
        if SUSPEND in command:
            self._active, self._left = False, True
            self._over.close_card()
            self._flush()
            self._over.leave()
            self._guard.send(DONE)
        if RESUME in command:
            self._take_terminal()
