"""The many other clients of SQL databases, as a table: where each finds its statements, and its server.

What their own shells understand besides SQL (backslash and dot commands, GO) is read as by the client they
take after. A dialect that no scanner of ours knows is read twice, and counts as the worse of the two.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts import sql
from gatesh.facts.pg_target import is_local, postgres_target, unseen
from gatesh.facts.psql import script
from gatesh.facts.sql_client_table import CLIENTS, Client
from gatesh.facts.sql_input import (
    INTERACTIVE,
    Input,
    Options,
    environment,
    file_input,
    getopt,
    reader,
    stdin_input,
    told,
    word_input,
)
from gatesh.facts.sql_kinds import LIMIT, statements
from gatesh.facts.sql_scan import MYSQL, POSTGRES
from gatesh.facts.sql_tsql import batches
from gatesh.facts.sqlite import dotted
from gatesh.model import Locality, SqlStatement, Target, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gatesh.facts import World
    from gatesh.facts.sql_statement import Statement
    from gatesh.model import CommandLine, SimpleCommand

_READ_ALIKE = re.compile(r"[\\#$\"`\[]|--|/[*/]")  # what not every scanner reads alike
_HARMLESS = frozenset({"select", "show", "explain", "transaction", "set", "use", "analyze"})
# Words that begin what only looks, in one dialect or the other.
_LOOKING = re.compile(
    r"(?:show|describe|desc|use|list|ls|explain|summarize|from|exists|undrop|print|pragma|help|values)\b",
    re.IGNORECASE,
)
_MUTATION = re.compile(
    r"alter\s+table\s+(\S+)\s+(?:on\s+cluster\s+\S+\s+)?(delete|update)\b(.*)",
    re.IGNORECASE | re.DOTALL,
)


class _Given(Value):
    """A command line sorted by the grammar of its client."""

    client: Client
    options: Options
    operands: dict[str, tuple[Word, ...]]

    def words(self, *names: str) -> list[Word]:
        """Return the values of options, and of operands, that go by these names."""
        found = self.options.all(*names)
        for name in names:
            found += self.operands.get(name, ())
        return found


def clients(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement that the client would send."""
    given = _sorted(command)
    if given is None or given.options.has("help", "version", *given.client.dry.split()):
        return []
    target = _target(given, command, line, world)
    if given.client.passed_on:  # neonctl connection-string --psql -- -c '…'
        words = given.operands.get("passed", ())
        return [
            f.but(target=target)
            for f in sql.psql(command.but(words=(command.words[0], *words)), line, world)
        ]
    read = _inputs(given, command, line, world)
    if read is None:
        if target.locality is Locality.LOCAL:
            return []
        return [SqlStatement("interactive", (), target, cannot_see=INTERACTIVE)]
    found = []
    for one in read:
        if given.client.language == "psql":
            found += script(one, target, command, line, world)
        else:
            found += told(
                _statements(one.text, given.client, reader(command, line, world)),
                target,
                one.cannot_see,
            )
    return found


def _sorted(command: SimpleCommand) -> _Given | None:
    """Return the command line by the first grammar whose sub-commands it names."""
    for client in CLIENTS.get(command.program, ()):
        options = getopt(command.words[1:], client.short, client.long)
        operands = list(options.operands)
        path = client.path.split()
        if len(operands) < len(path) or not all(
            word.text in part.split("|") for word, part in zip(operands, path, strict=False)
        ):
            continue
        rest = operands[len(path) :]
        named: dict[str, tuple[Word, ...]] = {}
        for name in client.operands.split():
            if name.endswith("*"):
                named[name[:-1]] = tuple(rest)
                break
            if rest:
                named[name] = (rest.pop(0),)
        return _Given(client, options, named)
    return None


def _inputs(
    given: _Given, command: SimpleCommand, line: CommandLine, world: World
) -> list[Input] | None:
    """Return every text that will run; None where the client waits for somebody to type."""
    client = given.client
    texts = given.words(*client.sql.split())
    found = [word_input(word) for word in texts]
    if client.joins and found:
        found = [Input(" ".join(i.text for i in found), sum((i.cannot_see for i in found), ()))]
    for word in given.words(*client.files.split()):
        for part in word.text.split(",") if word.known and client.language == "tsql" else [""]:
            found.append(file_input(word.but(text=part) if part else word, command, line, world))
    if command.more_words:
        found.append(Input(cannot_see=("words: more will be added",)))
    if found:
        return found
    stdin = stdin_input(command, line, world)
    if stdin is None or (stdin.cannot_see and not stdin.text and command.piped_in):
        return None
    return [stdin]


