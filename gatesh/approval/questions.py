"""What can be asked at an approver: a held command line, a new terminal, pattern files that loosen.

Each knows its card, and how to read what was typed. The word is the approver's own: attach.py makes a
fresh one for every card it sends and takes it back with the first answer.
"""

from __future__ import annotations

import hmac
import threading
from functools import cached_property

from gatesh.approval.card import Card, Line
from gatesh.approval.describe import Description
from gatesh.approval.pending import Desk, Keep
from gatesh.approval.word import fresh_code
from gatesh.model import Assurance, Elevation, Request
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Question(Protocol):
        """One thing a person is asked."""

        id: str
        record: int  # 0 where it is not about a record
        closing: str  # what its own approver is told in the end

        def card(self, word: str, *, pin: bool) -> Card:
            """Return what is shown; `word` is what has to be typed."""

        def objection(self, typed: str, word: str) -> str:
            """Return why `typed` is no yes; empty where it is one."""

        def yes(self, typed: str, who: str, assurance: Assurance) -> str:
            """Do it; return why it did not count, or an empty string."""

        def no(self, comment: str, who: str, assurance: Assurance) -> str:
            """Refuse it; return why that did not count, or an empty string."""

        def wrong(self) -> bool:
            """Take a wrong answer; claim that it may be tried again."""


MOST_MINUTES = 8 * 60
WRONG_WORD = "that was not the word"


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


class HeldLine:
    """A held command line."""

    closing = ""

    def __init__(
        self,
        desk: Desk,
        request: Request,
        late_until_ns: int = 0,
        elevated: Callable[[], tuple[Elevation, ...]] = tuple,
    ) -> None:
        """Keep the request; not 0 where its asker has its refusal already. `elevated` is what is lifted."""
        self._elevated = elevated
        self.id = str(request.record)
        self.record = request.record
        self._desk, self._request, self._late_until_ns = desk, request, late_until_ns

    @cached_property
    def _description(self) -> Description:
        return Description(
            self._request
        )  # made when it is first shown: the desk must not wait for it

    def card(self, word: str, *, pin: bool) -> Card:
        """Return its card."""
        return self._description.card(word, self._late_until_ns, self._elevated(), pin=pin)

    def objection(self, typed: str, word: str) -> str:
        """Return what is missing: the word, or the name that has to follow it."""
        if self._keep(typed, word) is not None:
            return ""
        said = typed.strip().partition(" ")[0]
        if not word or not same(said, word):
            return WRONG_WORD
        name = self._description.name
        return (
            f"also type {name}"
            if name
            else f"after the word: minutes (1 to {MOST_MINUTES}), or rule"
        )

    def _keep(self, typed: str, word: str) -> tuple[Keep, int] | None:
        """Return how long the approval is to last; None where it is none."""
        said, _, rest = typed.strip().partition(" ")
        if not word or not same(said, word):
            return None
        name = self._description.name
        if name:
            return (Keep.ONCE, 0) if same(rest, name) else None
        if rest == "":
            return Keep.ONCE, 0
        if rest == "rule":
            return Keep.RULE, 0
        if rest.isascii() and rest.isdigit() and 0 < int(rest[:9]) <= MOST_MINUTES:
            return Keep.COMMAND, int(rest[:9])
        return None

    def yes(self, typed: str, who: str, assurance: Assurance) -> str:
        """Approve it."""
        said = typed.strip().partition(" ")[0]
        keep = self._keep(typed, said)
        assert keep is not None
        return self._desk.approve(self.record, who, assurance, *keep)

    def no(self, comment: str, who: str, assurance: Assurance) -> str:
        """Reject it."""
        return self._desk.reject(self.record, who, assurance, comment)

    def wrong(self) -> bool:
        """Let it be tried again."""
        return True


class NewTerminal:
    """Another terminal wants to approve: the person types the code that it shows."""

    record = 0
    closing = ""

    def __init__(self, number: int, name: str, lineage: str) -> None:
        """Make its code; `name` and `lineage` say who it is."""
        self.id = f"pair {number}"
        self.code = fresh_code()
        self.settled = threading.Event()
        self.accepted = False
        self.by = ""
        self._name, self._lineage = name, lineage

    def card(self, word: str, *, pin: bool) -> Card:  # noqa: ARG002  the code is not shown here
        """Return its card."""
        return Card(
            id=self.id,
            title="a terminal wants to approve",
            head=(Line("rule", "a terminal wants to approve"), Line("match", self._name)),
            body=(
                Line("field", printable(self._lineage)),
                Line("say", "if this is not a terminal you have just started, refuse it"),
            ),
            how="type the code that terminal shows and Enter; n refuses it",
            pin=pin,
        )

    def objection(self, typed: str, word: str) -> str:  # noqa: ARG002
        """Return that it is not the code."""
        return "" if same(typed.strip(), self.code) else "that was not the code"

    def yes(self, typed: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Let it approve."""
        self.accepted, self.by = True, who
        self.settled.set()
        return ""

    def no(self, comment: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Turn it away."""
        self.settled.set()
        return ""

    def wrong(self) -> bool:
        """Turn it away: a code is tried once."""
        self.settled.set()
        return False


class Loosening:
    """Pattern files loosen something: inactive until a person confirms it."""

    record = 0
    closing = ""

    def __init__(self, number: int, sentences: list[str], confirm: Callable[[str], None]) -> None:
        """Keep what loosens, sentence by sentence, and what to do on a yes."""
        self.id = f"loosen {number}"
        self._sentences, self._confirm = sentences, confirm

    def card(self, word: str, *, pin: bool) -> Card:
        """Return its card."""
        count = len(self._sentences)
        what = "one thing" if count == 1 else f"{count} things"
        return Card(
            id=self.id,
            title="pattern files loosen something",
            head=(Line("rule", f"your pattern files loosen {what}; inactive until you confirm"),),
            body=tuple(Line("command", printable(sentence)) for sentence in self._sentences),
            how=f"confirm all of it until this keeper ends: type `{word}` + Enter; n leaves it inactive",
            pin=pin,
        )

    def objection(self, typed: str, word: str) -> str:
        """Return that it is not the word."""
        return "" if word and same(typed.strip(), word) else WRONG_WORD

    def yes(self, typed: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Make it active."""
        self._confirm(who)
        return ""

    def no(self, comment: str, who: str, assurance: Assurance) -> str:  # noqa: ARG002
        """Leave it inactive."""
        return ""

    def wrong(self) -> bool:
        """Let it be tried again."""
        return True
