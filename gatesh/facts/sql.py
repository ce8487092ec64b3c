"""Database clients: what SQL they would run, and on which server.

psql has a page of its own (psql.py). Here: mysql and mariadb, sqlite3, and the PostgreSQL programs that
destroy without a word of SQL. The classifier is `statements`.
"""

from __future__ import annotations

import re

from gatesh.facts.pg_target import is_local, postgres_target, unseen
from gatesh.facts.psql import psql
from gatesh.facts.sql_input import (
    INTERACTIVE,
    Input,
    Options,
    environment,
    file_input,
    getopt,
    place,
    stdin_input,
    told,
    word_input,
)
from gatesh.facts.sql_kinds import LIMIT, classify, statements
from gatesh.facts.sql_scan import MYSQL, SQLITE, Piece, Scanner, Token
from gatesh.facts.sql_statement import Statement
from gatesh.model import Locality, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

# -- PostgreSQL's own programs ---------------------------------------------------------------------

_PG_LONG = {
    "host": True, "port": True, "username": True, "dbname": True, "maintenance-db": True,
    "if-exists": False, "force": False, "interactive": False, "echo": False, "help": False,
    "version": False, "clean": False, "create": False, "list": False, "use-list": True, "file": True,
    "format": True, "jobs": True, "schema": True, "table": True, "superuser": True, "role": True,
    "index": True, "function": True, "trigger": True, "exclude-schema": True, "section": True,
    "no-owner": False, "data-only": False, "schema-only": False,
}  # fmt: skip
_PG_SHORT = {
    "h": "host",
    "p": "port",
    "U": "username",
    "V": "version",
    "?": "help",
    "i": "interactive",
}
_RESTORE_SHORT = _PG_SHORT | {
    "d": "dbname", "c": "clean", "C": "create", "l": "list", "L": "use-list", "f": "file",
    "F": "format", "j": "jobs", "n": "schema", "t": "table", "S": "superuser", "I": "index",
    "P": "function", "T": "trigger", "N": "exclude-schema",
}  # fmt: skip


