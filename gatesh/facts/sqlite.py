"""sqlite3 and duckdb: their options, dot commands and the files that these read; the target is a file."""

from __future__ import annotations

import re

from gatesh.facts.sql_input import (
    Input,
    file_input,
    place,
    reader,
    stdin_input,
    told,
    word_input,
)
from gatesh.facts.sql_kinds import LIMIT, statements
from gatesh.facts.sql_scan import POSTGRES, SQLITE, Scanner
from gatesh.facts.sql_statement import Statement
from gatesh.model import Locality, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

    Read = Callable[[str], Input]

_HARMLESS = frozenset(
    """
    .bail .binary .cd .changes .columns .databases .dbinfo .dump .echo .eqp .exit .expert .explain
    .filectrl .fullschema .header .headers .help .highlight .indexes .indices .large_number_rendering
    .limit .lint .maxrows .maxwidth .mode .nullvalue .parameter .print .progress .prompt .q .quit .rows
    .sc .scanstats .schema .schemas .selftest .separator .sha3sum .show .stats .ta .tab .table .tables
    .timeout .timer .trace .version .width .connection .h .e .m
    """.split()
)
_VALUES = frozenset(
    """
    cmd init separator newline nullvalue maxsize mmap lookaside pagecache vfs escape heap A
    """.split()
)
_DUCKDB_VALUES = frozenset("c s f cmd init separator newline nullvalue storage-version".split())
_MOST = 1_000_000  # characters that are looked at to find where statements end
_ONE_DEEP = 4  # .read within .read
_ELSEWHERE = re.compile(
    r"\battach\b[^;]*(?:\btype\s+\w|\b(?:md|postgres|mysql|https?|s3|gcs):)", re.IGNORECASE
)


def sqlite3(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement and dot command that sqlite3 or duckdb would run."""
    duckdb = command.program == "duckdb"
    given: list[Input] = []
    operands = []
    rest = list(command.words[1:])
    told_all = initialized = False
    while rest:
        word = rest.pop(0)
        name = word.text.lstrip("-")
        if not word.text.startswith("-") or not name:
            operands.append(word)
        elif name in ("version", "help"):
            return []
        elif name in (_DUCKDB_VALUES if duckdb else _VALUES) and rest:
            value = rest.pop(0)
            if name in ("cmd", "c", "s"):
                given.append(word_input(value))
            elif name in ("init", "f"):
                given.append(file_input(value, command, line, world))
            told_all = told_all or name in ("c", "s", "f")
            initialized = initialized or name == "init"
    target = _target(operands[0].text if operands else ":memory:", command, line)
    given += [word_input(word) for word in operands[1:]]
    if not operands[1:] and not told_all:
        stdin = stdin_input(command, line, world)
        given += [stdin] if stdin is not None and (stdin.text or command.remote) else []
    if command.more_words:
        given.append(Input(cannot_see=("words: more will be added",)))
    read = reader(command, line, world)
    if duckdb and any(_ELSEWHERE.search(i.text) for i in given):
        target = target.but(locality=Locality.UNKNOWN)
    dialect = POSTGRES if duckdb else SQLITE
    started = [] if initialized or command.remote else _start_up(duckdb, target, world, read)
    return [
        *started,
        *(f for i in given for f in told(dotted(i.text, read, dialect), target, i.cannot_see)),
    ]


def _start_up(duckdb: bool, target: Target, world: World, read: Read) -> list[SqlStatement]:
    """Return what the start-up file runs before everything else; its reads are not worth a fact."""
    name = ".duckdbrc" if duckdb else ".sqliterc"
    content = world.files.read(f"{world.home}/{name}", LIMIT)
    if content is None:
        return []
    dialect = POSTGRES if duckdb else SQLITE
    found = told(dotted(content.decode("utf-8", "surrogateescape"), read, dialect), target)
    return [f for f in found if f.kind not in ("select", "set", "pragma", "unknown")]


def _target(name: str, command: SimpleCommand, line: CommandLine) -> Target:
    if name.startswith(("md:", "motherduck:", "postgres:", "mysql:")):
        return Target("duckdb", name.partition("?")[0], Locality.REMOTE, "argv")
    path = place(name, command, line) if not name.startswith(":") else name
    locality = Locality.UNKNOWN if command.remote else Locality.LOCAL
    return Target("sqlite", path or name, locality, "argv")


def dotted(text: str, read: Read, dialect: str = SQLITE, depth: int = 0) -> list[Statement]:
    """Classify a text with dot commands, which begin a line where no statement is open."""
    found: list[Statement] = []
    sql: list[str] = []
    length = looked = 0
    for line in text.split("\n"):
        length += len(line) + 1
        dot = line.lstrip().startswith(".")
        looked += length if dot else 0
        if looked > _MOST:  # each looks again at the statement that is open
            return [*found, Statement("unknown", text=line[:200], cannot_see=("script: too long",))]
        if not dot or not _is_complete("\n".join(sql)):
            sql.append(line)
            continue
        found += statements("\n".join(sql), dialect)
        sql, length = [], 0
        words = line.split()
        name = words[0]
        if "|" in line or (
            len(name) > 2 and (".shell".startswith(name) or ".system".startswith(name))
        ):
            found.append(
                Statement("shell escape", text=line)
            )  # .import '|rm -r x' t is a shell's, too
        elif name in (".read", ".rea") and len(words) > 1 and depth < _ONE_DEEP:
            file = read(words[1].strip("\"'"))
            more = dotted(file.text, read, dialect, depth + 1)
            hidden = [Statement("unknown", text=line)] if file.cannot_see else []
            found += [s.but(cannot_see=s.cannot_see + file.cannot_see) for s in [*more, *hidden]]
        elif name not in _HARMLESS:
            found.append(Statement("unknown", text=line))
    return [*found, *statements("\n".join(sql), dialect)]


def _is_complete(text: str) -> bool:
    """Claim that no statement, string or comment is open at the end of `text`."""
    scanner = Scanner(text, SQLITE)
    last = None
    while (token := scanner.next()) is not None:
        last = token
    return last is None or last.kind == "end"
