"""Functions and aliases that a line defines, for when it uses them.

A body is read where it is defined, with nothing known, and again at each call, with the call's arguments. The
first of these readings is dropped in the end where it is certain that all calls were seen. An alias is read
both ways, expanded and not: bash expands it from the next line on, where `shopt -s expand_aliases` is in force
(and always where it runs as `sh` or interactively), other shells sooner.
"""

from __future__ import annotations

from gatesh.shell.state import CWD, EVERYTHING
from gatesh.shell.tokens import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand, Word
    from gatesh.shell.parse import Node
    from gatesh.shell.tokens import Region, Source

MOST_CALLS = 64  # that are followed, in one line
MOST_BODIES = 4  # of one name

# Where one of these is left in a line, a function may be called unseen.
_MAY_CALL = frozenset(("eval", ".", "source", "trap", "compgen", "complete", "bind", "enable"))
_EXPORTING = frozenset(("export", "declare", "typeset"))
_CALLED_BY_BASH = frozenset(("command_not_found_handle",))
_EARLY = frozenset(("return", "local", "declare", "typeset", "break", "continue", "readonly"))


class Body:
    """A function's body, where it stands."""

    __slots__ = ("early", "node", "region", "source")

    def __init__(self, node: Node, region: Region, source: Source) -> None:
        """Keep the parts; `early` says that what it changes depends on how far it gets."""
        self.node = node
        self.region = region
        self.source = source
        words = (t for tokens in region.at.values() for t in tokens if t.kind is Kind.WORD)
        self.early = any(source.text[t.start : t.end] in _EARLY for t in words)


class Definitions:
    """What is defined so far; shared by all walks through one line."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        """Start with the functions that the environment hands in: name → `() { …; }`."""
        self.environment = environment or {}
        self.changes = {name: frozenset((EVERYTHING, CWD)) for name in self.environment}
        self.bodies: dict[str, list[Body]] = {}
        self.aliases: dict[str, list[Word]] = {}
        self.active: set[str] = set()  # functions and aliases that are being followed
        self.calls_left = MOST_CALLS
        self.unborn = 0  # how many bodies are being read around this place, with nothing known
        self._followed: set[str] = set()
        self._others: set[str] = (
            set()
        )  # programs that were started before a function had their name
        self._readings: list[tuple[str, list[SimpleCommand]]] = []
        self._unsure: set[str] = set()

    def learn(self, other: Definitions) -> None:
        """Know what a text defined that was read before."""
        self.changes |= other.changes
        for name, bodies in other.bodies.items():
            self.bodies[name] = [*self.bodies.get(name, []), *bodies]
        for name, texts in other.aliases.items():
            self.aliases[name] = [*self.aliases.get(name, []), *texts]

    def define(self, name: str, body: Body, changes: frozenset[str]) -> None:
        """Note a function: any of the bodies a name was given may be the one that runs."""
        if name in self._followed or name in self._others:
            self._unsure.add(name)  # a loop may come back to that call
        self.bodies.setdefault(name, []).append(body)
        self.changes[name] = self.changes.get(name, frozenset()) | changes

    def read(self, name: str, commands: list[SimpleCommand]) -> None:
        """Note the reading of a body with nothing known."""
        self._readings.append((name, commands))

    def callable(self, name: str) -> list[Body]:
        """Return the bodies to follow; none where it cannot be followed, or would not end."""
        bodies = self.bodies.get(name, [])
        if self.unborn:
            return []
        if not bodies or name in self.active or self.calls_left <= 0 or len(bodies) > MOST_BODIES:
            self._unsure.add(name)
            return []
        self.calls_left -= 1
        self._followed.add(name)
        return bodies

    def started(self, name: str, *, followed: bool) -> None:
        """Note that a command of that name was started, and whether it was followed as a function."""
        if self.unborn:
            return
        if name not in self.changes:
            self._others.add(name)
        elif not followed:
            self._unsure.add(name)

    @property
    def in_function(self) -> bool:
        """Claim that what is read now stands in a function's body."""
        return self.unborn > 0 or any(not name.startswith("alias ") for name in self.active)

    def alias(self, word: Word) -> None:
        """Note `NAME=text` of an alias."""
        name, equals, text = word.text.partition("=")
        if equals and word.known:
            body, known = word.but(text=text), self.aliases.setdefault(name, [])
            if body not in known:
                known.append(body)

    def without_definitions(self, commands: list[SimpleCommand]) -> list[SimpleCommand]:
        """Drop the readings of bodies all of whose calls were followed."""
        if not self._followed:
            return commands
        dropped = {
            id(command)
            for name, reading in self._readings
            if name in self._followed and name not in self._unsure and name not in _CALLED_BY_BASH
            for command in reading
        }
        kept = [command for command in commands if id(command) not in dropped]
        return commands if any(map(_may_call, kept)) else kept


def _may_call(command: SimpleCommand) -> bool:
    if not command.words:
        return False
    if not command.words[0].known or command.program in _MAY_CALL:
        return True
    return command.program in _EXPORTING and any(
        not w.known or (w.text[:1] == "-" and "f" in w.text) for w in command.words[1:]
    )
