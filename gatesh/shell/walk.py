"""What runs, in order: from the tree of a command text to simple commands.

Follows the shell's state along the way (variables, working directory) as far as it can be followed, reads
what is inside substitutions, and takes prefix commands and nested shells off. Over 400 lines because every kind
of node leads back into the same walk with another state or context.
"""

from __future__ import annotations

import re

from gatesh.model import Assignment, Certainty, Origin, Redirect, SimpleCommand, Word
from gatesh.shell import words as wording
from gatesh.shell.again import code, evaluated
from gatesh.shell.effects import DECLARES, apply, calculated, changed
from gatesh.shell.extents import MOST_NESTING
from gatesh.shell.output import printed
from gatesh.shell.parse import Compound, Function, Pipeline, Sequence, Simple, parse
from gatesh.shell.prefixes import SHELLS
from gatesh.shell.scan import MOST_COMMANDS, Scanner
from gatesh.shell.state import CWD, EVERYTHING, State
from gatesh.shell.tokens import Kind, Region, Source, TooMuch, Unreadable
from gatesh.shell.unwrap import Inner, Script, unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Span
    from gatesh.shell.parse import Node
    from gatesh.shell.tokens import Piece, Token

MOST_ASIDE = 8
MOST_TEXT = 256 * 1024  # of all nested texts together

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[.*?\])?(\+?)=", re.DOTALL)
_BUILTIN_PREFIXES = frozenset(("command", "builtin"))
_OTHER_ENVIRONMENT = frozenset(
    (
        "sudo",
        "doas",
        "env",
        "su",
        "runuser",
        "pkexec",
        "run0",
        "systemd-run",
        "chroot",
        "nsenter",
        "setpriv",
    )
)
_LEAVES = frozenset(("exit", "return", "break", "continue", "exec"))


class Context:
    """What holds for all commands of a text: where they were found and what surrounds them."""

    __slots__ = ("depth", "origin", "piped_in", "prefixes", "remote", "stdin")

    def __init__(
        self,
        origin: Origin = Origin.DIRECT,
        prefixes: tuple[str, ...] = (),
        remote: str = "",
        depth: int = 0,
    ) -> None:
        """Start with nothing on standard input."""
        self.origin = origin
        self.prefixes = prefixes
        self.remote = remote
        self.depth = depth
        self.stdin: Word | None = None
        self.piped_in = False

    def but(self, origin: Origin | None = None) -> Context:
        """Return a copy, with another origin."""
        twin = Context(origin or self.origin, self.prefixes, self.remote, self.depth)
        twin.stdin, twin.piped_in = self.stdin, self.piped_in
        return twin


