"""What a database client is given: options, and the SQL in them, in files and on stdin."""

from __future__ import annotations

import os
import re

from gatesh._value import Value
from gatesh.facts.piped import apart, piped, redirected
from gatesh.facts.sql_kinds import LIMIT
from gatesh.facts.sql_statement import Statement
from gatesh.facts.surroundings import only_readers, sets
from gatesh.facts.words import UNSEEN, show
from gatesh.model import SqlStatement, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Target


_FILES = 32  # that one client's scripts may name
INTERACTIVE = ("statements typed or piped in",)


class Input(Value):
    """Some text that a client will run; what is hidden in it counts as anything."""

    text: str = ""
    cannot_see: tuple[str, ...] = ()
    folder: str = ""  # of the file it came from


class Options(Value):
    """A command line sorted by getopt_long(3): options under their long names, then operands."""

    given: tuple[tuple[str, Word | None], ...]
    operands: tuple[Word, ...]

    def all(self, *names: str) -> list[Word]:
        """Return the values of these options in order."""
        return [word for name, word in self.given if name in names and word is not None]

    def last(self, *names: str) -> Word | None:
        """Return the value that counts where an option is repeated."""
        return next(iter(reversed(self.all(*names))), None)

    def has(self, *names: str) -> bool:
        """Claim that one of these options was given."""
        return any(name in names for name, _ in self.given)


def getopt(words: tuple[Word, ...], short: dict[str, str], long: dict[str, bool]) -> Options:
    """Sort words as GNU getopt_long(3) does: clusters, `--opt=value`, unambiguous prefixes, `--`.

    `short` maps a letter to the long name; `long` says which names take a value.
    """
    given: list[tuple[str, Word | None]] = []
    operands: list[Word] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        text = word.text if word.known else word.text.lstrip("\"'")
        if text == "--":
            operands += rest
            break
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            name = _long_name(name, long)
            if equals:
                given.append((name, word.but(text=value)))
            else:
                given.append((name, rest.pop(0) if long.get(name) and rest else None))
        elif text.startswith("-") and len(text) > 1:
            for i, letter in enumerate(text[1:], 2):
                name = short.get(letter, letter)
                if long.get(name):
                    inline = word.but(text=text[i:])
                    given.append((name, inline if text[i:] else rest.pop(0) if rest else None))
                    break
                given.append((name, None))
        else:
            operands.append(word)
    return Options(tuple(given), tuple(operands))


def _long_name(name: str, long: dict[str, bool]) -> str:
    if name in long:
        return name
    fitting = [other for other in long if other.startswith(name)]
    return (
        fitting[0]
        if len(fitting) == 1 or (len({long[f] for f in fitting}) == 1 and fitting)
        else name
    )


_NAMED = ("PGHOSTADDR", "PGOPTIONS", "MYSQL_HOST")  # what counts although -h names a host


def environment(command: SimpleCommand, line: CommandLine, world: World) -> dict[str, str | None]:
    """Return what the client will find in its environment; None where a value cannot be seen."""
    if command.remote:  # the environment of another machine
        return {}
    found: dict[str, str | None] = dict(line.env)
    found |= dict.fromkeys(name for name in _NAMED if sets(name, line, world))
    for assignment in command.assignments:
        found[assignment.name] = assignment.value.text if assignment.value.known else None
    return found


def place(path: str, command: SimpleCommand, line: CommandLine) -> str | None:
    """Return the absolute path of what the client calls `path`; None where its cwd is not known."""
    if path.startswith("/"):
        return path
    if command.cwd is None:
        return None
    return os.path.join(line.cwd, command.cwd, path)


def file_input(
    word: Word, command: SimpleCommand, line: CommandLine, world: World, folder: str = ""
) -> Input:
    """Read a file of SQL that the client will read."""
    path = word.text
    if not word.known or word.globbed:
        return Input(cannot_see=(f"file: {path}",))
    if command.remote:
        return Input(cannot_see=(f"file: {path} is on {command.remote}",))
    found = os.path.join(folder, path) if folder else place(path, command, line)
    if found is None:
        return Input(cannot_see=(f"file: {path}, and nobody knows from where",))
    content = world.files.read(found, LIMIT)
    if content is None:
        return Input(cannot_see=(f"file: {path} cannot be read",))
    written = _written_in(path, line) or not only_readers(apart(command, world))
    hidden = (f"file: {path} is written by this line",) if written else ()
    return Input(content.decode("utf-8", "surrogateescape"), hidden, os.path.dirname(found))


def reader(command: SimpleCommand, line: CommandLine, world: World) -> Callable[[str], Input]:
    """Return what reads a file that a script names: `source x.sql`, `.read x.sql`."""
    left = [_FILES]

    def read(path: str) -> Input:
        left[0] -= 1
        if left[0] < 0:
            return Input(cannot_see=("file: too many",))
        return file_input(Word(path, command.span), command, line, world)

    return read


def _written_in(path: str, line: CommandLine) -> bool:
    """Claim that the line itself may write the file before the client reads it."""
    name = re.escape(os.path.basename(path))
    writes = r"(?:>|\b(?:tee|cp|mv|ln|sed|dd|install|truncate|curl|wget|git|tar)\b)[^;&|\n]*" + name
    return re.search(writes, line.text) is not None


def stdin_input(command: SimpleCommand, line: CommandLine, world: World) -> Input | None:
    """Return what the client will read from its stdin; None where nothing is known to be there."""
    if command.stdin is not None:
        hidden = () if command.stdin.known else ("stdin: holds expansions",)
        return Input(command.stdin.text, hidden)
    redirect, reads = redirected(command, world)
    if redirect is not None:
        return file_input(redirect.target, reads.but(remote=""), line, apart(command, world))
    if not command.piped_in and not any(r.op == "<&" for r in command.redirects):
        return None
    text = piped(command, line, world) if command.piped_in else None
    if text is None or not text.strip(f"{UNSEEN}\n"):
        return Input(cannot_see=("stdin: what is piped in",))
    return Input(show(text), ("stdin: holds expansions",) if UNSEEN in text else ())


def word_input(word: Word) -> Input:
    """Return SQL that stands in the command line itself."""
    if word.known:
        return Input(word.text)
    return Input(word.text.strip("\"'"), (f"text: {word.text[:200]}",))


def told(
    statements: Iterable[Statement], target: Target, hidden: tuple[str, ...] = ()
) -> list[SqlStatement]:
    """Return the facts, each different one once; what is hidden may be any statement at all."""
    found: dict[tuple[object, ...], SqlStatement] = {}
    for s in statements:
        key = (s.kind, s.tables, s.restricts)
        fact = SqlStatement(s.kind, s.tables, target, s.restricts, s.text, s.cannot_see + hidden)
        found.setdefault(key, fact)
    if hidden:
        found.setdefault(
            ("unknown", hidden), SqlStatement("unknown", (), target, cannot_see=hidden)
        )
    return list(found.values())
