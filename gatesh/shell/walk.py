"""What runs, in order: from the tree of a command text to simple commands.

Follows the shell's state along the way (variables, working directory) as far as it can be followed, and
reads what is inside substitutions. simple.py makes each command, follow.py goes into what it starts.
"""

from __future__ import annotations

from gatesh.model import Origin, SimpleCommand, Word
from gatesh.shell.again import evaluated, subscripted
from gatesh.shell.context import Context
from gatesh.shell.definitions import Body, Definitions
from gatesh.shell.effects import calculated, changed
from gatesh.shell.extents import MOST_NESTING
from gatesh.shell.loops import MOST_TURNS, Loops
from gatesh.shell.parse import Compound, Function, Pipeline, Sequence, Simple, parse
from gatesh.shell.scan import MOST_COMMANDS, Scanner
from gatesh.shell.sink import Sink
from gatesh.shell.tokens import Kind, Region, TooMuch, Unreadable
from gatesh.shell.written import Written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Redirect, Span
    from gatesh.shell.parse import Node
    from gatesh.shell.state import State
    from gatesh.shell.tokens import Piece, Source, Token

MOST_ASIDE = 8
LONGEST_ASIDE = 160  # of the skeleton of a substitution whose output is asked for
MOST_TEXT = 256 * 1024  # of all nested texts together


class Walk:
    """Collects the simple commands of one line. Raises Unreadable; `commands` is what was seen by then."""

    def __init__(self, cwd: str, defined: Definitions | None = None, aside: int = 0) -> None:
        """Start empty; a command in `cwd`, the line's own directory, says so with "".

        `aside` counts how deep the question what a substitution prints was nested: such a walk looks at
        one command only, and leaves its substitutions to the walk that asks.
        """
        self.aside = aside
        self.commands: list[SimpleCommand] = []
        self._cwd = cwd
        self._text_left = MOST_TEXT
        self.defined = Definitions() if defined is None else defined
        self._turns_left = MOST_TURNS
        self.loops = 0  # around this place
        self.running: list[Word] = []  # the scripts that are being read around this place
        self.written = Written()
        self.texts: list[Source] = []  # all that was walked through, for a second reader

    # -- texts ---------------------------------------------------------------------------------------

    def text(self, source: Source, state: State, context: Context) -> bool:
        """Walk through a whole text; return whether another one may follow it on its next line."""
        self.texts.append(source)
        self._text_left -= len(source.text)
        if self._text_left < 0:
            raise TooMuch("too much text in nested shells", 0)
        if context.depth > MOST_NESTING:
            raise TooMuch("nested too deeply", 0)
        scanner = Scanner(source)
        self.region(source, scanner.scan(), state, context)
        return not scanner.open

    def region(self, source: Source, region: Region, state: State, context: Context) -> None:
        """Walk through the commands of a scanned text."""
        if not region.at:
            return
        _Shell(self, source, region, state).node(parse(region.skeleton()), context)

    def program(self, source: Source, words: tuple[Word, ...], state: State) -> None:
        """Walk into a program that starts with these words."""
        place = source.where(0, len(source.text))
        _Shell(self, source, Region(0), state).started(words, place)

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

    def finish(self) -> tuple[SimpleCommand, ...]:
        """Return all commands, without those of functions that were followed to where they are called."""
        return tuple(self.defined.without_definitions(self.commands))

    def turns(self, count: int) -> bool:
        """Claim that a loop may be followed value by value."""
        self._turns_left -= count
        return self._turns_left >= 0

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
        """Return what a text prints, where the words of its commands say it all."""
        nothing = Word("", source.where(region.start, region.end))
        if not region.at:  # $()
            return nothing
        skeleton = region.skeleton()
        if self.aside > MOST_ASIDE or len(skeleton) > LONGEST_ASIDE:
            return None
        aside, context = Walk(self._cwd, self.defined, self.aside + 1), Context()
        aside.written = self.written.copy()
        sink = context.sink = Sink()
        _Shell(aside, source, region, state.copy()).node(parse(skeleton), context)
        return nothing if sink.mark() == 0 else sink.word()


