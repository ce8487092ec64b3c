"""What the files that a line names look like: an approval holds only as long as they stay as they are."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

_MOST = 256


def stamps(commands: Iterable[SimpleCommand], line: CommandLine, world: World) -> tuple[str, ...]:
    """Return the stamps of the regular files among the words and redirects, in the order they are named."""
    found: dict[str, str] = {}
    for command in commands:
        folder = os.path.join(line.cwd, command.cwd or "")
        for word in _named(command):
            path = os.path.join(folder, word.text)
            if path not in found and len(found) < _MOST:
                found[path] = world.files.stamp(path)
    return tuple(f"{path} {stamp}" for path, stamp in found.items() if stamp)


def _named(command: SimpleCommand) -> Iterator[Word]:
    for word in command.words:
        # `@file`, `--option=file` and `-ffile` name one too.
        for start in ("", "@", "=", ":"):
            _, cut, rest = word.text.rpartition(start) if start else ("", "", word.text)
            if word.known and rest and (cut or not start) and "\0" not in rest:
                yield word.but(text=rest)
    for redirect in command.redirects:
        if redirect.op == "<" and redirect.target.known:
            yield redirect.target