def dropdb(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return the database that dropdb, or the role that dropuser, would drop."""
    options = getopt(command.words[1:], _PG_SHORT, _PG_LONG)
    if options.has("help", "version"):
        return []
    what = "drop role" if command.program == "dropuser" else "drop database"
    named = options.operands[:1]
    env = environment(command, line, world)
    database = named[0] if named and what == "drop database" else None
    target = postgres_target(database, options.last("host"), command, line, world, env)
    hidden = tuple(f"name: {w.text}" for w in named if not w.known)
    hidden += ("words: more will be added",) if command.more_words else ()
    return [SqlStatement(what, tuple(w.text for w in named), target, cannot_see=hidden)]


def pg_restore(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return what pg_restore does to a database; --clean drops every object first."""
    options = getopt(command.words[1:], _RESTORE_SHORT, _PG_LONG)
    database = options.last("dbname")
    if options.has("help", "version", "list") or database is None:
        return []  # without -d it only writes a script
    env = environment(command, line, world)
    target = postgres_target(database, options.last("host"), command, line, world, env)
    return [SqlStatement("restore clean" if options.has("clean") else "restore", (), target)]


# -- MySQL and MariaDB -----------------------------------------------------------------------------

_MYSQL_LONG = {
    "execute": True, "host": True, "port": True, "user": True, "database": True, "socket": True,
    "init-command": True, "defaults-file": True, "defaults-extra-file": True, "help": False,
    "version": False, "password": False, "delimiter": True, "default-character-set": True,
    "protocol": True, "ssl-mode": True, "ssl-ca": True, "ssl-cert": True, "ssl-key": True, "tee": True,
    "pager": True, "prompt": True, "login-path": True, "defaults-group-suffix": True,
    "max-allowed-packet": True, "connect-timeout": True, "plugin-dir": True, "default-auth": True,
}  # fmt: skip
_MYSQL_SHORT = {
    "e": "execute", "h": "host", "P": "port", "u": "user", "D": "database", "S": "socket", "V": "version",
    "?": "help", "I": "help",
}  # fmt: skip
_MYSQL_LINE = re.compile(
    r"^[ \t]*(?:source|system|delimiter|pager|tee|edit)\b", re.IGNORECASE | re.MULTILINE
)


def mysql(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement that mysql or mariadb would send."""
    # -p takes its password only when attached: -psecret. Everything behind it in the word is secret.
    words = tuple(w.but(text="-p") if re.match(r"-p.", w.text) else w for w in command.words[1:])
    options = getopt(words, _MYSQL_SHORT, _MYSQL_LONG)
    if options.has("help", "version"):
        return []
    target = _mysql_target(options, command, line, world)
    given = [word_input(w) for w in options.all("execute", "init-command")]
    if options.has("delimiter"):
        given.append(Input(cannot_see=("statements: cut at another delimiter",)))
    if not options.has("execute"):
        stdin = stdin_input(command, line, world)
        if stdin is not None and (stdin.text or not stdin.cannot_see):
            given.append(stdin)
        elif target.locality is not Locality.LOCAL:
            return [SqlStatement("interactive", (), target, cannot_see=INTERACTIVE)]
    if command.more_words:
        given.append(Input(cannot_see=("words: more will be added",)))
    return [f for i in given for f in told(_client(i.text, MYSQL), target, i.cannot_see)]


def _configured(world: World) -> bool:
    """Claim that the user's option file may name a host, or statements to begin with."""
    content = world.files.read(f"{world.home}/.my.cnf", LIMIT) or b""
    return re.search(rb"^\s*(?:host|init[-_]command|!include)", content, re.MULTILINE) is not None


def _mysql_target(
    options: Options, command: SimpleCommand, line: CommandLine, world: World
) -> Target:
    env = environment(command, line, world)
    database = options.last("database") or (options.operands or (None,))[0]
    host = options.last("host")
    name = host.text if host is not None else env.get("MYSQL_HOST", "")
    shown = database.text if database is not None else ""
    hidden = name is None or (host is not None and unseen(host, line))
    configured = options.has("defaults-file", "defaults-extra-file", "login-path")
    configured = configured or _configured(world)
    if hidden or (host is None and configured) or (command.remote and is_local(name or "")):
        locality = Locality.UNKNOWN
    else:
        locality = Locality.LOCAL if is_local(name or "") else Locality.REMOTE
    where = f"{command.remote}:" if command.remote else ""
    return Target("mysql", f"{where}{name or 'localhost'}/{shown}".rstrip("/"), locality, "argv")


def _client(text: str, dialect: str) -> tuple[Statement, ...]:
    r"""Classify a text that the mysql client reads: \G ends a statement, other commands are its own."""
    if len(text) > LIMIT or _MYSQL_LINE.search(text):
        return (Statement("unknown", text=text[:2000]), *statements(text, dialect))
    scanner = Scanner(text, dialect, client=True)
    found: list[Piece] = []
    tokens: list[Token] = []
    extra: list[Statement] = []
    while True:
        token = scanner.next()
        letter = scanner.text[scanner.position : scanner.position + 1] if token else ""
        if token is not None and token.kind == "meta":
            scanner.position += 1
            if letter in "!.":  # the rest of the line is a shell's, or a file's name
                end = scanner.text.find("\n", scanner.position)
                scanner.position = end if end >= 0 else len(scanner.text)
            if letter not in (
                "g",
                "G",
                "c",
                "p",
                "q",
                "s",
                "w",
                "W",
                "x",
                "h",
                "?",
                "n",
                "t",
                "C",
                "u",
            ):
                extra.append(
                    Statement("shell escape" if letter == "!" else "unknown", text=text[:2000])
                )
        if token is None or token.kind in ("end", "meta"):
            if tokens:
                found.append(Piece(tokens, text[tokens[0].start : tokens[-1].end]))
            tokens = []
            if token is None:
                return (*extra, *classify(found, dialect))
        else:
            tokens.append(token)


# -- SQLite ----------------------------------------------------------------------------------------

_DOT_HARMLESS = frozenset(
    """
    .bail .binary .cd .changes .databases .dbinfo .dump .echo .eqp .exit .expert .explain .filectrl
    .fullschema .headers .header .help .indexes .indices .limit .lint .mode .nullvalue .parameter
    .print .progress .prompt .quit .scanstats .schema .separator .sha3sum .show .stats .tables
    .timeout .timer .trace .version .width .selftest .connection .q .sc .ta .tab .table .schemas .h
    .e .m
    """.split()
)
_SQLITE_VALUES = frozenset(
    """
    cmd init separator newline nullvalue maxsize mmap lookaside pagecache vfs escape heap A
    """.split()
)


def sqlite3(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement and dot command that sqlite3 would run; its target is a file."""
    given: list[Input] = []
    operands = []
    rest = list(command.words[1:])
    while rest:
        word = rest.pop(0)
        name = word.text.lstrip("-")
        if not word.text.startswith("-") or not name:
            operands.append(word)
        elif name in ("version", "help"):
            return []
        elif name in _SQLITE_VALUES and rest:
            value = rest.pop(0)
            if name == "cmd":
                given.append(word_input(value))
            elif name == "init":
                given.append(file_input(value, command, line, world))
    target = _sqlite_target(operands[0].text if operands else ":memory:", command, line)
    given += [word_input(word) for word in operands[1:]]
    if not operands[1:]:
        stdin = stdin_input(command, line, world)
        given += [stdin] if stdin is not None and (stdin.text or command.remote) else []
    if command.more_words:
        given.append(Input(cannot_see=("words: more will be added",)))
    return [f for i in given for f in told(_dotted(i.text), target, i.cannot_see)]


def _sqlite_target(name: str, command: SimpleCommand, line: CommandLine) -> Target:
    path = place(name, command, line) if not name.startswith(":") else name
    locality = Locality.UNKNOWN if command.remote else Locality.LOCAL
    return Target("sqlite", path or name, locality, "argv")


def _dotted(text: str) -> list[Statement]:
    """Classify a text with dot commands, which begin a line where no statement is open."""
    found: list[Statement] = []
    sql: list[str] = []
    for line in text.split("\n"):
        if not line.lstrip().startswith(".") or not _is_complete("\n".join(sql)):
            sql.append(line)
            continue
        found += statements("\n".join(sql), SQLITE)
        sql = []
        words = line.split()
        if len(words[0]) > 2 and (".shell".startswith(words[0]) or ".system".startswith(words[0])):
            found.append(Statement("shell escape", text=line))
        elif words[0] not in _DOT_HARMLESS or "|" in line:
            found.append(Statement("unknown", text=line))
    return [*found, *statements("\n".join(sql), SQLITE)]


def _is_complete(text: str) -> bool:
    """Claim that no statement, string or comment is open at the end of `text`."""
    scanner = Scanner(text, SQLITE)
    last = None
    while (token := scanner.next()) is not None:
        last = token
    return last is None or last.kind == "end"


__all__ = ["dropdb", "mysql", "pg_restore", "psql", "sqlite3", "statements"]
