"""What gatesh says of a line when an ordinary rule asks about `zap`, held against the calls that bash made."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.model import CommandLine, Decision, Door, SimpleCommand, Unparsed, Verdict, Word
from gatesh.places import places_below
from gatesh.policy import verdict_of
from gatesh.wiring import gate_for_check
from tests.shell.bash import ARGUMENTS, Bash

RULE = """
[zap]
cli      = "zap"
severity = "critical"
class    = "data-destroy"
say      = "zaps"
instead  = "do not"
catches  = ["zap a", "zap b"]
passes   = ["echo zap", "zapper a"]
"""


class Said(NamedTuple):
    """What gatesh says: the rules that hold the line, and every `zap` in the reading."""

    rules: frozenset[str]
    commands: tuple[SimpleCommand, ...]
    unparsed: str

    @property
    def elsewhere(self) -> frozenset[str]:
        """The rules that hold the line whatever is in it."""
        return self.rules & {"unparsed", "unknown-program", "unseen-code", "refused"}


class Judge:
    """A gate with the shipped rules and one on `zap`, in the folder where bash will run the line."""

    def __init__(self, folder: Path, bash: Bash) -> None:
        (folder / "patterns").mkdir(mode=0o700)
        (folder / "patterns" / "zap.toml").write_text(RULE)
        self._gate, world = gate_for_check(places_below(str(folder)))
        self._world: World = World(world.files, world.probe, bash.env["HOME"], world.grammars)
        self._bash = bash

    def says(self, text: str) -> Said:
        """Consider a line as `gatesh check` does."""
        line = CommandLine(
            text, str(self._bash.work), self._bash.env, Door.CHECK, arguments=ARGUMENTS
        )
        try:
            seen, decision = self._gate.consider(line, self._world)
        except InputError:
            return Said(frozenset(("refused",)), (), "")
        zaps = tuple(c for c in seen.reading.commands if c.program == "zap")
        unparsed = seen.reading.reason if isinstance(seen.reading, Unparsed) else ""
        return Said(_rules(decision), zaps, unparsed)


def _rules(decision: Decision) -> frozenset[str]:
    return frozenset(m.rule for m in decision.matches if verdict_of(m) is not Verdict.ALLOW)


def missed(calls: list[list[str]], said: Said, text: str) -> list[str] | None:
    """Return a call that gatesh neither showed nor held the line for.

    Words are read as bash reads them; where another shell runs the line, only the name counts.
    """
    if said.elsewhere:
        return None
    other = (
        re.search(r"\b(?:(?:da)?sh|script|split|flock|make|awk|perl|python3)\b", text) is not None
    )
    for call in calls:
        shown = other or any(fits(call, command) for command in said.commands)
        if "zap" not in said.rules or not shown:
            return call
    return None


def fits(call: list[str], command: SimpleCommand) -> bool:
    """Claim that a command of the reading may have been this call: what it calls known has to be right."""
    words = command.words[1:]
    return command.more_words or _aligned(tuple(call), words)


def _aligned(call: tuple[str, ...], words: tuple[Word, ...]) -> bool:
    if not words:
        return not call
    first, rest = words[0], words[1:]
    if not first.known:
        return any(_aligned(call[taken:], rest) for taken in range(len(call) + 1))
    if first.globbed:
        made = itertools.takewhile(lambda word: fnmatch.fnmatchcase(word, first.text), call)
        most = max(len(list(made)), call[:1] == (first.text,))
        return any(_aligned(call[taken:], rest) for taken in range(1, most + 1))
    return call[:1] == (first.text,) and _aligned(call[1:], rest)


_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


def shrunk(text: str, fails: Callable[[str], bool], most: int = 400) -> str:
    """Return a shorter text that fails too; whole words go, so that no new name comes up."""
    tokens, left = _TOKEN.findall(text), most
    size = max(1, len(tokens) // 2)
    while size:
        for start in _starts(len(tokens), size):
            shorter = tokens[:start] + tokens[start + size :]
            left -= 1
            if left < 0:
                return "".join(tokens)
            if start < len(tokens) and fails("".join(shorter)):
                tokens = shorter
        size //= 2
    return "".join(tokens)


def _starts(length: int, size: int) -> Iterator[int]:
    return iter(range(length - size, -1, -size))
