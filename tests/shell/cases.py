"""The tables in tests/data/parse, and how a reading is compared with one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gatesh.model import CommandLine, Reading, SimpleCommand
from gatesh.shell.read import read

DATA = Path(__file__).parent.parent / "data" / "parse"


def cases(file: str) -> list[Any]:
    """The cases of one table."""
    return tomllib.loads((DATA / file).read_text())["case"]


def reading(line: str, arguments: tuple[str, ...] = (), **env: str) -> Reading:
    """Read a line in /work with a HOME."""
    return read(CommandLine(line, "/work", {"HOME": "/home/u", **env}, arguments=arguments))


def shown(command: SimpleCommand, key: str) -> object:
    """One aspect of a command, spelled as the tables spell it."""
    match key:
        case "words":
            return [w.text if w.known else f"?{w.text}" for w in command.words]
        case "assignments":
            return [f"{a.name}={a.value.text}" for a in command.assignments]
        case "redirects":
            return [
                f"{r.fd if r.fd is not None else ''}{r.op} {r.target.text}"
                for r in command.redirects
            ]
        case "globbed":
            return [i for i, w in enumerate(command.words) if w.globbed]
        case "cwd":
            return "?" if command.cwd is None else command.cwd
        case "stdin":
            return None if command.stdin is None else command.stdin.text
        case "prefixes":
            return list(command.prefixes)
        case "origin":
            return command.origin.value
        case "more":
            return command.more_words
        case "piped":
            return command.piped_in
        case _:
            return getattr(command, key)
