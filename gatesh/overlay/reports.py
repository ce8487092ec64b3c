"""What comes from the person's terminal while a card is up: keys for the card, reports for the agent.

An agent asks its terminal this and that (its size, its colours, where the cursor stands) and waits for the
answer; a card may come in between. What only a terminal sends is handed on to the agent; keys, mouse, focus
and pastes are not, and neither is the answer to the card's own question.
"""

from __future__ import annotations

import re

from gatesh.approval.answer import Cursor, Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.approval.answer import Event

_LONGEST = 1 << 16
_MOST_EXPECTED = 8  # answers that have not come: some terminals give none
_STRING = re.compile(rb"\x1b[]P_^X]|[\x90\x98\x9d-\x9f]")
_REPORT = re.compile(rb"(?:\x1b\[|\x9b)(?:[?>=][0-9;:$]*[a-zA-Z]|[0-9;]*[Rnctxy])$")


class ReportsAside(Parser):
    """A Parser that hands a terminal's reports to `forward`."""

    def __init__(self, forward: Callable[[bytes], None]) -> None:
        """Begin outside every sequence."""
        super().__init__()
        self._forward = forward
        self._raw = b""
        self._ours: list[Cursor] = []  # where the card's own questions find the cursor
        self.place: Cursor | None = None  # where it stood before the card
        self._asks_place = False

    def ask_place(self) -> None:
        """Take the next answer for where the cursor stood before the card."""
        self._asks_place, self.place = True, None

    def expect(self, cursor: Cursor) -> None:
        """Expect the answer to a question of the card's."""
        self._ours = [*self._ours[-_MOST_EXPECTED:], cursor]

    def without_late(self, data: bytes) -> bytes:
        """Return what was typed at the agent, without answers to a card that has gone."""
        for cursor in list(self._ours):
            answer = b"\x1b[%d;%dR" % (cursor.row, cursor.column)
            if answer in data:
                self._ours.remove(cursor)
                data = data.replace(answer, b"", 1)
        return data

    def feed(self, data: bytes) -> list[Event]:
        """Return what was typed in `data`, together with what was fed before."""
        found: list[Event] = []
        for byte in data:
            was_inside = self.inside
            events = super().feed(bytes((byte,)))
            found += events
            if was_inside or self.inside:
                self._raw = (self._raw + bytes((byte,)))[: _LONGEST + 1]
            if was_inside and not self.inside:
                self._ended(events)
        return found

    def _ended(self, events: list[Event]) -> None:
        raw, self._raw = self._raw, b""
        if self._asks_place and events and isinstance(events[0], Cursor):
            self._asks_place, self.place = False, events[0]
        elif events and isinstance(events[0], Cursor) and events[0] in self._ours:
            self._ours.remove(events[0])
        elif len(raw) <= _LONGEST and (_STRING.match(raw) or _REPORT.match(raw)):
            self._forward(raw)
