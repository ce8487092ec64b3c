"""The approval screen: what waits, one card after another, and what a person types at it.

Its manners. It speaks attach.py's protocol and decides nothing: a yes goes to the keeper as it was typed.
A card is answered by typing its word; Enter, Space, `y`, pasted text, terminal reports, and whatever was
typed before the card was visible do nothing. `n` or Ctrl-C rejects, S stops the session, Space pages, Tab
goes to the next card. A card that changed, was resized or became another is fenced again. A screen too
small to show a card honestly shows none. Between cards there is one status line; what happened scrolls
away above it.
"""

from __future__ import annotations

import os
import select
import signal
import time

from gatesh import wire
from gatesh.approval.answer import Cursor, Fence, Parser, Paste
from gatesh.approval.card import Card, from_fields
from gatesh.approval.entry import CTRL_C, Act, Entry
from gatesh.approval.layout import LEAST_COLUMNS, LEAST_ROWS, View, lay_out
from gatesh.approval.pending import clock_ns
from gatesh.approval.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

CTRL_Z = "\x1a"
_MOST_LATER = 50
_AGAIN_S = 3.0  # a second Ctrl-C within this time ends it
_SIGNALS = (signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTSTP)


class Screen:
    """One terminal's approval screen; `run` blocks until it ends and says why."""

    def __init__(
        self,
        terminal: Terminal,
        sock: socket.socket,
        name: str,
        *,
        only: str = "",
        own: bool = False,
    ) -> None:
        """Keep the parts. `only` is the one card to answer; `own` is the keeper's own terminal."""
        self._terminal, self._sock, self._name = terminal, sock, name
        self._only, self._own = only, own
        self._parser, self._fence = Parser(), Fence()
        self._cards: dict[str, Card] = {}
        self._current = ""
        self._entry = Entry()
        self._view: View | None = None
        self._page = 0
        self._problem = ""
        self._status = ""
        self._asks_pin = False
        self._locked = False
        self._interrupted_s = float("-inf")
        self._closed_s = float("-inf")
        self._later: list[tuple[str, str]] = []
        self._end = ""

    def run(self) -> str:
        """Show what comes and send what is answered, until the keeper or the person ends it."""
        wakes, writes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        woken = signal.set_wakeup_fd(writes)
        self._terminal.enter()
        try:
            while not self._end:
                self._turn(wakes)
        except OSError:
            self._end = "the terminal is gone"
        finally:
            self._terminal.leave()
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(wakes)
            os.close(writes)
        return self._end

    def _turn(self, wakes: int) -> None:
        sources = [self._terminal.fd, wakes]
        if not self._locked:
            sources.append(self._sock.fileno())
        ready = select.select(sources, [], [], 1.0 if self._current else None)[0]
        if wakes in ready:
            self._signalled(os.read(wakes, 64))
        if self._terminal.fd in ready:
            self._typed(self._terminal.read())
        if not self._locked and self._sock.fileno() in ready:
            self._received()
        if not ready:
            self._refresh()

    # -- from the keeper --------------------------------------------------------------------------------

    def _received(self) -> None:
        try:
            message = wire.receive(self._sock)
        except wire.WireError:
            self._end = "the keeper has ended"
            return
        words = [field.decode("utf-8", "replace") for field in message]
        match words[:1]:
            case ["card"]:
                self._take(from_fields(message[2:]), words[1])
            case ["gone"]:
                self._gone(words[1], words[2])
            case ["note"]:
                self._say(words[1], words[2])
            case ["status"]:
                self._status = words[1]
                if self._only and self._only not in self._cards:
                    self._end = self._end or f"record {self._only} does not wait"
                self._idle()
            case ["code"]:
                self._say("note", "type this code at a terminal that is attached to the keeper:")
                self._say("code", f"  {words[1]}  ")
            case ["pin"]:
                self._asks_pin = True
                self._entry = Entry(pin=True)
                self._idle()
            case ["paired"]:
                self._say("note", f"attached as {words[1]}")
            case ["refused"]:
                self._end = f"refused: {words[1]}"
            case ["locked"]:
                self._lock(words[1])

    def _take(self, card: Card, problem: str) -> None:
        known = self._cards.pop(card.id, None)
        self._cards[card.id] = card
        if known is None and (not self._only or card.id == self._only):
            self._terminal.notify(card.title)
        if self._current and card.id != self._current:
            self._refresh()  # how many wait
        if card.id == self._current:
            if self._entry.stage == "comment":
                return
            if problem or len(self._cards) == 1:
                self._show(card, problem)
                return
            self._current = ""
        self._next()

    def _gone(self, id_: str, how: str) -> None:
        card = self._cards.pop(id_, None)
        if id_ == self._current:
            self._current = ""
            self._fence.close()
            self._terminal.close_card()
            self._closed_s = time.monotonic()
        if card:
            what = f"record {id_}" if id_.isdecimal() else card.title
            self._say("note", f"{what}: {how}  [{card.head[0].text}]")
        if self._only and id_ == self._only:
            self._end = how
            return
        self._next()

    def _lock(self, why: str) -> None:
        self._locked = True
        self._cards.clear()
        self._current = ""
        self._terminal.close_card()
        self._say("alert", why)
        if not self._own:
            self._end = why

    # -- drawing ------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Show the first card that waits, or the status."""
        if self._current or self._end:
            return
        self._idle()  # what was said while a card was open
        wanted = [c for c in self._cards.values() if not self._only or c.id == self._only]
        if wanted:
            self._show(wanted[0])

    def _show(self, card: Card, problem: str = "") -> None:
        self._current, self._page, self._problem = card.id, 0, problem
        self._entry = Entry(pin=card.pin, stops=card.stops, comments=card.stops)
        self._draw()

    def _draw(self) -> None:
        """Draw the current card as a whole, and close the fence until it can have been seen."""
        self._view = self._lay_out()
        if self._view is None:
            self._fence.close()
            small = f"make this terminal at least {LEAST_COLUMNS}x{LEAST_ROWS} to see the question"
            self._terminal.close_card()
            self._terminal.say("alert", small)
            return
        self._fence.drawn(self._terminal.draw_card(self._view), time.monotonic())

    def _lay_out(self) -> View | None:
        card = self._cards[self._current]
        columns, rows = self._terminal.size
        if self._terminal.plain:
            rows = 1000 if rows >= LEAST_ROWS else rows
        places = list(self._cards)
        place = (
            f"({places.index(card.id) + 1} of {len(places)}, Tab: next)" if len(places) > 1 else ""
        )
        prompt = self._entry.prompt + self._entry.shown
        status = _times(card)
        if self._parser.inside:
            status = f"an escape sequence has begun, Esc \\ ends it · {status}"
        return lay_out(card, columns, rows, self._page, place, status, self._problem, prompt)

    def _refresh(self) -> None:
        """Draw the clock and the input again."""
        view = self._lay_out() if self._current and not self._terminal.plain else None
        if view and self._view:
            self._view = view
            self._terminal.update_card(view, len(view.rows))

    def _idle(self) -> None:
        if self._current:
            return
        for style, text in self._later:
            self._terminal.say(style, text)
        self._later = []
        if self._asks_pin:
            self._terminal.status("the keeper's PIN: ")
        elif not self._end:
            self._terminal.status(f"{self._name}: {self._status}; Ctrl-C twice ends it")

    def _say(self, style: str, text: str) -> None:
        """Write a line on the main screen: now, or when the card that is open has gone."""
        self._later = [*self._later, (style, f"{time.strftime('%H:%M:%S')} {text}")][-_MOST_LATER:]
        self._idle()

    # -- from the person ---------------------------------------------------------------------------------

    def _typed(self, data: bytes) -> None:
        if not data:
            self._end = "the terminal is gone"
            return
        for event in self._parser.feed(data):
            if isinstance(event, Cursor):
                self._fence.report(event)
            elif isinstance(event, Paste):
                if self._current:
                    self._problem = "pasted text does not answer"
                    self._show(self._cards[self._current], self._problem)
            elif event == CTRL_Z:
                self._suspend()
            elif self._asks_pin:
                self._pin_key(event)
            elif not self._current:
                self._idle_key(event)
            elif self._fence.passes(time.monotonic()):
                self._key(event)

    def _key(self, key: str) -> None:
        act = self._entry.key(key)
        if act is None:
            view = self._lay_out()
            if view and self._view:
                self._view = view
                self._terminal.update_card(view, 1)
            return
        if act.what == "page":
            self._page += 1
            self._refresh()
        elif act.what == "next":
            self._cards[self._current] = self._cards.pop(self._current)
            self._current = ""
            self._next()
        else:
            self._send(act)

    def _send(self, act: Act) -> None:
        self._fence.close()  # until the keeper has said what became of it
        match act.what:
            case "answer":
                wire.send(self._sock, b"answer", *_fields(self._current, act.typed, act.pin))
            case "reject":
                wire.send(self._sock, b"reject", *_fields(self._current, act.pin))
            case "stop":
                wire.send(self._sock, b"stop", *_fields(self._current))

    def _pin_key(self, key: str) -> None:
        if key == CTRL_C:
            self._end = "no PIN"
            return
        self._entry.stage = "pin"
        act = self._entry.key(key)
        if act and act.what == "answer":
            self._asks_pin = False
            wire.send(self._sock, b"pin", *_fields(act.pin))

    def _idle_key(self, key: str) -> None:
        now = time.monotonic()
        if key != CTRL_C or now - self._closed_s < 1.0:
            return
        if now - self._interrupted_s < _AGAIN_S:
            self._end = "ended"
        self._interrupted_s = now

    def _signalled(self, numbers: bytes) -> None:
        if signal.SIGWINCH in numbers and self._current:
            card = self._cards[self._current]
            self._show(card) if self._entry.stage != "comment" else self._draw()
        if signal.SIGTSTP in numbers:
            self._suspend()
        if signal.SIGTERM in numbers or signal.SIGHUP in numbers or signal.SIGINT in numbers:
            self._end = "ended"

    def _suspend(self) -> None:
        """Stop as a shell's job does, with the terminal given back; the keeper itself never does."""
        if self._own:
            self._say("note", "the keeper is not suspended: agents would wait for it")
            return
        self._terminal.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._terminal.enter()
        if self._current:
            self._show(self._cards[self._current])
        else:
            self._idle()


def _fields(*texts: str) -> list[bytes]:
    return [text.encode("utf-8", "replace") for text in texts]


def _times(card: Card) -> str:
    """Return how long a card has waited and how long it still does."""
    if not card.until_ns:
        return ""
    now = clock_ns()
    waited, left = (now - card.begun_ns) // 10**9, max(0, card.until_ns - now) // 10**9
    return f"waits {_span(waited)}, {_span(left)} left"


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
