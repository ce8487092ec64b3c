"""Credentials that a scope closes: the variables a line names, and their values in its words. Pure."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gatesh.model import CommandLine, SimpleCommand

_NAME = re.compile(r"[A-Za-z_]\w*")
_SHORTEST = 8  # characters of a value that is looked for in words
_MOST = 200_000  # characters that are looked through
_ALL = {"env": 1, "printenv": 1, "set": 1, "export": 1, "declare": 1, "typeset": 1, "compgen": 3}
_PRINTING = ("-p", "-x", "-px", "-xp", "-e", "-0", "--null")


def used(
    globs: Sequence[str], commands: Sequence[SimpleCommand], line: CommandLine
) -> Iterator[tuple[int, str]]:
    """Yield the commands that use a credential under one of these names, and the name."""
    closed = {
        name: value
        for name, value in line.env.items()
        if any(fnmatchcase(name, glob) for glob in globs)
    }
    for index, command in enumerate(commands):
        texts = [word.text for word in command.words]
        texts += [redirect.target.text for redirect in command.redirects]
        texts += [given.value.text for given in command.assignments]
        if command.stdin:
            texts.append(command.stdin.text)
        text = "\0".join(texts)[:_MOST]
        named = {n for n in _NAME.findall(text) if any(fnmatchcase(n, glob) for glob in globs)}
        named |= {n for n, value in closed.items() if len(value) >= _SHORTEST and value in text}
        if closed and (_prints_all(command) or re.search(r"/proc/[^\s/]+/environ", text)):
            named |= set(closed)
        yield from ((index, name) for name in sorted(named))


def _prints_all(command: SimpleCommand) -> bool:
    """Claim that a command prints the whole environment."""
    if command.program not in _ALL and not (command.program == "" and "env" in command.prefixes):
        return False
    return all(word.text in _PRINTING for word in command.words[1:])