class _Shell(Loops):
    """One region of one text with the state it runs in."""

    def started(self, words: tuple[Word, ...], place: Span) -> None:
        """Take a simple command that nobody had to take apart."""
        self._emit(words, place, Context())

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
        sure, last = True, node.parts[0][1]
        for operator, part, after in node.parts:
            if operator in (";", "&"):
                if without is not None:
                    state.join(without)
                    without = None
                state.go_on()
                before = state.copy()
            if operator == "&&" and without is None:
                without = state.copy()
            at, mark = context.feed.at, context.sink.mark() if context.sink else 0
            if after == "&":
                self._aside(part, context)
                context.feed.at = None
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
            if operator in ("&&", "||") and context.feed.at != at:
                context.feed.at = None  # nobody knows whether it has read
            sure = operator == ";" or (operator == "&&" and sure and self._succeeds(last))
            if context.sink and (not sure or after == "&"):
                context.sink.perhaps(mark)
            last = part
        if without is not None:
            state.join(without)

    def _succeeds(self, node: Node) -> bool:
        """Claim that a command cannot fail."""
        if not isinstance(node, Simple):
            return False
        tokens = self._region.at[node.at]
        first = self._source.text[tokens[0].start : tokens[0].end]
        if first in ("echo", "printf", "true", ":"):
            return all(token.kind is Kind.WORD for token in tokens)
        return all(t.kind is Kind.WORD and not t.pieces and self._is_assignment(t) for t in tokens)

    def _leaves(self, node: Node) -> bool:
        """Claim that nothing behind this node runs: `|| exit 1`, `|| { echo no; return; }`."""
        if isinstance(node, Sequence):
            _, last, after = node.parts[-1]
            return after != "&" and all(p[0] == ";" for p in node.parts) and self._leaves(last)
        if not isinstance(node, Simple):
            return False
        tokens = [t for t in self._region.at[node.at] if t.kind is Kind.WORD]
        word = self._source.text[tokens[0].start : tokens[0].end] if tokens else ""
        if word == "return":
            return self._walk.defined.in_function
        if word in ("break", "continue"):
            return self._walk.loops > 0
        return word == "exit" or (word == "exec" and len(tokens) > 1)

    def _pipeline(self, node: Pipeline, context: Context) -> None:
        if len(node.parts) == 1:
            if node.negated:
                kept = self._state.copy()
                self.node(node.parts[0], context)
                self._state.join(kept)
            else:
                self.node(node.parts[0], context)
            return
        inner = context.but()
        for part in node.parts:
            last = part is node.parts[-1]
            sink = inner.sink = context.sink if last else Sink()
            self._aside(part, inner)
            inner = context.but()
            inner.piped_in = True
            inner.stdin = sink.word() if sink and not last else None

    def _compound(self, node: Compound, context: Context) -> None:
        inner, redirects = self._redirected(node, context)
        state = self._state
        values = self._values(node)
        for word in filter(subscripted, values or ()):
            self._again(word, context)
        if node.words >= 0:
            self._pieces_of(node.words, context)
        if node.name >= 0 and values is None:
            (name,) = self._region.at[node.name]
            self._pieces([name], context)
            text = self._source.text[name.start : name.end]
            state.forget((text,) if name.kind is Kind.NAME else calculated(text))
        self._inside(node, values, inner)
        if inner.sink is not context.sink:
            printed = inner.sink.word() if inner.sink else None
            self._walk.written.redirected(redirects, printed, self._state)

    def _inside(self, node: Compound, values: list[Word] | None, inner: Context) -> None:
        """Walk through the parts of a compound command."""
        if node.kind == "(":
            for part in node.parts:
                self._aside(part, inner)
        elif node.kind == "{":
            for part in node.parts:
                self.node(part, inner)
        elif node.kind == "if":
            self._if(node, inner)
        elif values is not None:
            self._each(node, values, inner)
        elif not self._lines(node, inner):
            self._loop(node, inner)

    def _redirected(self, node: Compound, context: Context) -> tuple[Context, list[Redirect]]:
        """Return the context inside a compound command, whose redirects hold for all of it."""
        if not node.redirects:
            return context, []
        inner = context.but()
        tokens = [token for at in node.redirects for token in self._region.at[at]]
        self._pieces(tokens, context)
        redirects = [self._redirect(token) for token in tokens]
        if any(r.op[0] != "<" and r.fd != 2 for r in redirects):
            inner.sink = Sink()
        command = SimpleCommand(
            (),
            self._source.where(tokens[0].start, tokens[-1].end),
            context.origin,
            redirects=tuple(redirects),
            cwd=self._walk.place(self._state, context),
            prefixes=context.prefixes,
            remote=context.remote,
        )
        self._walk.add(command)
        for word in evaluated(command):
            self._again(word, context)
        self._stdin(inner, redirects)
        return inner, redirects

    def _if(self, node: Compound, context: Context) -> None:
        state = self._state
        self.node(node.parts[0], context)
        before = state.copy()
        after = state.copy()
        ends, mark = {context.feed.at}, context.sink.mark() if context.sink else 0
        for part in node.parts[1:]:
            state.become(before)
            at = context.feed.at
            self.node(part, context)
            ends.add(context.feed.at)
            context.feed.at = at
            after.join(state)
        if len(ends) > 1:
            context.feed.at = None
        if context.sink:
            context.sink.perhaps(mark)
        state.become(after)

    def _function(self, node: Function, context: Context) -> None:
        """Read a body where it is defined: nobody knows with what state it will be called."""
        if self._walk.aside:
            if context.sink:
                context.sink.lose()
            return
        (name,) = self._region.at[node.name]
        names = changed(node.body, self._region, self._source)
        called = self._source.text[name.start : name.end]
        self._walk.defined.define(called, Body(node.body, self._region, self._source), names)
        kept = self._state.copy()
        self._state.forget(names)
        self._state.forget(changed(None, self._region, self._source))
        self._state.arguments = None
        inner = context.but(Origin.FUNCTION)
        inner.stdin, inner.piped_in, inner.sink = None, False, None
        first = len(self._walk.commands)
        self._walk.defined.unborn += 1
        try:
            self.node(node.body, inner)
        finally:
            self._walk.defined.unborn -= 1
        self._walk.defined.read(called, self._walk.commands[first:])
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
                self.piece(piece, context)

    def piece(self, piece: Piece, context: Context) -> None:
        for inner in piece.inner:
            self.piece(inner, context)
        if piece.opener in ("$((", "$["):
            self._state.forget(calculated(self._source.text[piece.start : piece.end]))
        if piece.region is None and piece.source is None:
            return
        below = context.but(Origin.SUBSTITUTION)
        below.depth += 1
        below.sink = None
        state = self._state.copy()
        if piece.opener == ">(":
            below.piped_in, below.stdin = True, None
        if piece.source is not None:
            self._walk.text(piece.source, state, below)
        elif piece.region is not None:
            self._walk.region(self._source, piece.region, state, below)
        self._state.output = lambda p: self._walk.output(p, self._source, self._state)