class Walk:
    """Collects the simple commands of one line. Raises Unreadable; `commands` is what was seen by then."""

    def __init__(
        self, cwd: str, functions: dict[str, frozenset[str]] | None = None, aside: int = 0
    ) -> None:
        """Start empty; a command in `cwd`, the line's own directory, says so with "".

        `aside` counts how deep the question what a substitution prints was nested: such a walk looks at
        one command only, and leaves its substitutions to the walk that asks.
        """
        self.aside = aside
        self.commands: list[SimpleCommand] = []
        self._cwd = cwd
        self._text_left = MOST_TEXT
        self._functions = {} if functions is None else functions

    # -- texts ---------------------------------------------------------------------------------------

    def text(self, source: Source, state: State, context: Context) -> None:
        """Walk through a whole text."""
        self._text_left -= len(source.text)
        if self._text_left < 0:
            raise Unreadable("too much text in nested shells", 0)
        if context.depth > MOST_NESTING:
            raise TooMuch("nested too deeply", 0)
        scanner = Scanner(source)
        self.region(source, scanner.scan(), state, context)

    def region(self, source: Source, region: Region, state: State, context: Context) -> None:
        """Walk through the commands of a scanned text."""
        if not region.at:
            return
        _Shell(self, source, region, state).node(parse(region.skeleton()), context)

    def add(self, command: SimpleCommand) -> None:
        """Keep a simple command."""
        if len(self.commands) >= MOST_COMMANDS:
            raise TooMuch("too many commands", 0)
        self.commands.append(command)

    def place(self, state: State, context: Context) -> str | None:
        """Return the working directory as SimpleCommand spells it."""
        if context.remote:
            return None
        return "" if state.cwd == self._cwd else state.cwd

    def define(self, name: str, names: frozenset[str]) -> None:
        """Note what calling a function changes."""
        self._functions[name] = self._functions.get(name, frozenset()) | names

    def call(self, name: str) -> frozenset[str] | None:
        """Return what calling `name` changes; None where it is no function."""
        return self._functions.get(name)

    def printed(self, commands: list[SimpleCommand]) -> Word | None:
        """Return what the commands print, if they are one whose words say it, and no function."""
        if len(commands) != 1 or commands[0].program in self._functions:
            return None
        return printed(commands[0])

    def output(self, piece: Piece, source: Source, state: State) -> str | None:
        """Return what a substitution prints, where its words say it all."""
        if piece.source is not None:
            try:
                return self._output(piece.source, Scanner(piece.source).scan(), state)
            except Unreadable:
                return None
        return None if piece.region is None else self._output(source, piece.region, state)

    def _output(self, source: Source, region: Region, state: State) -> str | None:
        word = self.output_of(source, region, state)
        return None if word is None else word.text.rstrip("\n")

    def output_of(self, source: Source, region: Region, state: State) -> Word | None:
        """Return what a text of one simple command prints."""
        if self.aside > MOST_ASIDE or region.skeleton() != "{ w ; }":
            return None
        aside = Walk(self._cwd, self._functions, self.aside + 1)
        _Shell(aside, source, region, state.copy()).node(Simple(2), Context())
        return self.printed(aside.commands)


