"""A card: what an approver shows, as plain lines, and how it crosses the wire. Pure.

Times are in nanoseconds of the clock that the desk uses.
"""

from __future__ import annotations

from gatesh._value import Value


class Line(Value):
    """One line of a card, not yet wrapped; `style` is a name of screen.py's table."""

    style: str
    text: str


class Card(Value):
    """What one approver is shown. Its answer counts only with its own word."""

    id: str  # "4711" a record · "pair 3" a new terminal · "loosen 2" pattern files
    title: str  # goes into a notification too: nothing of the command's content
    head: tuple[Line, ...]
    body: tuple[Line, ...]
    how: str  # what is to be typed
    pin: bool = False  # a PIN is asked for after it
    stops: bool = False  # S stops a session
    begun_ns: int = 0
    until_ns: int = 0  # 0: does not expire


def to_fields(card: Card) -> list[bytes]:
    """Return the card as the fields of a message."""
    flat = [card.id, card.title, card.how, str(int(card.pin)), str(int(card.stops))]
    flat += [str(card.begun_ns), str(card.until_ns), str(len(card.head))]
    for line in card.head + card.body:
        flat += [line.style, line.text]
    return [field.encode("utf-8", "backslashreplace") for field in flat]


def from_fields(fields: list[bytes]) -> Card:
    """Return the card that `to_fields` made these of."""
    flat = [field.decode("utf-8", "replace") for field in fields]
    lines = [Line(*pair) for pair in zip(flat[8::2], flat[9::2], strict=True)]
    heads = int(flat[7])
    return Card(
        id=flat[0],
        title=flat[1],
        how=flat[2],
        pin=flat[3] == "1",
        stops=flat[4] == "1",
        begun_ns=int(flat[5]),
        until_ns=int(flat[6]),
        head=tuple(lines[:heads]),
        body=tuple(lines[heads:]),
    )
