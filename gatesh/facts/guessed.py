r"""The files that a script's name may lead to where the reader does not know it: adds, never takes away.

`for f in s/*.sh; do bash $f; done`, `find s -name '*.sh' -exec bash {} \;`, `cd s; cd ..; bash s/x.sh`.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.paths import expand, filled
from gatesh.model import Certainty, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

_MOST = 24
_NAME = re.compile(r"\"?(?:\./)?\$(?:(\w+)|\{(\w+)\})\"?")
_GLOB = re.compile(r"[*?\[{~]")
_PLAIN = re.compile(r"[\w./*?\[\]{},~:@%+-]+", re.ASCII)


def files(
    word: Word,
    command: SimpleCommand,
    before: Sequence[SimpleCommand],
    line: CommandLine,
    world: World,
) -> Iterator[tuple[str, str | None]]:
    """Yield paths, each with the folder that it would run in."""
    folders = [command.cwd] if command.cwd is not None else _folders(before)
    for folder in folders:
        here = command.but(cwd=folder)
        cwd = os.path.join(line.cwd, folder)
        for path in _paths(word, here, line, world.after(before)):
            yield os.path.normpath(path), cwd


def _folders(before: Sequence[SimpleCommand]) -> list[str]:
    """Return where a command may run whose folder is not known: the line's, or one it went to."""
    found = [c.cwd for c in before if c.cwd is not None]
    return list(dict.fromkeys(["", *found]))[:8]


def _paths(word: Word, command: SimpleCommand, line: CommandLine, world: World) -> Iterator[str]:
    if filled(word, command, line):
        yield from _found(command, world, line)
        return
    looped = _NAME.fullmatch(word.text) if not word.known else None
    words = _values(looped[1] or looped[2], line.text, word) if looped else [word]
    for each in words:
        yield from [path for path in expand(each, command, line, world) if path][:_MOST]


def _values(name: str, text: str, word: Word) -> Iterator[Word]:
    """Yield what `for NAME in …` goes through, as far as it is plainly written."""
    for loop in re.finditer(rf"\bfor\s+{name}\s+in\s+([^;\n]+)", text):
        for value in loop[1].split()[:_MOST]:
            plain = value.replace('"', "").replace("'", "")
            if _PLAIN.fullmatch(plain):
                globbed = _GLOB.search(plain) is not None
                yield word.but(text=plain, certainty=Certainty.EXPANDED, globbed=globbed)


def _found(command: SimpleCommand, world: World, line: CommandLine) -> Iterator[str]:
    """Yield what the find finds that fills in the word."""
    from gatesh.facts.find import around, walk

    search = around(command, world)
    if search is None:
        return
    here = command.but(prefixes=(), more_words=False)
    for root in search.roots or [Word(".", Span(0, 0))]:
        for path in expand(root, here, line, world):
            found = walk(path, search.patterns or ["*"], world, split=False) if path else None
            yield from (found or ())[:_MOST]
            if path and world.files.kind(path) == "file":
                yield path
