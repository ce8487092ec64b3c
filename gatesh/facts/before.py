"""The code that a line's shell reads before or beside it, and that may define what the line calls."""

from __future__ import annotations

import re
from math import inf

from gatesh.facts.opened import Opened
from gatesh.facts.scripts import Runs
from gatesh.facts.startup import before_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, Reading


def code_before(reading: Reading, line: CommandLine, world: World) -> tuple[str, ...]:
    """Return the texts that define, or may define, something by a name that the line uses."""
    names = {command.words[0].text for command in reading.commands if command.words}
    names -= {"source", "."}
    word = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w.-])")
    texts = dict.fromkeys(_texts(reading, line, world))
    return tuple(t for t in texts if names and ("base64" in t or word.search(t)))


def _texts(reading: Reading, line: CommandLine, world: World) -> Iterator[str]:
    opened = Opened(world, inf)
    path = before_line(line)
    text = opened.text(path) if path else None
    if text is not None:
        yield text
    for at, command in enumerate(reading.commands):
        if command.program in (".", "source") and not command.remote:
            runs = Runs(command, reading.commands[:at], line, world, opened)
            yield from (code.text for code in runs.code() if code.text)
