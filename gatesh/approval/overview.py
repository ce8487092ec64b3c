"""The overview: which sessions there are, and what a person decided for longer than one command.

Each line has a number. The word and a number stop that session, free it again, or take that decision
back, so that the agent may submit the same again.
"""

from __future__ import annotations

from gatesh._value import Value
from gatesh.approval.card import Card, Line
from gatesh.approval.describe import in_brief
from gatesh.approval.elevations import Elevations, clock, title
from gatesh.approval.pending import SECOND_NS, Desk, clock_ns
from gatesh.approval.questions import same
from gatesh.model import Assurance, Elevation
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatesh.approval.pending import Decided


class Item(Value):
    """One line of it."""

    text: str
    done: str  # what is said and recorded when it is chosen
    act: Callable[[str, Assurance], None]  # by whom, and how sure that is


def items(desk: Desk, sessions: Mapping[str, str], elevations: Elevations) -> list[Item]:
    """Return what there is to stop or to take back; `sessions` are those alive, with their names."""
    decided = [one for one in desk.decided() if one.session in sessions]
    stopped = {one.session for one in decided if one.what == "stopped"}
    running = [
        Item(f"stop {name}", f"{name} was stopped", _stop(desk, session))
        for session, name in sessions.items()
        if session not in stopped
    ]
    running += [_revoked(one, elevations) for one in elevations.in_force()]
    return running + [_taken_back(one, sessions[one.session]) for one in decided]


def _stop(desk: Desk, session: str) -> Callable[[str, Assurance], None]:
    return lambda who, assurance: desk.stop_session(session, who, assurance)


def _revoked(one: Elevation, elevations: Elevations) -> Item:
    what = f"{title(one)}, until {clock(one.until_ns)}"

    def act(who: str, assurance: Assurance) -> None:  # noqa: ARG001  the Item protocol
        elevations.revoke(one.number, who)

    return Item(f"revoke {what}", f"revoked: {what}", act)


def _taken_back(one: Decided, name: str) -> Item:
    if one.request is None:
        return Item(f"free {name}, which is stopped", f"{name} is free again", _undo(one))
    what = f"{one.what}: {in_brief(one.request)}"
    if one.until_ns:
        what += f", {max(0, one.until_ns - clock_ns()) // (60 * SECOND_NS)} min left"
    return Item(f"take back: {what}", f"taken back: {what}", _undo(one))


def _undo(one: Decided) -> Callable[[str, Assurance], None]:
    return lambda who, assurance: one.forget()  # noqa: ARG005  the Item protocol


class Overview:
    """The card of it: for the one approver who asked."""

    id = "overview"
    record = 0
    closing = ""

    def __init__(self, found: list[Item], say: Callable[[str], None]) -> None:
        """Keep what can be chosen, and where to say what was done."""
        self._items, self._say = found, say

    def card(self, word: str, *, pin: bool) -> Card:
        """Return its card."""
        return Card(
            id=self.id,
            title="",
            head=(Line("rule", "sessions, and what you decided that lasts"),),
            body=tuple(
                Line("field", f"{number:3}  {printable(item.text)}")
                for number, item in enumerate(self._items, 1)
            ),
            how=f"type `{word} NUMBER` + Enter: do what that line says; n: close",
            pin=pin,
        )

    def objection(self, typed: str, word: str) -> str:
        """Return why it chooses no line."""
        said, _, number = typed.strip().partition(" ")
        if not word or not same(said, word):
            return "that was not the word"
        return "" if self._chosen(number) else "also type a line's number"

    def _chosen(self, number: str) -> Item | None:
        plain = number.isascii() and number.isdigit() and len(number) < 6
        place = int(number) if plain else 0
        return self._items[place - 1] if 0 < place <= len(self._items) else None

    def yes(self, typed: str, who: str, assurance: Assurance) -> str:
        """Do what the line says."""
        item = self._chosen(typed.strip().partition(" ")[2])
        assert item is not None
        item.act(who, assurance)
        self._say(f"{item.done}, by {who}")
        return ""

    def no(self, comment: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Change nothing."""
        return ""

    def wrong(self) -> bool:
        """Let it be tried again."""
        return True