def _target(given: _Given, command: SimpleCommand, line: CommandLine, world: World) -> Target:
    """Return the server: a named one, one of the environment's, or what the client has by default."""
    client = given.client
    servers = given.words(*client.server.split())
    if given.options.has(*client.remote.split()):
        return Target(client.kind, _shown(given, servers), Locality.REMOTE, "argv")
    if given.options.has(*client.local.split()) and not servers:
        return Target(client.kind, _shown(given, servers), client.elsewhere(command.remote), "argv")
    env = environment(command, line, world)
    if client.kind == "postgres":
        url = next((w for w in servers if "://" in w.text or "=" in w.text), None)
        named = given.words("database")
        database = url or (named[-1] if named else None)
        named_host = next((w for w in reversed(servers) if w is not url), None)
        return postgres_target(database, named_host, command, line, world, env)
    for word in servers:
        if hidden := unseen(word, line):
            return Target(client.kind, hidden, Locality.UNKNOWN, "argv")
    host, origin = (_host(servers[-1].text), "argv") if servers else ("", "")
    for name in client.env.split():
        value = env.get(name, "")
        if value is None:
            return Target(client.kind, f"${name}", Locality.UNKNOWN, f"env {name}")
        if not host and value:
            host, origin = _host(value), f"env {name}"
    if not host:
        far = client.default is not Locality.LOCAL
        locality = client.default if far else client.elsewhere(command.remote)
        return Target(client.kind, _shown(given, servers), locality, origin)
    locality = client.elsewhere(command.remote) if is_local(host) else Locality.REMOTE
    name = f"{command.remote}:{host}" if command.remote else host
    return Target(client.kind, name, locality, origin)


def _host(text: str) -> str:
    r"""Return the host of a URL, HOST:PORT, tcp:HOST,PORT or HOST\INSTANCE; "." and (local) are here."""
    text = re.sub(r"\A(?:jdbc:)?(?:[\w+.-]+://|(?:tcp|np|lpc|admin):)(?:[^@/]*@)?", "", text)
    text = text.rpartition("@")[2]
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host = re.split(r"[:/?;,\\]", text, maxsplit=1)[0]
    return "localhost" if host.lower() in (".", "(local)", "(localdb)") else host


def _shown(given: _Given, servers: list[Word]) -> str:
    words = servers or given.words("database", "app", "a")
    return words[-1].text if words and words[-1].known else ""


def _statements(text: str, client: Client, read: Callable[[str], Input]) -> list[Statement]:
    """Return what a text does, by the scanners that read the client's dialect."""
    if client.language == "dots":
        return list(dotted(text, read))
    if client.language == "mysql":
        return list(sql.backslashed(text, MYSQL, read))
    if client.language == "tsql":
        return list(batches(text))
    first = client.dialect
    found = list(_worse(text, first))
    if client.foreign and _READ_ALIKE.search(text):
        other = POSTGRES if first == MYSQL else MYSQL
        found += [s for s in _worse(text, other) if s.kind not in _HARMLESS | {"unknown"}]
    if re.search(r"^\s*[!@]", text, re.MULTILINE) and client.language == "bang":
        found += _commands(text)
    return found


def _worse(text: str, dialect: str) -> Iterator[Statement]:
    """Tell statements, and those that only some dialects have by what they amount to."""
    for one in statements(text[: LIMIT + 1], dialect):
        mutation = _MUTATION.match(one.text) if one.kind.startswith("alter table") else None
        if mutation is not None:
            middle = "from " if mutation[2].lower() == "delete" else ""
            table = "" if middle else f"{mutation[1]} set "
            verb = f"{mutation[2]} {middle}{mutation[1] if middle else table}{mutation[3]}"
            yield from statements(verb, dialect)
        elif one.kind == "unknown" and not one.cannot_see and _LOOKING.match(one.text):
            yield one.but(kind="show")
        else:
            yield one


def _commands(text: str) -> Iterator[Statement]:
    """Tell the commands of a client's own that stand at the beginning of a line: !system, @file, !source."""
    from gatesh.facts.sql_statement import Statement

    for found in re.finditer(r"^\s*([!@])\s*(\w*).*", text, re.MULTILINE):
        harmless = found[1] == "!" and found[2] in (
            "set",
            "exit",
            "quit",
            "define",
            "help",
            "print",
        )
        if found[2] in ("system", "sh") or (found[1] == "!" and not found[2]):
            yield Statement("shell escape", text=found.group())
        elif not harmless:
            yield Statement("unknown", text=found.group())
