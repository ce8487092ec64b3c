"""The servers of MySQL's and PostgreSQL's own programs: what option and service files add to a command line."""

from __future__ import annotations

import os

from gatesh.facts.pg_target import is_local, postgres_target
from gatesh.facts.sql_input import environment
from gatesh.facts.targets.asked import ARGV, Asked, answer, first
from gatesh.facts.words import UNSEEN
from gatesh.model import Locality, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_MYSQL = """
-h --host -P --port -D --database -u --user -S --socket --defaults-file --defaults-extra-file
--defaults-group-suffix --login-path -e --execute --result-file -r --where -w --ssl-ca
"""
_POSTGRES = """
-h --host -p --port -d --dbname -U --username -c --command -f --file -v --set -o -T -t -n -N -j -F -O --schema
--table --maintenance-db -l -D -e -E -Z -S --superuser --role
"""
_OPERAND = frozenset("psql pg_dump pgbench createdb dropdb vacuumdb reindexdb clusterdb".split())
_DEEP = 4


def target(asked: Asked) -> Target:
    """Return server and database."""
    if asked.command.program.startswith(("mysql", "mariadb")):
        return _mysql(asked)
    asked.read(_POSTGRES)
    named = asked.option("-d", "--dbname", "--maintenance-db")
    if not named[0] and asked.command.program in _OPERAND:
        named = ((asked.operands or [""])[0], ARGV)
    host = asked.option("-h", "--host")
    env = environment(asked.command, asked.line, asked.world)
    if UNSEEN in named[0] + host[0]:
        return answer("postgres", host, named, parts=[("host", UNSEEN)], local=None)
    words = [Word(text, Span(0, 0)) if text else None for text, _ in (named, host)]
    found = postgres_target(words[0], words[1], asked.command, asked.line, asked.world, env)
    server, _, database = found.name.partition("/")
    server = server.removeprefix(f"{asked.command.remote}:")
    parts = [("database", database)]
    if not (asked.command.remote and is_local(server)):
        parts += [("host", name) for name in server.split(",")]
        parts.append(("dsn", f"postgres://{found.name}"))
        if found.locality is Locality.UNKNOWN:
            parts.append(("host", "…"))  # the line may have it go elsewhere
    return found.but(parts=tuple(pair for pair in parts if pair[1]))


def _mysql(asked: Asked) -> Target:
    """Return the server of -h, else of the option files, else of MYSQL_HOST."""
    asked.read(_MYSQL)
    program = asked.command.program
    client = program in ("mysql", "mariadb")
    stored: dict[str, str] = {}
    unseen = asked.has("--login-path")
    for name, value in _stored(asked, {"client", "client-server", program, "mariadb-client"}):
        stored[name] = value
        unseen = unseen or UNSEEN in value
    host = first(
        asked.option("-h", "--host"),
        (stored.get("host", ""), "its option files"),
        asked.variable("MYSQL_HOST"),
        (UNSEEN if unseen else "", "its login path"),
    )
    database = first(
        asked.option("-D", "--database"),
        ((asked.operands or [""])[0] if client or program.endswith("dump") else "", ARGV),
        (stored.get("database", ""), "its option files"),
    )
    shown: Value = host if host[0] else ("localhost", "the client's default")
    return answer(
        "mysql",
        shown,
        database,
        parts=[
            ("dsn", f"mysql://{shown[0]}/{database[0]}".rstrip("/")),
            ("host", shown[0]),
            ("database", database[0]),
        ],
        local=None if UNSEEN in host[0] else is_local(host[0]),
    )


def _stored(asked: Asked, groups: set[str]) -> Iterator[Value]:
    """Yield the options of the files that the client reads, the strongest last."""
    alone, extra = asked.option("--defaults-file")[0], asked.option("--defaults-extra-file")[0]
    suffix = asked.option("--defaults-group-suffix")[0] or asked.variable("MYSQL_GROUP_SUFFIX")[0]
    groups = groups | {group + suffix for group in groups}
    files = ["/etc/my.cnf", "/etc/mysql/my.cnf", extra, asked.home(".my.cnf")]
    if asked.has("--no-defaults"):
        files = []
    for path in filter(None, [alone] if alone else files):
        yield from _of_file(asked, path, groups, 0)


def _of_file(asked: Asked, path: str, groups: set[str], depth: int) -> Iterator[Value]:
    content = asked.text(path) if depth <= _DEEP else None
    if content is None:
        yield "host", UNSEEN
        return
    section = ""
    for raw in content.splitlines():
        line = raw.strip()
        if line.startswith("!includedir"):
            folder = line.split(None, 1)[-1]
            for name in asked.world.files.names(folder, 100) or ():
                if name.endswith(".cnf"):
                    yield from _of_file(asked, os.path.join(folder, name), groups, depth + 1)
        elif line.startswith("!include"):
            yield from _of_file(asked, line.split(None, 1)[-1], groups, depth + 1)
        elif line.startswith("["):
            section = line.strip("[] ").lower()
        elif section in groups and line[:1] not in "#;":
            key, _, value = line.partition("=")
            yield key.strip().replace("_", "-").lower(), value.strip().strip("\"'")
