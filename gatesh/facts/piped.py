"""What stands in front of a command's pipe, and what is redirected to the command around it.

The reader knows what echo and printf print where their words say it all. Here are the rest: files that cat
reads, words with parts that cannot be seen, `( … ; sleep 1) |`, and `docker exec -i db psql < dump.sql`.
"""

from __future__ import annotations

import re

from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, visible, visible_document
from gatesh.model import Redirect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|0?([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "a": "\a", "e": "\x1b", '"': '"', "'": "'"}
_ACROSS = re.compile(r"[\s;)}'\"]*\|&?[\s({'\"]*")
_QUIET = frozenset("sleep true : wait".split())


def around(command: SimpleCommand, world: World) -> list[SimpleCommand]:
    """Return the commands whose words hold this one: docker exec, ssh, sudo."""
    start, end = command.span.start, command.span.end
    return [c for c in world.before if c.span.start < start and c.span.end >= end]


def apart(command: SimpleCommand, world: World) -> World:
    """Return the world without the commands around this one: they do nothing before it but start it."""
    outer = around(command, world)
    return world.after([c for c in world.before if c not in outer]) if outer else world


def redirected(command: SimpleCommand, world: World) -> tuple[Redirect | None, SimpleCommand]:
    """Return the file that is redirected to a command, and the command in whose folder it lies."""
    outer = around(command, world)
    for one in (*outer, command):
        files = [r for r in one.redirects if r.op in ("<", "<>") and r.fd in (None, 0)]
        if files:
            return files[-1], one
    return None, command


def piped(command: SimpleCommand, line: CommandLine, world: World) -> str | None:
    """Return what comes through the pipe, UNSEEN for parts of it; None where nothing is known."""
    writing = _in_front(command, line, world)
    seen = apart(command, world)
    texts = [printed(one, Surroundings(one, line, seen)) for one in writing]
    if all(text is None for text in texts):
        return None
    return "".join(
        (UNSEEN if text is None else text)
        for text, one in zip(texts, writing, strict=True)
        if one.program not in _QUIET
    )


def _in_front(command: SimpleCommand, line: CommandLine, world: World) -> list[SimpleCommand]:
    """Return the commands that write into the pipe: `echo x |`, `(echo x; sleep 1) |`."""
    start = min((c.span.start for c in (command, *around(command, world))), default=0)
    earlier = sorted((c for c in world.before if c.span.end <= start), key=lambda c: c.span.end)
    across = line.text[earlier[-1].span.end : start] if earlier else ""
    if not earlier or not _ACROSS.fullmatch(across):
        return []
    closing = next((c for c in across if c in ")}"), "")
    if not closing:
        return earlier[-1:]
    opened = line.text.rfind("({"[closing == "}"], 0, earlier[-1].span.end)
    return [c for c in earlier if c.span.start > opened]


def printed(command: SimpleCommand, surroundings: Surroundings) -> str | None:
    """Return what echo, printf or cat writes, UNSEEN for what cannot be known."""
    texts = [visible(word) for word in command.words[1:]]
    if command.program == "echo":
        while texts and re.fullmatch(r"-[neE]+", texts[0]):
            texts.pop(0)
        return _unescaped(" ".join(texts)) + "\n"
    if command.program == "printf" and texts:
        pattern, arguments = texts[0], texts[1:]
        filled = re.sub(
            r"%(%|[-0-9.]*[sbdc])",
            lambda m: "%" if m[1] == "%" else arguments.pop(0) if arguments else "",
            pattern,
        )
        return _unescaped(filled)
    if command.program == "cat":
        documents = [r.target for r in command.redirects if r.op in ("<<", "<<-")]
        if documents:
            return visible_document(documents[-1])
        read = [surroundings.given(t) for t in texts] if texts else [surroundings.stdin()]
        return "".join(UNSEEN if text is None else text for text in read)
    return None


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] or found[2]:
            return chr(int(found[1], 16) if found[1] else int(found[2], 8) & 255)
        return _LETTERS.get(found[3], found.group())

    return _ESCAPE.sub(one, text)
