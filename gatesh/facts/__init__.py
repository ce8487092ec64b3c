"""Facts: what a simple command would do, read from its words by the tool's own grammar.

Longer than 400 lines by the table that says which module knows a program.
"""

from __future__ import annotations

import re
from importlib import import_module

from gatesh.model import (
    CliCall,
    CommandLine,
    Extent,
    Fact,
    FileChange,
    HttpRequest,
    Inspection,
    Locality,
    PathEffect,
    SimpleCommand,
    Span,
    SqlStatement,
    Target,
    Unparsed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from gatesh.facts.cli import Grammar
    from gatesh.model import Reading

    class Files(Protocol):
        """What facts may read of the file system. Paths are absolute; nothing is ever written."""

        def read(self, path: str, limit: int) -> bytes | None:
            """Return the content, or None where it cannot be read or is longer than `limit` bytes."""

        def head(self, path: str, limit: int) -> bytes:
            """Return what a file begins with; nothing where it cannot be read."""

        def kind(self, path: str) -> str:
            """Return "file", "directory", "link", "other" or "missing", without following a last link."""

        def real(self, path: str) -> str:
            """Return the path with every symbolic link resolved, existing or not."""

        def names(self, path: str, limit: int) -> list[str] | None:
            """Return the names in a folder; None where it cannot be read or holds more than `limit`."""

        def size(self, path: str) -> int:
            """Return the bytes of a file; 0 where it cannot be seen."""

        def stamp(self, path: str) -> str:
            """Return what changes whenever a regular file does, or a folder is another; else empty."""

        def mountinfo(self) -> str:
            """Return what is mounted, as /proc/self/mountinfo says it; empty where nobody knows."""

    class Labels(Protocol):
        """What a person calls the targets: production, staging, local."""

        @property
        def digest(self) -> str:
            """Return what changes whenever a label may."""

        def label(self, *targets: Target) -> tuple[str, str]:
            """Return the strictest label of targets and where it comes from; empty where nobody knows."""

        def lists(self, label: str) -> bool:
            """Claim that a person has listed what a label stands for."""

    class Scope(Protocol):
        """What the session may reach."""

        @property
        def digest(self) -> str:
            """Return what changes whenever the scope does."""

        def judge(
            self,
            seen: Inspection,
            line: CommandLine,
            world: World,
            target_of: Callable[[int, Fact], Target],
        ) -> Inspection:
            """Return what was seen with the matches that what is outside the scope adds."""

    class Probe(Protocol):
        """Named read-only helpers in a child, with time and output limits."""

        def git_extent(self, path: str) -> Extent:
            """Return whether git can bring back everything at `path`; UNKNOWN where git cannot tell."""

        def git_extents(self, paths: tuple[str, ...]) -> tuple[Extent, ...]:
            """Return the same for each of some paths, with as few questions as it takes."""

        def git_edits(self, path: str) -> Extent:
            """Return the same of what git has at `path` alone: what it does not know is left out."""

        def repository(self, path: str) -> str:
            """Return the top of the git repository that holds `path`, or an empty string."""


_MOST = 25_000
_MOST_PAIRS = 50_000  # of a command with facts and one that may have run before it, in one line


class World:
    """What may be looked at while a line is considered: files, probes, whose home it is, grammars.

    `before` are the commands that may have run when the command in question starts; `inspect` sets it.
    """

    def __init__(
        self,
        files: Files,
        probe: Probe,
        home: str,
        grammars: Mapping[str, Grammar] | None = None,
        before: Sequence[SimpleCommand] = (),
        left: list[int] | None = None,
        known: dict[object, object] | None = None,
        labels: Labels | None = None,
        scope: Scope | None = None,
    ) -> None:
        """Keep the ways out.

        `home` is the user's home in the password database; `grammars` are what pattern files declare
        of a program's options, under its name or "NAME SUBCOMMAND"; `left` is what looking may still
        cost, for all commands of a line together, and None where nobody counts; `known` is what was
        found out for earlier ones; `labels` are what a person calls the targets; `scope` is what the
        session may reach.
        """
        self.files = files
        self.probe = probe
        self.home = home
        self.grammars = grammars or {}
        self.before = before
        self._left = left
        self._known = {} if known is None else known
        self.labels = labels
        self.scope = scope

    def after(self, before: Sequence[SimpleCommand]) -> World:
        """Return the same world as it is found by a command that others may have run before."""
        return World(
            self.files,
            self.probe,
            self.home,
            self.grammars,
            before,
            self._left,
            self._known,
            self.labels,
            self.scope,
        )

    def once(self, key: object, find: Callable[[], object]) -> object:
        """Return what `find` returns; for all commands of a line it is called once."""
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    def bounded(self) -> World:
        """Return the same world, to be looked at for one line: at most for about a second."""
        return World(
            self.files,
            self.probe,
            self.home,
            self.grammars,
            self.before,
            [_MOST],
            labels=self.labels,
            scope=self.scope,
        )

    def labelled(self, labels: Labels) -> World:
        """Return the same world, its targets called by these labels."""
        return World(
            self.files, self.probe, self.home, self.grammars, labels=labels, scope=self.scope
        )

    def scoped(self, scope: Scope | None, files: Files | None = None) -> World:
        """Return the same world, for a session with this scope, which may see other files."""
        if scope is self.scope and not files:
            return self
        files = files or self.files
        return World(files, self.probe, self.home, self.grammars, labels=self.labels, scope=scope)

    def spend(self, cost: int) -> bool:
        """Claim that there is time to look once more; `cost` is in twentieths of a millisecond."""
        if self._left is None:
            return True
        self._left[0] -= cost
        return self._left[0] >= 0


_FILES = ("files", "changes")
_CLIENTS = ("sql_clients", "clients")
_API = ("api_clients", "requests")

# program → where its further facts come from
_FACTS = {
    **dict.fromkeys(("curl", "curl.exe", "curlie"), ("curl", "requests")),
    "wget": ("wget", "requests"),
    "wget2": ("wget", "requests"),
    **dict.fromkeys(("http", "https", "httpie", "xh", "xhs"), ("httpie", "requests")),
    "gh": ("gh", "requests"),
    "glab": ("gh", "requests"),
    **dict.fromkeys(
        (
            "vercel", "vc", "stripe", "netlify", "databricks", "oci", "lwp-request", "GET", "HEAD", "POST",
            "grpcurl", "ab", "hey", "oha", "bombardier", "plow",
        ),
        _API,
    ),
    "hurl": ("api_clients", "hurl"),
    **dict.fromkeys(("pwsh", "powershell", "pwsh.exe", "powershell.exe"), ("api_clients", "powershell")),
    "az": ("az", "requests"),
    "railway": ("railway", "requests"),
    "aws": ("aws", "calls"),
    **dict.fromkeys(("psql", "ysqlsh", "gsql"), ("sql", "psql")),
    "pg_restore": ("sql", "pg_restore"),
    **dict.fromkeys(("dropdb", "dropuser"), ("sql", "dropdb")),
    "mysql": ("sql", "mysql"),
    "mariadb": ("sql", "mysql"),
    **dict.fromkeys(("sqlite3", "sqlite", "duckdb"), ("sqlite", "sqlite3")),
    **dict.fromkeys(
        ("redis-cli", "redis6-cli", "valkey-cli", "keydb-cli", "dragonfly-cli", "iredis"),
        ("redis", "statements"),
    ),
    **dict.fromkeys(("mongosh", "mongo"), ("mongo", "statements")),
    **dict.fromkeys(
        (
            "cockroach", "pgcli", "usql", "mycli", "mysqlsh", "litecli", "sqlcmd", "clickhouse-client",
            "clickhouse-local", "clickhouse", "bq", "snowsql", "snow", "cqlsh", "trino", "presto", "beeline",
            "hive", "spark-sql", "impala-shell", "vsql", "sqlplus", "turso", "wrangler", "pscale", "supabase",
            "prisma", "heroku", "fly", "flyctl", "neonctl", "neon", "gcloud", "rails", "manage.py",
            "django-admin",
        ),
        _CLIENTS,
    ),
    **dict.fromkeys(
        (
            "rm", "srm", "rmdir", "unlink", "shred", "find", "gfind", "dd", "truncate", "mv", "cp", "tee", "ln",
            "install", "rsync", "git", "mkfs", "mkswap", "wipefs", "blkdiscard",
            "sed", "gsed", "perl", "ruby", "sort", "shuf", "uniq", "patch", "history", "gpg", "openssl",
            "awk", "gawk", "ed", "ex", "docker", "podman",
        ),
        _FILES,
    ),
}  # fmt: skip

_STATEMENTS = ("sql", "sqlite", "sql_clients", "redis", "mongo")  # modules that tell statements
_GRAMMARS = (
    "curl",
    "wget",
    "httpie",
    "gh",
    "az",
    "railway",
    "aws",
    "redis",
)  # modules with one built in
_TARGETS = ("aws", "railway")  # their modules know what any of their command lines would reach
_SENDING = frozenset(
    ("nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "telnet", "openssl")
)
_ALSO_CLIENTS = ("aws", "az", "railway")  # some of their sub-commands are SQL clients
# `python -m NAME` is the program NAME
_MODULES = {
    "httpie": "http",
    "awscli": "aws",
    "pgcli": "pgcli",
    "mycli": "mycli",
    "litecli": "litecli",
}
_ALSO_API = ("neonctl", "neon", "heroku")  # and others a client of an HTTP API
_ALSO_FILES = ("curl", "wget", "wget2")  # they write files besides
_ALIASED = ("aws", "gh", "glab")  # and what a person calls their calls
# Programs that run code which is not in their own words.
_RUNNING = frozenset(
    """
    sh bash dash ash zsh ksh mksh rbash yash . source make gmake npm yarn pnpm bun uv poetry pipenv
    pdm rye hatch bundle
    python python2 python3 pypy pypy3 ipython ipython3 node nodejs deno tsx ts-node ruby perl
    just task go-task composer tox nox invoke inv fab rake poe direnv php lua luajit Rscript
    virtualenv tclsh tclsh8.6 tclsh9.0 wish expect jimsh
    """.split()
)
_MAY_RUN = frozenset(
    ("awk", "gawk", "mawk", "nawk", "sed", "gsed")
)  # only where their text says so
_CONFIGURED = frozenset(("ssh", "scp", "sftp"))  # only where a file of theirs is named
_STARTS = re.compile(
    r"system|\||^-f|^--f|getline|(?:^|[;{\n\d$/!])\s*e(?:\s|[;}]|$)|[/|#,@][gpiIm\d]*e\b"
)
_GIT_OWN = frozenset("status diff log add show branch fetch stash reset rev-parse".split())
_MOVING = frozenset("mv gmv ln rename exch".split())  # what one text moved another may delete
_WRITING = (">", ">|", "&>", ">&", ">>", "&>>", "<>")


def defined_before(reading: Reading, line: CommandLine, world: World) -> tuple[str, ...]:
    """Return the code that the line's shell reads besides, where it may define what the line calls."""
    sources = any(command.program in (".", "source") for command in reading.commands)
    if not sources and "BASH_ENV" not in line.env:
        return ()
    from gatesh.facts.before import code_before

    try:
        return code_before(reading, line, world)
    except Exception:  # noqa: BLE001  following the same code fails too, and says so
        return ()


def inspect_all(
    reading: Reading,
    line: CommandLine,
    world: World,
    read: Callable[[CommandLine], Reading],
    known: frozenset[str] = frozenset(),
) -> Inspection:
    """Return everything that a line would do, that of the code it runs included; `read` reads a text.

    `known` are texts whose functions were followed where the line calls them.
    The commands that the code amounts to stand behind the line's own, so that every index stays what it is.
    """
    world = world.bounded()
    jumps, pairs = runs_out_of_order(line), 0
    facts: list[tuple[int, Fact]] = []
    for index, command in enumerate(reading.commands):
        before = may_have_run(reading.commands, index, jumps)
        pairs += len(before) if command.program in _FACTS else 0
        if pairs > _MOST_PAIRS:
            return Inspection(_beyond(reading, line), (), ())
        facts += ((index, fact) for fact in inspect(command, line, world, before))
    if "BASH_ENV" not in line.env and not any(
        runs_code(command, line) for command in reading.commands
    ):
        return Inspection(reading, tuple(facts), ())
    from gatesh.facts.code import follow

    followed = follow(reading, line, world, read, known)
    moved = [command for command in reading.commands if command.program in _MOVING]
    for index, kept in enumerate(followed.commands, len(reading.commands)):
        before = (*moved, *kept.before) if kept.seen.program in _FACTS else ()
        pairs += len(before)
        before = before if pairs <= _MOST_PAIRS else ()
        facts += [(index, fact) for fact in inspect(kept.seen, kept.place, world, before)]
        moved += [kept.seen] if kept.seen.program in _MOVING else []
    own = list(reading.commands)
    for index, word in followed.inputs.items():
        own[index] = own[index].but(stdin=word)
    commands = (*own, *(kept.told for kept in followed.commands))
    places = tuple(kept.place for kept in followed.commands)
    return Inspection(reading.but(commands=commands), tuple(facts), (), followed.files, places)


def _beyond(reading: Reading, line: CommandLine) -> Unparsed:
    """Return the reading of a line with so many commands that nobody looks at what each would do."""
    return Unparsed(
        "too many commands",
        Span(0, len(line.text)),
        reading.commands,
        beyond=True,
        wrapping=reading.wrapping,
    )


def runs_code(command: SimpleCommand, line: CommandLine | None = None) -> bool:
    """Claim that a command may run code which is not in its own words; quick, and never too low."""
    if not command.words or not command.words[0].known or command.remote:
        return False
    program = command.program
    if (
        line is not None and "PATH=" in line.text
    ):  # any name may lead to a file of the line's choice
        return True
    if program in _CONFIGURED:
        return any(word.text[:2] == "-F" for word in command.words[1:])
    if program == "git":
        return len(command.words) > 1 and command.words[1].text not in _GIT_OWN
    if program in _MAY_RUN:
        return any(_STARTS.search(word.text) for word in command.words[1:])
    return (
        program in _RUNNING
        or "/" in command.words[0].text
        or program.startswith(("python", "pypy", "ruby", "perl"))
    )


def knows(program: str) -> bool:
    """Claim that something here knows what the words of a program mean, or which code it runs."""
    from gatesh.facts.scripts import runs_code_of_its_own

    plain = program.rstrip("-.0123456789")
    if plain.startswith(("mkfs", "python", "pypy", "ipython", "ruby", "perl", "psql")):
        return True
    tables = (_FACTS, _SENDING, _ALSO_API, _CONFIGURED, _MAY_RUN, _RUNNING, _INTERPRETERS)
    return runs_code_of_its_own(program) or any(
        name in table for name in (program, plain) for table in tables
    )


# Where one of these is, what stands later may run earlier, or again: loops, functions, traps, jobs, pipes.
_OUT_OF_ORDER = re.compile(
    r"\b(for|while|until|select|function|trap|alias|coproc|eval|parallel)\b|\(\s*\)|(?<![&><])&(?![&>])|(?<!\|)\|(?![|])"
)


def runs_out_of_order(line: CommandLine) -> bool:
    """Claim that of a line's commands a later one may run before an earlier one."""
    return _OUT_OF_ORDER.search(line.text) is not None


def may_have_run(
    commands: Sequence[SimpleCommand], index: int, jumps: bool
) -> Sequence[SimpleCommand]:
    """Return the commands that may have run before the one at `index` starts; see runs_out_of_order."""
    earlier = commands[:index]
    return (*earlier, *commands[index + 1 :]) if jumps else earlier


def inspect(
    command: SimpleCommand,
    line: CommandLine,
    world: World,
    before: Sequence[SimpleCommand] = (),
) -> Iterable[Fact]:
    """Return what `command` would do. Modules are imported only for the programs they know.

    `before` are the commands of the line that may have run earlier; facts find them as `world.before`.
    """
    world = world.after(before) if before else world
    if command.may_have_stayed and command.cwd:
        folder = f"{line.cwd}/{command.cwd}" if command.cwd[0] != "/" else command.cwd
        if world.files.kind(folder) not in ("directory", "link"):
            command = command.but(cwd=None)  # `cd /not-there; rm -rf src` deletes src right here
    where = _FACTS.get(command.program)
    if command.program.startswith("mkfs."):
        where = _FILES
    if command.program.startswith("psql") and command.program[4:].strip("-.0123456789") == "":
        where = ("sql", "psql")  # psql-16, psql17
    if command.program:
        for part in _parts(command):
            yield _call(part, line, world)
    if where:
        yield from _guarded(where, command, line, world)
    if command.program in _ALSO_CLIENTS:
        yield from _guarded(_CLIENTS, command, line, world)
    if program := _module(command):
        after = 2 if program == "manage.py" else 3
        words = (command.words[2].but(text=program), *command.words[after:])
        yield from inspect(command.but(words=words), line, world)
    elif at := _client(command):
        name = _without_ending(command.words[at].text)
        words = (command.words[at].but(text=name), *command.words[at + 1 :])
        yield from inspect(command.but(words=words), line, world)
    if command.program in _ALIASED:
        from gatesh.facts.aliases import EXPANDED, expanded

        if words := expanded(command, line, world):
            meant = command.but(words=words, prefixes=(*command.prefixes, EXPANDED))
            yield from inspect(meant, line, world)
    if command.program in _ALSO_API:
        yield from _guarded(_API, command, line, world)
    if command.program in _SENDING or (command.redirects and "/dev/tcp/" in line.text):
        yield from _guarded(("raw", "sent"), command, line, world)
    if where != _FILES and (
        command.program in _ALSO_FILES or any(r.op in _WRITING for r in command.redirects)
    ):
        yield from _guarded(_FILES, command, line, world)


def _module(command: SimpleCommand) -> str:
    """Return the program that `python -m NAME` is, where it is one that we know."""
    words = command.words
    if not command.program.startswith("python") or len(words) < 3:
        return ""
    if words[2].text == "dbshell" and words[1].text.endswith("manage.py"):
        return "manage.py"
    return _MODULES.get(words[2].text, "") if words[1].text == "-m" else ""


# What runs a script: the letters of options that are code instead, and options that take a word.
_INTERPRETERS = {
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh"), ("cs", ("-o", "-O", "--rcfile"))),
    "python": ("cm", ("-W", "-X")),
    "pypy": ("cm", ("-W", "-X")),
    "node": ("ep", ("-r", "--require", "--import")),
    "bun": ("ep", ("-r",)),
    "ruby": ("e", ("-I", "-r")),
    "perl": ("eE", ("-I",)),
    "php": ("r", ("-d",)),
}


def _client(command: SimpleCommand) -> int:
    """Return which word is a script that is a client, as in `python3 /usr/bin/aws`; 0 where none is."""
    words = command.words
    found = _INTERPRETERS.get(command.program.rstrip(".0123456789"))
    if found is None or len(words) < 3:
        return 0
    code, valued = found
    at = 1
    while at < len(words) and words[at].text[:1] in ("-", "+"):
        text = words[at].text
        if text[:2] != "--" and not set(code).isdisjoint(text):
            return 0
        at += 2 if text in valued else 1
    if at >= len(words) or not words[at].known:
        return 0
    return at if _FACTS.get(_without_ending(words[at].text), _FILES) != _FILES else 0


def _without_ending(path: str) -> str:
    """Return the name of a script; a package's own has an ending: node_modules/…/railway.js."""
    name = path.rpartition("/")[2]
    return re.sub(r"\.[cm]?js$", "", name) if "node_modules/" in path else name


_split: tuple[object, frozenset[str]] = (None, frozenset())


def _with_subcommands(grammars: Mapping[str, Grammar]) -> frozenset[str]:
    """Return the programs that have a grammar for one of their subcommands; found once for many lines."""
    global _split
    if _split[0] is not grammars:
        names = frozenset(name.partition(" ")[0] for name in grammars if " " in name)
        _split = (grammars, names)
    return _split[1]


def grammar_of(command: SimpleCommand, grammars: Mapping[str, Grammar]) -> Grammar | None:
    """Return the grammar of a command: its subcommand's, its program's, or the one built in."""
    from gatesh.facts.cli import walk

    program = command.program
    found = grammars.get(program)
    if program in _with_subcommands(grammars):
        first = next((g.word for g in walk(command.words[1:], found) if not g.option), None)
        found = grammars.get(f"{program} {first.text}" if first else "", found)
    module = _FACTS.get(program, _FILES)[0]
    if found is None and module in _GRAMMARS:
        built_in: Grammar = import_module(f"{__name__}.{module}").GRAMMAR
        return built_in
    return found


def _parts(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """Yield a command for each that tmux would run: it reads `;` in its arguments as a shell does."""
    if command.program != "tmux":
        yield command
        return
    part = [command.words[0]]
    for word in command.words[1:]:
        part.append(word.but(text=word.text.rstrip(";")) if word.text.endswith(";") else word)
        if word.text.endswith(";"):
            yield command.but(words=tuple(w for w in part if w.text))
            part = [command.words[0]]
    yield command.but(words=tuple(part))


def _call(command: SimpleCommand, line: CommandLine, world: World) -> CliCall:
    from gatesh.facts import cli

    try:
        call = cli.call(command, grammar_of(command, world.grammars))
        if command.program in _TARGETS:
            target = import_module(f"{__name__}.{_FACTS[command.program][0]}").target
            return call.but(target=target(command, line, world))
    except Exception as error:  # noqa: BLE001  promise 3: what gatesh cannot tell, it asks about
        return _blind(command, error)
    if command.remote:
        return call.but(target=Target("host", command.remote, Locality.UNKNOWN, "argv"))
    return call


def _guarded(
    where: tuple[str, str], command: SimpleCommand, line: CommandLine, world: World
) -> Iterator[Fact]:
    module, function = where
    try:
        yield from getattr(import_module(f"{__name__}.{module}"), function)(command, line, world)
    except Exception as error:  # noqa: BLE001  promise 3: what gatesh cannot tell, it asks about
        yield _blind(command, error)
        yield from _unseen(module, function, command)


def _blind(command: SimpleCommand, error: Exception) -> CliCall:
    """Return a call that says nothing but its program and that the rest could not be seen."""
    why = f"facts: gatesh failed to read it ({type(error).__name__}: {error})"
    return CliCall(command.program, command.words[1:], (), cannot_see=(why,))


def _unseen(module: str, function: str, command: SimpleCommand) -> Iterator[Fact]:
    """Yield the worst that may stand behind a command that could not be read."""
    failed = "gatesh failed to read it"
    if function in ("requests", "hurl", "powershell"):
        blind = tuple(f"{part}: {failed}" for part in ("method", "host", "path", "body"))
        yield HttpRequest("", "", "", "", Target("http"), cannot_see=blind)
    elif module in _STATEMENTS:
        yield SqlStatement("unknown", (), Target("host"), cannot_see=(f"sql: {failed}",))
    elif module == "files":
        paths = tuple(PathEffect(word.text, Extent.UNKNOWN) for word in command.words[1:])
        yield FileChange("delete-tree", paths, Target("files"), (f"paths: {failed}",))
