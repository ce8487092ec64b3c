"""The approval screen: what waits, one card after another, and what a person types at it.

Its manners. It speaks attach.py's protocol and decides nothing: a yes goes to the keeper as it was typed.
A card is answered by typing its word; Enter, Space, `y`, pasted text, terminal reports, and whatever was
typed before the card was visible do nothing. `n` rejects, S stops the session, Space pages, Tab goes to the
next card, Ctrl-C takes back what is being typed and, twice, ends the screen. The card whose time runs out
first is shown first. A card that changed, was resized or became another is fenced again. A screen too small
to show a card honestly shows none. Between cards there is one status line, where S asks for the overview;
what happened scrolls away above it.
Over 400 lines: each of these manners is a few lines that share the state of one screen.
"""

from __future__ import annotations

import math
import os
import select
import signal
import time

from gatesh import wire
from gatesh.approval.answer import Cursor, Fence, Parser, Paste
from gatesh.approval.card import Card, from_fields
from gatesh.approval.entry import Act, Entry
from gatesh.approval.layout import LEAST_COLUMNS, LEAST_ROWS, View, lay_out
from gatesh.approval.pending import clock_ns
from gatesh.approval.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

CTRL_C, CTRL_Z = "\x03", "\x1a"
_MOST_LATER = 50
_AGAIN_S = 3.0  # a second Ctrl-C within this time ends it
_SIGNALS = (
    signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT,
    signal.SIGTTIN, signal.SIGTTOU,
)  # fmt: skip


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
        parser: Parser | None = None,
        wants: tuple[bytes, ...] = (),
    ) -> None:
        """Keep the parts. `only` is the one card to answer; `own` is the keeper's own terminal.

        `wants` is what the keeper is told once this terminal is paired; the one card is its answer.
        """
        self._wants = wants
        self._terminal, self._sock, self._name = terminal, sock, name
        self._only, self._own = only, own
        self._parser, self._fence = parser or Parser(), Fence()
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
        self._later: list[tuple[str, str]] = []
        self._end = ""

    @property
    def asks(self) -> bool:
        """Claim that a card wants an answer."""
        return bool(self._current)

    @property
    def locked(self) -> bool:
        """Claim that too many wrong PINs were typed here."""
        return self._locked

    @property
    def end(self) -> str:
        """Return why it has ended; empty while it has not."""
        return self._end

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
        # Stopped and sent to the background (an agent can do that), it serves on and waits for `fg`.
        foreground = self._terminal.foreground
        sources = [self._terminal.fd, wakes] if foreground else [wakes]
        if not self._locked:
            sources.append(self._sock.fileno())
        ready = select.select(sources, [], [], None if foreground and not self._current else 1.0)[0]
        if wakes in ready:
            self._signalled(os.read(wakes, 64))
        if self._terminal.fd in ready:
            self.typed(self._terminal.read())
        if not self._locked and self._sock.fileno() in ready:
            self.received()
        if not ready:
            self.refresh()

    # -- from the keeper --------------------------------------------------------------------------------

    def received(self) -> None:
        """Take a message of the keeper."""
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
                if words[1] == "outside":
                    self._terminal.notify(words[2])
                    self._say("alert", words[2])
                elif words[1] == "alert" or not self._only:
                    self._say(*words[1:4])
            case ["status"]:
                self._status = words[1]
                if self._only and self._only not in self._cards and not self._wants:
                    self._end = self._end or f"record {self._only} does not wait"
                self._idle()
            case ["code"]:
                self._say(
                    "note",
                    "type this code where cards are shown already, by the keeper or gatesh run:",
                )
                self._say("code", f"  {words[1]}  ")
            case ["pin"]:
                self._asks_pin = True
                self._entry = Entry(pin=True)
                self._idle()
            case ["paired"]:
                if not self._own:
                    self._say("note", f"attached as {words[1]}")
                if self._wants:
                    wire.send(self._sock, *self._wants)
            case ["refused"]:
                self._end = f"refused: {words[1]}"
            case ["locked"]:
                self._lock(words[1])

    def _take(self, card: Card, problem: str) -> None:
        known = card.id in self._cards
        self._cards[card.id] = card
        if self._only and card.id != self._only:
            return
        self._wants = ()
        if not known and card.title:
            self._terminal.notify(card.title)
        current = self._cards.get(self._current)
        if current is card and problem:
            self._show(card, problem)
        elif current is card and self._entry.stage == "comment":
            return
        elif current is None or current is card:
            self._next()
        elif _deadline(card) < _deadline(current) and self._entry.untouched:
            self._show(card)  # one whose time runs goes before one that can wait
        else:
            self.refresh()  # how many wait

    def _gone(self, id_: str, how: str) -> None:
        card = self._cards.pop(id_, None)
        if id_ == self._current:
            self._current = ""
            self._fence.close()
            self._terminal.close_card()
            self._idle()
        if self._only:
            self._end = how if id_ == self._only else self._end
            return
        if card and how:
            record = f"record {id_}: {how}  [{card.head[0].text}]"
            self._say("note", record if id_.isdecimal() else f"{card.title}: {how}")
        if not self._current:
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

    def _order(self) -> list[Card]:
        """Return the cards in the order they are shown."""
        wanted = [c for c in self._cards.values() if not self._only or c.id == self._only]
        return sorted(wanted, key=_deadline)

    def _next(self, after: Card | None = None) -> None:
        """Show the card that comes `after` this one, or the first, or the status."""
        order = self._order()
        if order and not self._end:
            self._show(order[(order.index(after) + 1) % len(order) if after else 0])
        else:
            self._idle()

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
            self._terminal.too_small(small)
            return
        self._fence.drawn(self._terminal.draw_card(self._view), time.monotonic())

    def _lay_out(self) -> View | None:
        card = self._cards[self._current]
        columns, rows = self._terminal.size
        if self._terminal.plain:
            rows = 1000 if rows >= LEAST_ROWS else rows
        order = self._order()
        place = f"({order.index(card) + 1} of {len(order)}, Tab: next)" if len(order) > 1 else ""
        prompt = self._entry.prompt + self._entry.shown
        status = _times(card)
        if self._parser.inside:
            status += " · after Esc keys are ignored: Backspace, or Esc \\, ends that"
        return lay_out(card, columns, rows, self._page, place, status, self._problem, prompt)

    def refresh(self) -> None:
        """Draw the clock and the input again."""
        view = self._lay_out() if self._current and not self._terminal.plain else None
        if view:
            self._update(view)

    def _update(self, view: View) -> None:
        if self._view:
            before, self._view = self._view, view
            self._terminal.update_card(view, before)

    def _idle(self) -> None:
        if self._current:
            return
        for style, text in self._later:
            self._terminal.say(style, text)
        self._later = []
        if self._asks_pin:
            self._terminal.status("the keeper's PIN: ")
        elif not self._end:
            said = self._status or "waits to be paired"
            keys = "" if self._only or not self._status else "; S: overview"
            self._terminal.status(f"{self._name}: {said}{keys}; Ctrl-C twice ends it")

    def _say(self, style: str, text: str, at: str = "") -> None:
        """Write a line on the main screen: now, or when the card that is open has gone."""
        at = at or time.strftime("%H:%M:%S")
        self._later = [*self._later, (style, f"{at} {text}")][-_MOST_LATER:]
        self._idle()

    # -- from the person ---------------------------------------------------------------------------------

    def typed(self, data: bytes) -> None:
        """Take what the terminal sent; nothing where it hung up."""
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
            elif event == CTRL_C:
                self._interrupt()
            elif not self._current:
                if event == "S" and self._status and not (self._only or self._locked):
                    wire.send(self._sock, b"overview")
            elif self._fence.passes(time.monotonic()):
                self._key(event)

    def _key(self, key: str) -> None:
        act = self._entry.key(key)
        if act is None:
            view = self._lay_out()
            if view:
                self._update(view)
            return
        if act.what == "page":
            self._page += 1
            self.refresh()
        elif act.what == "next":
            self._next(after=self._cards[self._current])
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

    def _interrupt(self) -> None:
        """Take back what is being typed; the second one ends the screen."""
        now = time.monotonic()
        if now - self._interrupted_s < _AGAIN_S:
            self._end = "ended"
        elif self._current:
            self._show(self._cards[self._current], f"Ctrl-C again ends {self._name}")
        self._interrupted_s = now

    def _signalled(self, numbers: bytes) -> None:
        if signal.SIGWINCH in numbers:
            self.resized()
        if signal.SIGTSTP in numbers:
            self._suspend()
        if signal.SIGCONT in numbers and self._terminal.foreground:
            self.take_back()
        if signal.SIGTERM in numbers or signal.SIGHUP in numbers or signal.SIGINT in numbers:
            self._end = "ended"

    def resized(self) -> None:
        """Draw the card anew for another size: the person looks at it again."""
        if self._current:
            card = self._cards[self._current]
            self._show(card) if self._entry.stage != "comment" else self._draw()

    def _suspend(self) -> None:
        """Stop as a shell's job does, with the terminal given back; the keeper itself never does."""
        if self._own:
            self._say("note", "the keeper is not suspended: agents would wait for it")
            return
        self._terminal.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.take_back()

    def take_back(self) -> None:
        """Hold the terminal again after a stop, and draw what it should show."""
        self._terminal.enter()
        if self._current:
            self._show(self._cards[self._current])
        else:
            self._idle()


def _fields(*texts: str) -> list[bytes]:
    return [text.encode("utf-8", "replace") for text in texts]


def _deadline(card: Card) -> float:
    return card.until_ns or math.inf


def _times(card: Card) -> str:
    """Return how long a card has waited and how long it still does."""
    if not card.until_ns:
        return ""
    now = clock_ns()
    waited, left = (now - card.begun_ns) // 10**9, max(0, card.until_ns - now) // 10**9
    return f"waits {_span(waited)}, {_span(left)} left"


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
