"""Database clients: what SQL they would run, and on which server.

psql has a page of its own (psql.py), sqlite3 and duckdb have one (sqlite.py). Here: mysql and mariadb, and
the PostgreSQL programs that destroy without a word of SQL. The classifier is `statements`.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.pg_target import is_local, postgres_target, unseen
from gatesh.facts.psql import psql
from gatesh.facts.sql_input import (
    INTERACTIVE,
    Input,
    Options,
    environment,
    getopt,
    reader,
    stdin_input,
    told,
    word_input,
)
from gatesh.facts.sql_kinds import LIMIT, classify, statements
from gatesh.facts.sql_scan import MYSQL, Piece, Scanner, Token
from gatesh.facts.sql_statement import Statement
from gatesh.facts.words import UNSEEN
from gatesh.model import Locality, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

    Read = Callable[[str], Input]

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
_MYSQL_COMMANDS = ("source", "system", "delimiter", "pager", "tee", "edit")
_DEEPEST = 4  # source within source


def mysql(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement that mysql or mariadb would send."""
    # -p takes its password only when attached: -psecret. Everything behind it in the word is secret.
    words = tuple(w.but(text="-p") if re.match(r"-p.", w.text) else w for w in command.words[1:])
    options = getopt(words, _MYSQL_SHORT, _MYSQL_LONG)
    if options.has("help", "version"):
        return []
    target = _mysql_target(options, command, line, world)
    given = [word_input(w) for w in options.all("execute", "init-command")]
    configured = _configured(options, command, line, world)
    given += [Input(text) for name, text in configured if name == "init-command"]
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
    read = reader(command, line, world)
    return [f for i in given for f in told(backslashed(i.text, MYSQL, read), target, i.cannot_see)]


_OPTION_FILE = re.compile(r"^\s*(host|init[-_]command|!include)\w*\s*=?\s*(.*)$", re.MULTILINE)


def _configured(
    options: Options, command: SimpleCommand, line: CommandLine, world: World
) -> list[tuple[str, str]]:
    """Return what the option files may say of a host, and of statements to begin with."""
    if command.remote:
        return []
    env = environment(command, line, world)
    homes = [env.get(name, "") for name in ("HOME", "MYSQL_HOME")]
    if any(home is None or UNSEEN in home for home in homes):
        return [("host", "")]  # any file, that may say anything
    files = [f"{homes[0] or world.home}/.my.cnf"]
    files += [f"{homes[1]}/my.cnf"] if homes[1] else []
    files += [word.text for word in options.all("defaults-file", "defaults-extra-file")]
    folder = os.path.join(line.cwd, command.cwd or "")
    texts = [world.files.read(os.path.join(folder, file), LIMIT) or b"" for file in files]
    return [
        (found[1].replace("_", "-"), found[2].strip(" \t\"'"))
        for text in texts
        for found in _OPTION_FILE.finditer(text.decode("utf-8", "replace"))
    ]


def _mysql_target(
    options: Options, command: SimpleCommand, line: CommandLine, world: World
) -> Target:
    env = environment(command, line, world)
    database = options.last("database") or (options.operands or (None,))[0]
    host = options.last("host")
    name = host.text if host is not None else env.get("MYSQL_HOST", "")
    shown = database.text if database is not None else ""
    hidden = name is None or (host is not None and unseen(host, line))
    configured = options.has(
        "defaults-file", "defaults-extra-file", "defaults-group-suffix", "login-path"
    )
    configured = configured or bool(_configured(options, command, line, world))
    if hidden or (host is None and configured) or (command.remote and is_local(name or "")):
        locality = Locality.UNKNOWN
    else:
        locality = Locality.LOCAL if is_local(name or "") else Locality.REMOTE
    where = f"{command.remote}:" if command.remote else ""
    return Target("mysql", f"{where}{name or 'localhost'}/{shown}".rstrip("/"), locality, "argv")


def backslashed(text: str, dialect: str, read: Read, depth: int = 0) -> tuple[Statement, ...]:
    r"""Classify a text that the mysql client reads: \G ends a statement, other commands are its own."""
    if len(text) > LIMIT:
        return statements(text, dialect)
    commands: list[Statement] = []
    scanner = Scanner(text, dialect, client=True)
    found: list[Piece] = []
    tokens: list[Token] = []
    while True:
        token = scanner.next()
        letter = text[scanner.position : scanner.position + 1] if token else ""
        if token is not None and not tokens and token.is_word(*_MYSQL_COMMANDS):
            rest = _rest_of_line(scanner)
            commands += _command(token.text, rest, dialect, read, depth)
            continue
        if token is not None and token.kind == "meta":
            scanner.position += 1
            if letter in "!.":  # the rest of the line is a shell's, or a file's name
                rest = _rest_of_line(scanner)
                commands += _escape(letter, rest, dialect, read, depth)
            elif letter not in "gGcpqswWxh?ntCu":
                commands.append(Statement("unknown", text=text[:2000]))
        if token is None or token.kind in ("end", "meta"):
            if tokens:
                found.append(Piece(tokens, text[tokens[0].start : tokens[-1].end]))
            tokens = []
            if token is None:
                return (*commands, *classify(found, dialect))
        else:
            tokens.append(token)


def _rest_of_line(scanner: Scanner) -> str:
    begin = scanner.position
    end = scanner.text.find("\n", begin)
    scanner.position = end if end >= 0 else len(scanner.text)
    return scanner.text[begin : scanner.position].strip()


def _command(
    word: str, rest: str, dialect: str, read: Read, depth: int
) -> tuple[Statement, ...] | list[Statement]:
    """Tell a command of the client's own: system, source, pager, tee, edit, delimiter."""
    if word in ("system", "pager", "edit"):
        return [Statement("shell escape", text=rest)] if rest or word == "edit" else []
    if word == "source":
        return _escape(".", rest, dialect, read, depth)
    return [Statement("unknown", text=f"{word} {rest}")]


def _escape(
    letter: str, rest: str, dialect: str, read: Read, depth: int
) -> tuple[Statement, ...] | list[Statement]:
    r"""Tell `\! COMMAND` and `\. FILE`."""
    if letter == "!":
        return [Statement("shell escape", text=rest)]
    given = read(rest.rstrip(";").strip("\"'")) if depth < _DEEPEST else Input(cannot_see=("file",))
    found = list(backslashed(given.text, dialect, read, depth + 1))
    if given.cannot_see:
        found.append(Statement("unknown", text=rest))
    return [s.but(cannot_see=s.cannot_see + given.cannot_see) for s in found]


__all__ = ["dropdb", "mysql", "pg_restore", "psql", "statements"]
