r"""psql: what -c, -f, stdin and the start-up file would make it run, and where.

-c gets a statement as the server understands it, or one backslash command; only files and stdin know
variables and backslash commands in the middle of SQL. Both branches of an \\if count.
Longer than 400 lines: statements, variables, branches and backslash commands share one session.
"""

from __future__ import annotations

import re

from gatesh.facts import sql_undone
from gatesh.facts.pg_target import connection, postgres_target
from gatesh.facts.sql_input import (
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
from gatesh.facts.sql_kinds import LIMIT, classify, runs_what_it_makes, statements
from gatesh.facts.sql_scan import POSTGRES, Piece, Scanner, Token, pieces
from gatesh.facts.sql_statement import Statement
from gatesh.model import Locality, SqlStatement, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Target

_LONG = {
    "echo-all": False, "no-align": False, "command": True, "dbname": True, "echo-queries": False,
    "echo-errors": False, "echo-hidden": False, "file": True, "field-separator": True,
    "field-separator-zero": False, "host": True, "html": False, "list": False, "log-file": True,
    "no-readline": False, "single-transaction": False, "output": True, "port": True, "pset": True,
    "quiet": False, "record-separator": True, "record-separator-zero": False, "single-step": False,
    "single-line": False, "tuples-only": False, "table-attr": True, "username": True, "set": True,
    "variable": True, "version": False, "no-password": False, "password": False, "expanded": False,
    "no-psqlrc": False, "help": False, "csv": False, "cluster": True,
}  # fmt: skip
_SHORT = {
    "c": "command", "d": "dbname", "f": "file", "F": "field-separator", "h": "host", "L": "log-file",
    "o": "output", "p": "port", "P": "pset", "R": "record-separator", "T": "table-attr",
    "U": "username", "v": "set", "l": "list", "V": "version", "?": "help", "X": "no-psqlrc",
    "S": "single-line",
}  # fmt: skip

_DEEPEST = 4  # \i within \i
_SUBSTITUTIONS = 500
_SHELL = "shell escape"

# Backslash commands that run nothing and read nothing that matters.
_HARMLESS = re.compile(
    r"d\S*|l\+?|z|sf\+?|sv\+?|h|help|\?|q|quit|a|C|f|H|t|T|x|pset|timing|echo|qecho|warn|conninfo|encoding"
    r"|if|elif|else|endif|p|print|r|reset|s|unset|errverbose|lo_list|cd|w|write|copyright|g|gx|gdesc|watch"
    r"|crosstabview|bind|parse|close_prepared|o|out|set|gset|prompt|getenv|setenv|html|unrestrict|restrict"
)
_ENDS_STATEMENT = ("g", "gx", "gset", "gexec", "gdesc", "watch", "crosstabview", "bind_named")
_ARGUMENT = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"[^"]*"|`[^`]*`|[^\s'"`\\]+|[ \t]+""")


def psql(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every statement that psql would send, and what it hides."""
    options = getopt(command.words[1:], _SHORT, _LONG)
    if options.has("help", "version", "list"):
        return []
    env = environment(command, line, world)
    operands = list(options.operands)
    database = options.last("dbname") or (operands.pop(0) if operands else None)
    target = postgres_target(database, options.last("host"), command, line, world, env)
    if _elsewhere(options, env):
        target = target.but(locality=Locality.UNKNOWN)
    session = _Session(command, line, world, target, options)
    session.start()
    actions = [(name, word) for name, word in options.given if name in ("command", "file") and word]
    if command.more_words:
        session.hide("words: more will be added")
    for name, word in actions:
        session.act(name, word)
    if not actions:
        session.read_stdin(interactive=not command.more_words)
    runs = runs_what_it_makes((fact.kind, fact.tables) for fact in session.facts)
    return [f.but(kind="opaque") if o else f for f, o in zip(session.facts, runs, strict=True)]


def _elsewhere(options: Options, env: dict[str, str | None]) -> bool:
    """Claim that Debian's wrapper is told a cluster that may be on another host: 16/db.prod:5432."""
    word = options.last("cluster")
    named = (word.text if word.known else None) if word is not None else env.get("PGCLUSTER", "")
    return named is None or ":" in named


def script(
    given: Input, target: Target, command: SimpleCommand, line: CommandLine, world: World
) -> list[SqlStatement]:
    """Return what a text does that a client with psql's backslash commands is given."""
    session = _Session(command, line, world, target, Options((), ()))
    session.script(given)
    return session.facts


class _Session:
    """One psql process: its variables, where it is connected, and what it was seen to run."""

    def __init__(
        self,
        command: SimpleCommand,
        line: CommandLine,
        world: World,
        target: Target,
        options: Options,
    ) -> None:
        self.command = command
        self.line = line
        self.world = world
        self.target = target
        self.options = options
        self.facts: list[SqlStatement] = []
        self.variables: dict[str, str | None] = {}
        self.left = _SUBSTITUTIONS
        for word in options.all("set", "variable"):
            name, _, value = word.text.partition("=")
            self.variables[name] = value
        if not all(word.known for word in options.all("set", "variable")):
            self.variables = dict.fromkeys(self.variables)
        self.pieces: list[Piece] = []  # statements that are complete, and not told yet
        self.conditions = 0  # open \if: what is set there may or may not be

    def tell(self, seen: Iterable[Statement], hidden: tuple[str, ...] = ()) -> None:
        """Add facts about statements that go to the present target."""
        self.facts += [f for f in told(seen, self.target, hidden) if f not in self.facts]

    def hide(self, what: str) -> None:
        """Add that something may run that cannot be seen."""
        self.tell((), (what,))

    def start(self) -> None:
        """Look at the options that run something of their own, and at the start-up file."""
        for word in self.options.all("output", "log-file"):
            if word.text.lstrip("\"' ").startswith("|"):
                self.tell([Statement(_SHELL, text=word.text)])
        pgoptions = environment(self.command, self.line, self.world).get("PGOPTIONS", "")
        if pgoptions is None or re.search(r"standard_conforming|session_replic", pgoptions):
            self.hide("PGOPTIONS")
        if not self.options.has("no-psqlrc") and not self.command.remote:
            self._read_psqlrc()

    def _read_psqlrc(self) -> None:
        """Read ~/.psqlrc, which runs before everything else; its reads are not worth a fact."""
        env = environment(self.command, self.line, self.world)
        home = env.get("HOME") or self.world.home
        file = env.get("PSQLRC") or f"{home}/.psqlrc"
        candidates = [file]
        names = self.world.files.names(home, 5000) or []
        candidates += [f"{home}/{n}" for n in names if n.startswith(".psqlrc-")]
        for name in candidates:
            path = place(name, self.command, self.line)
            content = self.world.files.read(path, LIMIT) if path else None
            if content is not None:
                self.script(Input(content.decode("utf-8", "surrogateescape")))
        self.facts = [f for f in self.facts if f.kind not in ("select", "set", "transaction")]

    def act(self, name: str, word: Word) -> None:
        """Run one -c or -f."""
        if name == "command" and not word.text.startswith("\\"):
            given = word_input(word)
            self.tell(_whole(given.text), given.cannot_see)
        elif name == "command":
            self.script(word_input(word))
        elif word.text == "-":
            self.read_stdin(interactive=True)
        else:
            self.script(file_input(word, self.command, self.line, self.world))

    def read_stdin(self, *, interactive: bool) -> None:
        """Run what is on stdin; a terminal, or what cannot be seen, on a target that is not local."""
        given = stdin_input(self.command, self.line, self.world)
        if (given is not None and not given.cannot_see) or (given is not None and given.text):
            self.script(given)
        elif self.target.locality is not Locality.LOCAL and (interactive or given is not None):
            hidden = ("statements typed or piped in",)
            self.facts.append(SqlStatement("interactive", (), self.target, cannot_see=hidden))
        elif given is not None and given.cannot_see and not self.command.piped_in:
            self.hide(given.cannot_see[0])

    # -- a script: SQL, variables and backslash commands ------------------------------------------

    def script(self, given: Input, depth: int = 0) -> None:
        """Run a text that psql itself reads."""
        if len(given.text) > LIMIT:
            self.hide("statements: too long")
            return
        if given.cannot_see:
            self.tell((), given.cannot_see)
        scanner = Scanner(given.text, POSTGRES, client=True)
        tokens: list[Token] = []
        source: list[str] = []
        single_line = self.options.has("single-line")
        while (token := scanner.next()) is not None:
            if token.kind == "variable":
                self._substitute(scanner, token)
                continue
            if token.kind == "meta":
                self._flush()
                ends = self._meta(scanner, given.folder, depth, tokens, source)
                if not ends:
                    continue
            elif token.kind != "end":
                if single_line and tokens and "\n" in scanner.text[tokens[-1].end : token.start]:
                    self._finish(tokens, source)
                    tokens, source = [], []
                if tokens and token.start > tokens[-1].end:
                    source.append(" ")
                tokens.append(token)
                source.append(scanner.text[token.start : token.end])
                continue
            self._finish(tokens, source)
            if ([t.text for t in tokens[:1]] == ["copy"] and tokens[-1].is_word("stdin")) or (
                any(t.is_word("copy") for t in tokens[:1])
                and any(t.is_word("stdin") for t in tokens)
            ):
                self._skip_rows(scanner)
            tokens, source = [], []
        self._finish(tokens, source)
        self._flush()

    def _finish(self, tokens: list[Token], source: list[str]) -> None:
        if tokens:
            self.pieces.append(Piece(tokens, "".join(source)))

    def _flush(self) -> None:
        """Tell the statements so far: those that are rolled back are told together."""
        pieces, self.pieces = self.pieces, []
        undoes = self.target.kind == "postgres"
        self.tell(sql_undone.told(pieces) if undoes else classify(pieces, POSTGRES))

    def _substitute(self, scanner: Scanner, token: Token) -> None:
        """Put a variable's value in its place and read on from there, as psql does."""
        name = token.text.strip("'\"")
        value = self.variables.get(name)
        self.left -= 1
        if value is None or self.left < 0 or name.startswith("{"):
            self.hide(f"psql variable :{name}")
            value = name
        if token.text[0] in "'\"":
            quote = token.text[0]
            value = quote + value.replace(quote, quote * 2) + quote
        scanner.text = scanner.text[: token.start] + value + scanner.text[token.end :]
        scanner.position = token.start

    def _skip_rows(self, scanner: Scanner) -> None:
        """Skip the rows of COPY … FROM stdin; psql runs them as statements if the COPY itself fails."""
        end = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE).search(scanner.text, scanner.position)
        stop = end.start() if end else len(scanner.text)
        rows = scanner.text[scanner.position : stop]
        verbs = (
            r"(?:^|;)\s*(?:drop|truncate|delete|update|alter|grant|revoke|do|call|copy|create|select|with"
            r"|insert|merge|execute|explain|refresh|reassign|vacuum|values|set|reset)\b"
        )
        if re.search(verbs, rows, re.IGNORECASE | re.MULTILINE) or re.search(r"\\[!iogc]", rows):
            self._flush()
            self.hide("rows of COPY that could run as statements")
        scanner.position = end.end() if end else stop

    def _meta(
        self, scanner: Scanner, folder: str, depth: int, tokens: list[Token], source: list[str]
    ) -> bool:
        """Run one backslash command; claim that it ends the statement before it."""
        text, at = scanner.text, scanner.position
        if text[at : at + 1] in (";", "\\"):
            scanner.position = at + 1
            return text[at] == ";"
        name_match = re.compile(r"[^\s\\|`'\"]+").match(text, at)
        name = name_match.group() if name_match else ""
        if name.startswith("!"):
            name = "!"
        at += len(name)
        line_end = re.compile(r"\n|$").search(text, at)
        rest = text[at : line_end.start() if line_end else len(text)]
        if name in ("!", "copy") or (
            name in ("g", "gx", "o", "out", "w", "write") and _pipes(rest)
        ):
            scanner.position = at + len(rest)
            self._whole_line(name, rest)
            return name in ("g", "gx")
        arguments, length = self._arguments(rest)
        scanner.position = at + length
        self._command(name, arguments, folder, depth)
        if name == "gexec":
            self._finish(tokens, source)
            self._flush()
            self.tell([Statement("opaque", text="\\gexec", cannot_see=("what a query writes",))])
        return name in _ENDS_STATEMENT

    def _whole_line(self, name: str, rest: str) -> None:
        if name != "copy":
            self.tell([Statement(_SHELL, text=rest.strip())])
            return
        found = pieces("copy " + rest, POSTGRES)
        if len(found) == 1:
            self.tell(
                s.but(kind="copy to" if s.kind == "copy to file" else s.kind)
                for s in classify(found, POSTGRES)
            )
        else:
            self.tell([Statement("unknown", text="\\copy " + rest)])

    def _arguments(self, rest: str) -> tuple[list[Word], int]:
        """Return the arguments of a backslash command, up to the next backslash, and their length."""
        words: list[Word] = []
        joined, certain, any_part, at = "", True, False, 0
        while (found := _ARGUMENT.match(rest, at)) is not None:
            at = found.end()
            part = found.group()
            if part.isspace():
                if any_part:
                    words.append(_argument(joined, certain))
                joined, certain, any_part = "", True, False
                continue
            any_part = True
            if part[0] == "`":
                self.tell([Statement(_SHELL, text=part)])
                certain = False
            elif part[0] == "'":
                certain = certain and "\\" not in part
                part = part[1:-1].replace("''", "'")
            elif part[0] == ":" and len(part) > 1:
                value = self.variables.get(part[1:].strip("'\""))
                certain = certain and value is not None
                part = value or part
            elif part[0] == '"':
                certain = certain and ":" not in part
            joined += part
        if any_part:
            words.append(_argument(joined, certain))
        # A quote that never ends: psql gives up the line, and reads on behind it.
        return words, at if at == len(rest) or rest[at] == "\\" else len(rest)

    def _command(self, name: str, arguments: list[Word], folder: str, depth: int) -> None:
        """Do what a backslash command does to the session."""
        if name in ("i", "include", "ir", "include_relative"):
            base = folder if name in ("ir", "include_relative") else ""
            if not arguments or depth >= _DEEPEST:
                self.hide(f"\\{name}")
            else:
                given = file_input(arguments[0], self.command, self.line, self.world, base)
                self.script(given, depth + 1)
        elif name in ("c", "connect"):
            self._connect(arguments)
        elif name == "set" and arguments:
            values = arguments[1:]
            known = all(v.known for v in values) and not self.conditions
            self.variables[arguments[0].text] = "".join(v.text for v in values) if known else None
        elif name in ("if", "endif"):
            self.conditions = max(0, self.conditions + (1 if name == "if" else -1))
        elif name in ("gset", "prompt", "getenv", "unset"):
            self.variables = dict.fromkeys(self.variables)
        elif name in ("e", "edit", "ef", "ev"):
            self.tell([Statement(_SHELL, text=f"\\{name}")])
        elif name == "password":
            self.tell([Statement("alter role", text="\\password")])
        elif name in ("lo_unlink", "lo_import", "lo_export"):
            self.tell([Statement(f"function {name}", (name,), text=f"\\{name}")])
        elif name != "gexec" and not _HARMLESS.fullmatch(name):
            self.tell([Statement("unknown", text=f"\\{name}")])

    def _connect(self, arguments: list[Word]) -> None:
        r"""Go on with another database: \c dbname user host port, or a connection string."""
        words = [a for a in arguments if not a.text.startswith("-reuse")]
        env = environment(self.command, self.line, self.world)
        database = words[0] if words and words[0].text != "-" else self.options.last("dbname")
        host = words[2] if len(words) > 2 and words[2].text != "-" else self.options.last("host")
        before = self.target
        self.target = postgres_target(database, host, self.command, self.line, self.world, env)
        settings = connection(database.text) if database is not None and database.known else {}
        if len(words) < 3 and "host" not in settings and before.locality is not Locality.LOCAL:
            name = f"{before.name.partition('/')[0]}/{settings.get('dbname', '')}".rstrip("/")
            self.target = before.but(name=name)  # the host stays what it was
        if self.conditions and self.target != before:
            self.target = self.target.but(locality=Locality.UNKNOWN)


def _whole(text: str) -> Iterable[Statement]:
    """Tell a text that goes to the server at once."""
    return (
        statements(text, POSTGRES) if len(text) > LIMIT else sql_undone.told(pieces(text, POSTGRES))
    )


def _pipes(rest: str) -> bool:
    return rest.lstrip().startswith("|") or re.match(r"\s*\(.*\)\s*\|", rest) is not None


def _argument(text: str, certain: bool) -> Word:
    from gatesh.model import Certainty, Span

    return Word(text, Span(0, 0), Certainty.LITERAL if certain else Certainty.UNKNOWN)
