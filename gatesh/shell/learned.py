"""What a text defines that a line's shell has read before: an agent's snapshot, BASH_ENV, `. ./lib.sh`.

Its functions and aliases are known in the line as if the line had defined them. A text is read once for many
lines: an agent brings the same snapshot back with each of its commands, a session adds a line to what it was.
"""

from __future__ import annotations

import re
from _thread import allocate_lock

from gatesh.model import SimpleCommand, Span
from gatesh.shell.context import Context
from gatesh.shell.definitions import MOST_BODIES, Definitions
from gatesh.shell.scan import MOST_CHARACTERS
from gatesh.shell.state import EVERYTHING, State
from gatesh.shell.tokens import Source, Unreadable
from gatesh.shell.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Span(0, 0)  # where commands of such a text stand in the line
_MOST_KEPT = 8
_DELETES = re.compile(r"-(?:[a-zA-Z]*[rR][a-zA-Z]*f|f[rR])\w*")
_lock = allocate_lock()  # a keeper reads for many sessions at once


class _Read:
    """A text that was read from some state on; a longer one that begins with it is read on from there."""

    def __init__(self, start: State) -> None:
        self.start = start.copy()
        self.text = ""
        self.state = start.copy()
        self.complete = True  # all of it was read
        self.closed = False  # and what stands on the next line is read as if it stood alone
        self.walk = Walk("/")

    def on(self, text: str) -> None:
        more, self.text = text[len(self.text) :], text
        try:
            self.closed = self.walk.text(Source(more, -1, NOWHERE), self.state, Context())
        except (Unreadable, RecursionError):
            self.complete = self.closed = False
            self.state.forget((EVERYTHING,))


_defining: list[_Read] = []
_recalled: list[_Read] = []


def _read(kept: list[_Read], text: str, start: State) -> _Read:
    """Return the reading of a text; the lock is held."""
    found = next((one for one in kept if one.text == text and one.start.starts_as(start)), None)
    if found is None:
        found = next((one for one in kept if _goes_on(one, text, start)), None) or _Read(start)
        found.on(text)
    kept[:] = [found, *(one for one in kept if one is not found)][:_MOST_KEPT]
    return found


def _goes_on(before: _Read, text: str, start: State) -> bool:
    """Claim that a text adds lines to one that was read; no longer one than is read at once."""
    return (
        before.closed
        and len(text) <= MOST_CHARACTERS
        and text.startswith(f"{before.text}\n")
        and before.start.starts_as(start)
    )


def defines(text: str) -> Definitions:
    """Return what a text defines, as far as it can be read."""
    found = Definitions()
    with _lock:
        found.learn(_learned(text).walk.defined)
    return found


def exact(text: str) -> bool:
    """Claim that all of a text was read, and each of its functions can be followed where it is called."""
    with _lock:
        found = _learned(text)
        bodies = found.walk.defined.bodies.values()
        return found.complete and all(len(each) <= MOST_BODIES for each in bodies)


def whole(text: str) -> bool:
    """Claim that all of a text can be read."""
    with _lock:
        return _learned(text).complete


def recall(text: str, state: State) -> None:
    """Let a state know the variables that a text declares; where it cannot be read, nothing is known."""
    with _lock:
        state.become(_read(_recalled, text, state).state)


def without_guesses(commands: tuple[SimpleCommand, ...]) -> Iterator[SimpleCommand]:
    """Leave out what such a function runs that nobody can know, unless it looks like a deletion."""
    for command in commands:
        known = command.span != NOWHERE or not command.words or command.words[0].known
        if known or any(_DELETES.fullmatch(word.text) for word in command.words):
            yield command


def _learned(text: str) -> _Read:
    state = State({}, "/", None, None, lambda _: None)
    state.forget((EVERYTHING,))
    return _read(_defining, text, state)
