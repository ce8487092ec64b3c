"""The card over an agent: approval's terminal and screen, drawn over whatever the agent draws.

While a card is up nothing of the agent reaches the terminal. On the main screen the terminal itself keeps
what was there (its alternate screen); on the alternate one the rows under the card are drawn again from a
model of the agent's screen, or by the agent, which is told twice that its terminal has another size.
"""

from __future__ import annotations

import re
import termios
import time
import tty
from contextlib import suppress

from gatesh.approval.entry import Act
from gatesh.approval.layout import LEAST_ROWS, wrap
from gatesh.approval.screen import Screen
from gatesh.approval.seal import hold_terminal, release_terminal
from gatesh.approval.terminal import Terminal
from gatesh.overlay import modes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from gatesh.approval.answer import Cursor
    from gatesh.approval.card import Card
    from gatesh.approval.layout import View
    from gatesh.overlay.track import Tracker

    class Under(Protocol):
        """What lies under a card: the relay."""

        tracker: Tracker

        def write(self, data: bytes) -> None:
            """Send to the person's terminal."""

        def hold(self) -> None:
            """Let nothing of the agent through."""

        def release(self) -> None:
            """Let through what was held, and what comes."""

        @property
        def placed(self) -> bool:
            """Claim that it puts the cursor back itself."""

        def rows(self, count: int) -> bytes:
            """Return what draws the first rows of the agent's alternate screen again."""

        def place(self) -> bytes:
            """Return what puts the cursor back; empty where the terminal has to."""

        def asked(self, cursor: Cursor | None) -> None:
            """Expect the answer to the card's own question about the cursor."""


_ROWS_OVER_ALTERNATE = 18  # a model is only as right as its agreement with the terminal: few rows
_AGAIN_S = 3.0  # a second Ctrl-C within this time rejects


class _Stream:
    """What prompt_toolkit writes to: a raw terminal, which adds nothing to the end of a line."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        self._write(re.sub("(?<!\r)\n", "\r\n", text).encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept here."""


class Over(Terminal):
    """The person's terminal, held for an agent."""

    def __init__(self, fd: int, under: Under, notify: Callable[[str], None]) -> None:
        """Draw on `fd` through `under`; `notify` is told what waits."""
        super().__init__(fd, _Stream(under.write))  # type: ignore[arg-type]
        self._under, self._notify = under, notify
        self.boxed = False
        self._covered = 0
        self._placed = False

    @property
    def size(self) -> tuple[int, int]:
        """Return the columns and rows that a card may take."""
        columns, rows = self.whole
        few = self._under.tracker.alternate and rows > LEAST_ROWS
        return columns, min(rows, _ROWS_OVER_ALTERNATE) if few else rows

    @property
    def whole(self) -> tuple[int, int]:
        """Return the columns and rows of the whole terminal."""
        return super().size

    def enter(self) -> None:
        """Take it: raw, exclusive; the agent's modes stay as they are."""
        hold_terminal(self.fd)
        tty.setraw(self.fd, termios.TCSADRAIN)
        self.held = True

    def leave(self) -> None:
        """Give it back as it was."""
        if not self.held:
            return
        self.held = False
        with suppress(OSError, termios.error):  # it may have hung up
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._saved)
        release_terminal(self.fd)

    def say(self, style: str, text: str) -> None:
        """Leave the agent's screen alone: what is to be known is recorded."""

    def status(self, text: str) -> None:
        """Leave the agent's screen alone."""

    def notify(self, text: str) -> None:
        """Ring, and say it where the person may be."""
        super().notify(text)
        self._notify(text)
        if not self.held:
            self._raw(
                "\r\ngatesh: an agent in the background waits for you: fg shows the question\r\n"
            )

    def draw_card(self, view: View) -> Cursor | None:
        """Draw it over the agent's screen, and ask for the cursor's position."""
        if not self.held:
            return None  # in the background: it is drawn when the terminal is ours again
        self._cover()
        at = super().draw_card(view)
        self._under.asked(at)
        return at

    def update_card(self, view: View, before: View) -> None:
        """Draw again what is not as it was `before`."""
        if self.boxed:
            super().update_card(view, before)

    def too_small(self, text: str) -> None:
        """Say so where the card would be."""
        if not self.held:
            return
        self._cover()
        if self.plain:
            self._raw(f"\r\n{text}\r\n")
            return
        self._on_card = True
        columns, rows = self.whole
        for number, row in enumerate(wrap(text, columns)[:rows], 1):
            self._raw(f"\x1b[{number};1H\x1b[0;1;7m{row}\x1b[0m\x1b[K")

    def close_card(self) -> None:
        """Put the agent's screen back, and let its output through again."""
        if not self.boxed:
            return
        super().close_card()
        self.boxed = False
        self._under.release()

    def _cover(self) -> None:
        self._covered = max(self._covered, self.size[1])
        if self.boxed:
            return
        self.boxed = True
        self._under.hold()
        if self.plain:
            self._raw("\r\n")
        else:
            self._placed = self._under.placed
            self._under.write(
                modes.before(self._under.tracker, placed=self._placed, rows=self.whole[1])
            )

    def _begin_card(self) -> None:
        """Nothing more: `_cover` has made room."""

    def _end_card(self) -> None:
        tracker, covered = self._under.tracker, self._covered
        self._covered = 0
        rows = self._under.rows(covered) if tracker.alternate else b""
        place = self._under.place() if self._placed else b""
        self._under.write(modes.after(tracker, rows, place, placed=self._placed))


class CardScreen(Screen):
    """The screen of the one who started the agent: nothing but cards, and Ctrl-C twice is a no."""

    def _take(self, card: Card, problem: str) -> None:
        """Give way to the agent, which goes on without it, where nobody has begun to answer in time.

        A late yes is for `gatesh approve`: a card that stays keeps what the agent writes, until it has to wait.
        """
        late = any(line.style == "late" for line in card.head)
        begun = card.id == self._current and not self._entry.untouched
        if late and not begun and not problem:
            self._gone(card.id, "")
        else:
            super()._take(card, problem)

    def _interrupt(self) -> None:
        now = time.monotonic()
        if not self.asks:
            return
        if now - self._interrupted_s < _AGAIN_S:
            self._interrupted_s = float("-inf")
            self._send(Act("reject"))
        else:
            self._interrupted_s = now
            self._show(self._cards[self._current], "Ctrl-C again rejects it")

    def _suspend(self) -> None:
        """Stay: agents would wait."""

    def _say(self, style: str, text: str, at: str = "") -> None:
        """Say nothing over an agent's screen: what is to be known is recorded."""
