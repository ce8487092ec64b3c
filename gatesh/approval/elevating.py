"""The card of an elevation: what a person at a paired terminal wants to lift, and its word."""

from __future__ import annotations

from gatesh.approval.card import Card, Line
from gatesh.approval.elevations import Wanted, clock, span, title
from gatesh.approval.questions import WRONG_WORD, same
from gatesh.errors import AuditError
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.approval.elevations import Elevations
    from gatesh.model import Assurance

ID = "elevate"  # of the card
LEAST_S, MOST_S, DEFAULT_S = 60, 8 * 3600, 15 * 60
_LONGEST = 200


class Elevating:
    """The card of one, for the approver who wants to give it."""

    id = ID
    record = 0

    def __init__(self, wanted: Wanted, elevations: Elevations) -> None:
        """Keep what is wanted, and who gives it."""
        self._wanted, self._elevations = wanted, elevations
        self.closing = "nothing was lifted"

    def card(self, word: str, *, pin: bool) -> Card:
        """Return its card."""
        wanted = self._wanted
        return Card(
            id=self.id,
            title="",
            head=(
                Line("rule", f"lift for {span(wanted.seconds)}"),
                Line("match", printable(wanted.said)),
            ),
            body=(
                Line("field", f"of        the {printable(wanted.name)}"),
                Line("field", f"which has {printable(wanted.scope)}"),
                Line(
                    "say",
                    "what its scope would hold there runs without a question, and is recorded",
                ),
                Line("field", "never     what is off-limits or `never`; rules go on asking"),
            ),
            how=f"type `{word}` + Enter: yes; n: no",
            pin=pin,
        )

    def objection(self, typed: str, word: str) -> str:
        """Return that it is not the word."""
        return "" if word and same(typed.strip(), word) else WRONG_WORD

    def yes(self, typed: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Give it."""
        try:
            given = self._elevations.give(self._wanted, who, assurance)
        except AuditError as error:
            return f"it cannot be recorded: {error.message}"
        self.closing = f"{title(given)}, until {clock(given.until_ns)}"
        return ""

    def no(self, comment: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Lift nothing."""
        return ""

    def wrong(self) -> bool:
        """Let it be tried again."""
        return True


def wanted_of(
    session: str, name: str, scope: str, classes: str, target: str, seconds: str
) -> Wanted | str:
    """Return what an approver asks to lift, or why that cannot be."""
    globs = tuple(classes.split())
    if not name:
        return "there is no such session"
    if not scope:
        return f"the {name} is held to no scope: there is nothing to lift"
    if not globs or not target.strip() or len(classes) + len(target) > _LONGEST:
        return "neither class nor target is named"
    if "*" in globs and target == "*":
        return "name a class or a target: what is lifted has a limit"
    if not seconds.isdecimal() or not LEAST_S <= int(seconds[:9]) <= MOST_S:
        return f"from {span(LEAST_S)} to {span(MOST_S)}"
    return Wanted(globs, target, session, name, scope, int(seconds))
