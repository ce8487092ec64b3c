"""What a text defines that a line's shell has read before: an agent's snapshot, BASH_ENV, `. ./lib.sh`.

Its functions and aliases are known in the line as if the line had defined them. A text is read once for many
lines: an agent brings the same snapshot back with each of its commands.
"""

from __future__ import annotations

import re

from gatesh.model import SimpleCommand, Span
from gatesh.shell.context import Context
from gatesh.shell.definitions import MOST_BODIES, Definitions
from gatesh.shell.state import EVERYTHING, State
from gatesh.shell.tokens import Source, Unreadable
from gatesh.shell.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Span(0, 0)  # where commands of such a text stand in the line
_MOST_KEPT = 8
_DELETES = re.compile(r"-(?:[a-zA-Z]*[rR][a-zA-Z]*f|f[rR])\w*")
_kept: dict[str, tuple[Definitions, bool]] = {}


def defines(text: str) -> Definitions:
    """Return what a text defines, as far as it can be read."""
    return _learned(text)[0]


def exact(text: str) -> bool:
    """Claim that all of a text was read, and each of its functions can be followed where it is called."""
    found, complete = _learned(text)
    return complete and all(len(bodies) <= MOST_BODIES for bodies in found.bodies.values())


def whole(text: str) -> bool:
    """Claim that all of a text can be read."""
    return _learned(text)[1]


def recall(text: str, state: State) -> None:
    """Let a state know the variables that a text declares; where it cannot be read, nothing is known."""
    try:
        Walk("/").text(Source(text, -1, NOWHERE), state, Context())
    except (Unreadable, RecursionError):
        state.forget((EVERYTHING,))


def without_guesses(commands: tuple[SimpleCommand, ...]) -> Iterator[SimpleCommand]:
    """Leave out what such a function runs that nobody can know, unless it looks like a deletion."""
    for command in commands:
        known = command.span != NOWHERE or not command.words or command.words[0].known
        if known or any(_DELETES.fullmatch(word.text) for word in command.words):
            yield command


def _learned(text: str) -> tuple[Definitions, bool]:
    if text not in _kept:
        walk = Walk("/")
        state = State({}, "/", None, None, lambda _: None)
        state.forget((EVERYTHING,))
        try:
            walk.text(Source(text, -1, NOWHERE), state, Context())
            complete = True
        except (Unreadable, RecursionError):
            complete = False
        if len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[text] = walk.defined, complete
    return _kept[text]