class _Shell:
    """One region of one text with the state it runs in."""

    def __init__(self, walk: Walk, source: Source, region: Region, state: State) -> None:
        self._walk = walk
        self._source = source
        self._region = region
        self._state = state
        state.output = lambda piece: walk.output(piece, source, self._state)

    def node(self, node: Node, context: Context) -> None:
        """Walk through one node, whatever it is."""
        if isinstance(node, Simple):
            self._tokens(self._region.at[node.at], context)
        elif isinstance(node, Sequence):
            self._sequence(node, context)
        elif isinstance(node, Pipeline):
            self._pipeline(node, context)
        elif isinstance(node, Compound):
            self._compound(node, context)
        else:
            self._function(node, context)

    def _aside(self, node: Node, context: Context) -> None:
        """Walk through a node that runs in a subshell."""
        kept = self._state.copy()
        self.node(node, context)
        self._state.become(kept)

    # -- lists, pipelines, compound commands ---------------------------------------------------------

    def _sequence(self, node: Sequence, context: Context) -> None:
        """Walk through `a; b && c || d &`: behind `||`, what comes before may not have happened.

        Behind the list, what stood behind an `&&` in it may not have happened either.
        """
        state = self._state
        before, without = state.copy(), None
        for operator, part, after in node.parts:
            if operator in (";", "&"):
                if without is not None:
                    state.join(without)
                    without = None
                state.go_on()
                before = state.copy()
            if operator == "&&" and without is None:
                without = state.copy()
            if after == "&":
                self._aside(part, context)
            elif operator == "||":
                happened = state.copy()
                state.join(before)
                self.node(part, context)
                if self._leaves(part):
                    state.become(happened)
                    state.moved, without = False, None  # cd DIR || exit
                else:
                    state.join(happened)
            else:
                self.node(part, context)
        if without is not None:
            state.join(without)

    def _leaves(self, node: Node) -> bool:
        """Claim that nothing behind this node runs: `|| exit 1`, `|| { echo no; return; }`."""
        if isinstance(node, Sequence):
            _, last, after = node.parts[-1]
            return after != "&" and all(p[0] == ";" for p in node.parts) and self._leaves(last)
        if not isinstance(node, Simple):
            return False
        first = self._region.at[node.at][0]
        return self._source.text[first.start : first.end] in _LEAVES and first.kind is Kind.WORD

    def _pipeline(self, node: Pipeline, context: Context) -> None:
        if len(node.parts) == 1:
            if node.negated:
                kept = self._state.copy()
                self.node(node.parts[0], context)
                self._state.join(kept)
            else:
                self.node(node.parts[0], context)
            return
        inner = context
        for part in node.parts:
            first = len(self._walk.commands)
            self._aside(part, inner)
            inner = context.but()
            inner.piped_in = True
            inner.stdin = None
            written = self._walk.commands[first:]
            if isinstance(part, Simple):
                inner.stdin = self._walk.printed(written)

    def _compound(self, node: Compound, context: Context) -> None:
        inner = self._redirected(node, context)
        state = self._state
        if node.words >= 0:
            self._pieces_of(node.words, context)
        if node.name >= 0:
            (name,) = self._region.at[node.name]
            self._pieces([name], context)
            text = self._source.text[name.start : name.end]
            state.forget((text,) if name.kind is Kind.NAME else calculated(text))
        if node.kind == "(":
            for part in node.parts:
                self._aside(part, inner)
        elif node.kind == "{":
            for part in node.parts:
                self.node(part, inner)
        elif node.kind == "if":
            self._if(node, inner)
        else:
            self._loop(node, inner)

    def _redirected(self, node: Compound, context: Context) -> Context:
        """Return the context inside a compound command: its redirects hold for all of them."""
        if not node.redirects:
            return context
        inner = context.but()
        tokens = [token for at in node.redirects for token in self._region.at[at]]
        self._pieces(tokens, context)
        redirects = [self._redirect(token) for token in tokens]
        self._walk.add(
            SimpleCommand(
                (),
                self._source.where(tokens[0].start, tokens[-1].end),
                context.origin,
                redirects=tuple(redirects),
                cwd=self._walk.place(self._state, context),
                prefixes=context.prefixes,
                remote=context.remote,
            )
        )
        self._stdin(inner, redirects)
        return inner

    def _if(self, node: Compound, context: Context) -> None:
        state = self._state
        self.node(node.parts[0], context)
        before = state.copy()
        after = state.copy()
        for part in node.parts[1:]:
            state.become(before)
            self.node(part, context)
            after.join(state)
        state.become(after)

    def _loop(self, node: Compound, context: Context) -> None:
        """Walk through a loop: what its body changes is not known inside it either."""
        state = self._state
        state.forget(changed(node, self._region, self._source))
        before = state.copy()
        for part in node.parts:
            self.node(part, context)
        state.join(before)

    def _function(self, node: Function, context: Context) -> None:
        """Read a body where it is defined: nobody knows with what state it will be called."""
        (name,) = self._region.at[node.name]
        names = changed(node.body, self._region, self._source)
        self._walk.define(self._source.text[name.start : name.end], names)
        kept = self._state.copy()
        self._state.forget(names)
        self._state.forget(changed(None, self._region, self._source))
        self._state.arguments = None
        inner = context.but(Origin.FUNCTION)
        inner.stdin, inner.piped_in = None, False
        self.node(node.body, inner)
        self._state.become(kept)

    # -- substitutions -------------------------------------------------------------------------------

    def _pieces_of(self, at: int, context: Context) -> None:
        self._pieces(self._region.at[at], context)

    def _pieces(self, tokens: list[Token], context: Context) -> None:
        """Walk through the substitutions of some tokens; each runs in a subshell."""
        if self._walk.aside:
            return
        for token in tokens:
            for piece in token.pieces:
                self._piece(piece, context)

    def _piece(self, piece: Piece, context: Context) -> None:
        for inner in piece.inner:
            self._piece(inner, context)
        if piece.opener in ("$((", "$["):
            self._state.forget(calculated(self._source.text[piece.start : piece.end]))
        if piece.region is None and piece.source is None:
            return
        below = context.but(Origin.SUBSTITUTION)
        below.depth += 1
        state = self._state.copy()
        if piece.opener == ">(":
            below.piped_in, below.stdin = True, None
        if piece.source is not None:
            self._walk.text(piece.source, state, below)
        elif piece.region is not None:
            self._walk.region(self._source, piece.region, state, below)
        self._state.output = lambda p: self._walk.output(p, self._source, self._state)

    # -- simple commands -----------------------------------------------------------------------------

    def _tokens(self, tokens: list[Token], context: Context) -> None:
        """Make a simple command of its tokens, and take off what surrounds it."""
        self._pieces(tokens, context)
        first = tokens[0]
        if first.kind is Kind.PATTERN or first.kind is Kind.NAME:
            return
        span = self._source.where(first.start, tokens[-1].end)
        if first.kind in (Kind.CONDITION, Kind.ARITHMETIC):
            self._state.forget(calculated(self._source.text[first.start : first.end]))
            self._emit(self._bracketed(first), span, context)
            return
        words: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        more = False
        for token in tokens:
            if token.kind is not Kind.WORD:
                redirects.append(self._redirect(token))
                continue
            match = None if words else self._assignment(token)
            if match is not None:
                assignments.append(match)
            elif words and words[0].text in DECLARES and self._assignment(token) is not None:
                words.append(self._declared(token))
            else:
                fields, unseen = wording.fields(self._source, token, self._state)
                words += fields
                more = more or unseen
        if words and words[0].known and words[0].globbed and words[0].text != "[":
            words[0] = words[0].but(certainty=Certainty.UNKNOWN)  # a path that nobody looked up
        inner = context
        if redirects:
            inner = context.but()
            self._stdin(inner, redirects)
        if not words:
            before = self._state.copy()
            for assignment in assignments:
                self._assign(assignment)
            if redirects:
                self._state.join(before)  # a redirect that fails takes the command with it
        self._emit(tuple(words), span, inner, tuple(assignments), tuple(redirects), more)

    def _bracketed(self, token: Token) -> tuple[Word, ...]:
        """Return `[[ … ]]` or `((…))` as words: they run nothing, but evaluate their operands."""
        source = self._source
        opening, closing = (
            source.text[token.start : token.start + 2],
            source.text[token.end - 2 : token.end],
        )
        if token.kind is Kind.CONDITION:
            inner = [wording.single(source, operand, self._state) for operand in token.operands]
        else:
            inner = [
                Word(
                    source.text[token.start + 2 : token.end - 2],
                    source.where(token.start + 2, token.end - 2),
                    Certainty.UNKNOWN if token.pieces else Certainty.LITERAL,
                )
            ]
        return (
            Word(opening, source.where(token.start, token.start + 2)),
            *inner,
            Word(closing, source.where(token.end - 2, token.end)),
        )

    def _assignment(self, token: Token) -> Assignment | None:
        """Return `NAME=value` or `NAME+=value`, if the word is one."""
        source = self._source
        match = _ASSIGNMENT.match(source.text, token.start, token.end)
        if match is None:
            if "\\\n" not in source.text[token.start : token.end]:
                return None
            if not _ASSIGNMENT.match(source.text[token.start : token.end].replace("\\\n", "")):
                return None
            raise Unreadable("a line continuation inside an assignment", token.start)
        name, subscript, plus = match.groups()
        if source.text.startswith("(", match.end()) and match.end() < token.end:
            value = Word(
                source.text[match.end() : token.end],
                source.where(match.end(), token.end),
                Certainty.UNKNOWN,
            )
        else:
            value = wording.value(source, match.end(), token.end, self._state, colons=True)
        if plus and not subscript and value.known:
            before = self._state.get(name)
            if before is None:
                value = value.but(certainty=Certainty.UNKNOWN)
            else:
                value = value.but(text=before + value.text, certainty=Certainty.EXPANDED)
        if subscript:
            value = value.but(certainty=Certainty.UNKNOWN)
        return Assignment(name, value)

    def _declared(self, token: Token) -> Word:
        """Return `export NAME=value`'s word: it is an assignment, never split."""
        found = self._assignment(token)
        span = self._source.where(token.start, token.end)
        if found is None or not found.value.known:
            raw = self._source.text[token.start : token.end]
            return Word(raw, span, Certainty.UNKNOWN)
        return Word(f"{found.name}={found.value.text}", span, found.value.certainty)

    def _assign(self, assignment: Assignment) -> None:
        self._state.set(assignment.name, self._known(assignment.value))

    @staticmethod
    def _known(value: Word) -> str | None:
        return value.text if value.known and len(value.text) <= wording.LONGEST else None

    def _redirect(self, token: Token) -> Redirect:
        source = self._source
        span = source.where(token.start, token.end)
        if token.kind is Kind.HEREDOC or token.target is None:
            target = wording.here_document(source, token, self._state)
        else:
            target = wording.single(source, token.target, self._state)
        return Redirect(token.op, target, token.fd, span)

    def _stdin(self, context: Context, redirects: list[Redirect]) -> None:
        """Let the last redirect of standard input say what is read."""
        for redirect in redirects:
            if redirect.fd not in (None, 0) or redirect.op not in (
                "<",
                "<>",
                "<&",
                "<<",
                "<<-",
                "<<<",
            ):
                continue
            context.stdin, context.piped_in = None, False
            if redirect.op in ("<<", "<<-"):
                context.stdin = redirect.target if redirect.target.known else None
            elif redirect.op == "<<<" and redirect.target.known:
                context.stdin = redirect.target.but(text=redirect.target.text + "\n")
            elif redirect.op == "<":
                context.stdin = self._printed_by(redirect.target)
                context.piped_in = redirect.target.text.startswith("<(")

    def _printed_by(self, word: Word) -> Word | None:
        """Return what `<(echo text)` holds."""
        if word.known or not word.text.startswith("<(") or not word.text.endswith(")"):
            return None
        inner = Source(word.text[2:-1], -1, word.span)
        try:
            return self._walk.output_of(inner, Scanner(inner).scan(), self._state)
        except Unreadable:
            return None

    # -- emitting ------------------------------------------------------------------------------------

    def _emit(
        self,
        words: tuple[Word, ...],
        span: Span,
        context: Context,
        assignments: tuple[Assignment, ...] = (),
        redirects: tuple[Redirect, ...] = (),
        more: bool = False,
    ) -> None:
        """Add a command, or what is inside it."""
        command = SimpleCommand(
            words,
            span,
            context.origin,
            assignments,
            redirects,
            context.stdin,
            context.piped_in,
            self._walk.place(self._state, context),
            self._state.may_have_stayed,
            context.prefixes,
            context.remote,
            more,
        )
        for word in evaluated(command):
            self._again(word, context)
        for kind, value in code(command):
            text = self._printed_by(value) if kind == "file" else value
            if text is not None:
                self._script(command, Script(text, "bash", arguments=None), context.but())
        self._unwrap(command, context)

    def _unwrap(self, command: SimpleCommand, context: Context, *, here: bool = True) -> None:
        """Follow a command into what it starts; `here` says that this very shell runs it."""
        if context.depth > MOST_NESTING:
            raise TooMuch("nested too deeply", 0)
        found = unwrap(self._filled(command.words), command.stdin)
        if found.keep:
            self._walk.add(command)
        for inner in found.inner:
            below = context.but()
            below.depth += 1
            below.prefixes = (*context.prefixes, inner.prefix)
            below.remote = inner.remote or context.remote
            if not inner.reads_input:
                below.stdin, below.piped_in = None, False
            if isinstance(inner, Inner):
                self._inner(command, inner, below, here=here and inner.prefix in _BUILTIN_PREFIXES)
            else:
                self._script(command, inner, below)
        if here and found.keep:
            changes = self._walk.call(command.program)
            if changes is None:
                before = self._state.copy()
                apply(command, self._state)
                if any(
                    r.op[0] in "<>&" and r.target.text != "/dev/null" for r in command.redirects
                ):
                    self._state.join(before)
            else:
                self._state.forget(changes)

    def _filled(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Replace the script `<(echo text)` of a shell or `source` by what it says."""
        if len(words) < 2 or not words[1].text.startswith("<(") or not words[0].known:
            return words
        text = self._printed_by(words[1])
        if text is None:
            return words
        program = words[0].text.rsplit("/", 1)[-1]
        if program in (".", "source"):
            return (words[0].but(text="eval"), text)
        option = Word("-c", words[0].span)
        return (words[0], option, text, *words[1:]) if program in SHELLS else words

    def _inner(self, command: SimpleCommand, inner: Inner, context: Context, *, here: bool) -> None:
        """Follow a prefix command to the command behind it."""
        if context.origin is Origin.DIRECT:
            context.origin = Origin.PREFIX
        cwd = command.cwd
        if inner.folder is not None:
            state = self._state.copy()
            state.enter(inner.folder.text if inner.folder.known else None)
            cwd = self._walk.place(state, context)
        if inner.rooted or inner.remote:
            cwd = None
        below = command.but(
            words=inner.words,
            span=_from(inner.words[0], command.span),
            origin=context.origin,
            stdin=context.stdin,
            piped_in=context.piped_in,
            cwd=cwd,
            prefixes=context.prefixes,
            remote=context.remote,
            more_words=command.more_words or inner.more_words,
        )
        if inner.words[0].globbed and inner.words[0].known and inner.words[0].text != "[":
            glob = inner.words[0].but(certainty=Certainty.UNKNOWN)
            below = below.but(words=(glob, *inner.words[1:]))
        self._unwrap(below, context, here=here)

    def _script(self, command: SimpleCommand, script: Script, context: Context) -> None:
        """Read a text that a shell will run; where its characters stand is kept if they stand there."""
        context.origin = Origin.NESTED_SHELL
        state = self._state
        if not script.in_place:
            foreign = bool(context.remote or set(context.prefixes) & _OTHER_ENVIRONMENT)
            assigned = {a.name: self._known(a.value) for a in command.assignments}
            state = state.child({} if foreign else assigned, foreign=foreign)
            if script.arguments is None:  # a trap, an alias: run some time later
                state.forget((EVERYTHING, CWD))
            elif context.remote:
                state.forget((CWD,))
        if script.arguments is not None:
            state.arguments = script.arguments
            name = script.shell_name
            state.shell_name = name.text if name is not None and name.known else None
        if script.text.known:
            self._walk.text(self._located(script.text), state, context)
        else:
            self._guess(script.text, state, context)
        self._state.output = lambda p: self._walk.output(p, self._source, self._state)

    def _again(self, word: Word, context: Context) -> None:
        """Read the substitutions in a text that is expanded a second time, if they can be read."""
        source = self._located(word)
        kept = len(self._walk.commands)
        try:
            shell = _Shell(self._walk, source, Region(0), self._state.copy())
            for piece in Scanner(source).inside_quotes():
                shell._piece(piece, context)
        except Unreadable:
            del self._walk.commands[kept:]

    def _guess(self, text: Word, state: State, context: Context) -> None:
        """Read a text of which some is not known as it is written: what is there may well run."""
        state.forget((EVERYTHING,))
        kept = len(self._walk.commands)
        try:
            self._walk.text(Source(text.text, -1, text.span), state, context)
        except Unreadable:
            del self._walk.commands[kept:]  # the outer command stays, and says that nobody knows

    def _located(self, word: Word) -> Source:
        span = word.span
        root = self._source
        if root.base >= 0:
            start = span.start - root.base
            at = root.text.find(word.text, start, span.end - root.base)
            if at >= 0:
                return Source(word.text, root.base + at, span)
        return Source(word.text, -1, span)


def _from(word: Word, whole: Span) -> Span:
    """Return the rest of a command's place that begins with one of its words."""
    inside = whole.start <= word.span.start < whole.end
    return whole.but(start=word.span.start) if inside else whole
