"""What a simple command starts, followed down: prefix commands, nested shells, texts evaluated again.

Longer than 400 lines, because a command that is followed hands its context, its input and its output on to
what it starts, in one place.
"""

from __future__ import annotations

import re

from gatesh.model import Assignment, Certainty, Origin, SimpleCommand, Span, Word
from gatesh.shell.again import code, disguised, evaluated, names_file, startup, subscripted
from gatesh.shell.definitions import Body
from gatesh.shell.effects import LEAVES_INPUT, apply, changed
from gatesh.shell.extents import MOST_NESTING
from gatesh.shell.parse import Function, parse
from gatesh.shell.prefixes import SHELL_LONG, SHELLS
from gatesh.shell.scan import Scanner
from gatesh.shell.settings import SETTINGS, carried
from gatesh.shell.simple import Assembler
from gatesh.shell.state import CWD, EVERYTHING
from gatesh.shell.tokens import Region, Source, TooMuch, Unreadable
from gatesh.shell.unwrap import unwrap
from gatesh.shell.unwrapped import Inner, Script, Unwrapped, script_at
from gatesh.shell.words import one
from gatesh.shell.written import CHANGES_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from gatesh.model import Redirect
    from gatesh.shell.context import Context
    from gatesh.shell.parse import Node
    from gatesh.shell.sink import Sink
    from gatesh.shell.state import State
    from gatesh.shell.tokens import Piece

_STDIN = frozenset(("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
_FILLS_IN = frozenset(("find", "gfind"))  # they put a word where {} stands
_ENDS = frozenset(("exec", "exit", "return", "break", "continue"))
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


class Follower(Assembler):
    """Adds each command, or what is inside it."""

    def piece(self, piece: Piece, context: Context) -> None:
        """Walk through one substitution."""
        raise NotImplementedError

    def node(self, node: Node, context: Context) -> None:
        """Walk through one node."""
        raise NotImplementedError

    def on(self, source: Source, region: Region, state: State) -> Self:
        """Return a walker of the same kind through another region."""
        return type(self)(self._walk, source, region, state)

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
            None if context.stdin is None or "\0" in context.stdin.text else context.stdin,
            context.piped_in,
            self._walk.place(self._state, context),
            self._state.may_have_stayed,
            context.prefixes,
            context.remote,
            more,
        )
        for word in evaluated(command):
            self._again(word, context)
        self._code(command, context)
        if redirects or command.program in CHANGES_FILES:
            self._walk.written.by(command, self._state)
        self._unwrap(command, context, function=True)
        if (
            command.program not in LEAVES_INPUT
            and command.program not in self._walk.defined.changes
        ):
            context.feed.at = None

    def _code(self, command: SimpleCommand, context: Context) -> None:
        """Read what shells that are started later run because a variable says so."""
        for name, value in code(command):
            text = value if name == "PROMPT_COMMAND" else self._printed_by(value)
            if text is not None:
                self._script(command, Script(text, "bash", arguments=None), context.but())
            elif value.known and names_file(name, value.text):
                self._sourced(command, value, name, context)
        if command.program in SHELLS and command.words[0].known:
            set_here = {a.name: a.value for a in command.assignments}

            def changed_to(name: str) -> str | None:
                value = set_here.get(name)
                return self._state.changed(name) if value is None else self._known(value)

            for path in startup(command, changed_to):
                self._sourced(command, command.words[0].but(text=path), "startup", context)

    def _sourced(self, command: SimpleCommand, path: Word, name: str, context: Context) -> None:
        """Follow a shell into a file that it reads first."""
        below = context.but()
        below.prefixes = (*context.prefixes, name)
        words = (path.but(text="source"), path)
        sourced = command.but(words=words, assignments=(), prefixes=below.prefixes)
        self._unwrap(sourced, below, here=False)

    def _unwrap(
        self,
        command: SimpleCommand,
        context: Context,
        *,
        here: bool = True,
        function: bool = False,
    ) -> None:
        """Follow a command into what it starts.

        `here` says that this very shell runs it, `function` that it may be one of its functions.
        """
        if context.depth > MOST_NESTING:
            raise TooMuch("nested too deeply", 0)
        found = unwrap(self._filled(command.words, command.stdin), context.stdin)
        if command.more_words and not found.inner:
            found = _started_by_more(command, found)
        if found.keep:
            self._walk.add(command)
        if context.sink is not None:
            self._prints(command, found, context.sink)
        for inner in (*found.inner, *self._written(command), *self._carried(command, context)):
            below = context.but()
            below.depth += 1
            below.prefixes = (*context.prefixes, inner.prefix)
            below.remote = inner.remote or context.remote
            if not inner.reads_input:
                below.stdin, below.piped_in = None, False
            if isinstance(inner, Script) and inner.arguments is None and not inner.in_place:
                below.sink = None  # run some other time
            if isinstance(inner, Inner):
                self._inner(command, inner, below, here=here and inner.prefix in _BUILTIN_PREFIXES)
            else:
                self._walk.running.append(inner.text)  # a script that runs itself has no end
                self._script(command, inner, below)
                self._walk.running.pop()
        if here and command.program == "alias":
            for word in command.words[1:]:
                self._walk.defined.alias(word)
        if here and found.keep:
            changes = self._walk.defined.changes.get(command.program)
            if changes is None:
                fails = command.program == "local" and not self._walk.defined.in_function
                unsure = fails or any(map(_may_fail, command.redirects))
                before = self._state.copy() if unsure else None
                self.succeeded = apply(command, self._state, context.feed)
                if before is not None:
                    self._state.join(before)
            elif function and self._call(command, context):
                return
            else:
                self._state.forget(changes)
                context.feed.at = None
                if context.sink:
                    context.sink.lose()
        if function and command.words:
            self._walk.defined.started(command.words[0].text, followed=False)

    def _carried(self, command: SimpleCommand, context: Context) -> tuple[Inner | Script, ...]:
        """Return what a command runs because variables say so: `PAGER='rm x' git log`."""
        if command.program not in SETTINGS or context.remote or self._walk.aside:
            return ()
        set_here = {a.name: a.value for a in command.assignments}

        def value(name: str) -> Word | None:
            if name in context.prefixes:  # PAGER='git log' git log: it is being read
                return None
            if name in set_here:
                return set_here[name]
            text = self._state.handed_on(name)
            return None if not text else Word(text, command.span, Certainty.EXPANDED)

        return tuple(carried(command.program, command.words, value))

    def _prints(self, command: SimpleCommand, found: Unwrapped, sink: Sink) -> None:
        """Tell what a command prints; what it starts tells for itself."""
        late = any(
            isinstance(i, Script) and i.arguments is None and not i.in_place for i in found.inner
        )
        if late or (found.inner and found.keep) or command.program in _ENDS:
            sink.lose()
        elif not found.inner and command.program not in self._walk.defined.changes:
            sink.take(command, self._walk.written.shown_by(command, self._state))

    def _call(self, command: SimpleCommand, context: Context) -> bool:
        """Walk through the body of a function as it is called; False where it cannot be followed."""
        defined, state, name = self._walk.defined, self._state, command.words[0].text
        self._from_environment(name)
        bodies = [] if self._walk.aside else defined.callable(name)
        if not bodies:
            return False
        kept, before = state.arguments, state.copy()
        inner = context.but(Origin.FUNCTION)
        inner.depth += 1
        for assignment in command.assignments:
            self._assign(assignment)
        arguments = None if command.more_words else command.words[1:]
        if any(not one(word) for word in arguments or ()):
            arguments = None
        start = state.copy()
        mark = context.sink.mark() if context.sink else 0
        defined.active.add(name)
        for number, body in enumerate(bodies):
            after = state if not number else start.copy()
            after.arguments = arguments
            self.on(body.source, body.region, after).node(body.node, inner)
            if number:
                state.join(after)
        defined.active.discard(name)
        state.arguments = kept
        if context.sink and (len(bodies) > 1 or any(body.early for body in bodies)):
            context.sink.perhaps(mark)
        if len(bodies) > 1:
            context.feed.at = None
        if any(body.early for body in bodies):
            context.feed.at = None
            state.join(before)
            state.forget(defined.changes[name])
        state.forget(a.name for a in command.assignments)
        self._own_output()
        return True

    def _from_environment(self, name: str) -> None:
        """Read a function that the environment hands in when it is first called."""
        defined = self._walk.defined
        text = defined.environment.pop(name, None)
        if text is None or defined.bodies.get(name) or not re.fullmatch(r"[\w.-]+", name):
            return
        source = Source(f"{name} {text}", -1, Span(0, 0))
        try:
            region = Scanner(source).scan()
            node = parse(region.skeleton())
        except Unreadable:
            return
        if isinstance(node, Function):
            changes = changed(node.body, region, source)
            defined.define(name, Body(node.body, region, source), changes)

    def _written(self, command: SimpleCommand) -> tuple[Inner | Script, ...]:
        """Return the script that a command runs and this line has written: `echo rm x >f; sh f`."""
        words, program = command.words, command.program
        if not program:
            return ()
        at, sources = 0, program in (".", "source")
        if sources or program in SHELLS:
            at = 1 if sources else script_at(words)
            if at >= len(words):
                return ()
        elif "/" not in words[0].text:
            return ()
        elif (original := self._walk.written.copied_from(words[0], self._state)) is not None:
            return (Inner((original, *words[1:]), program),)
        if self._walk.written.is_spoiled(words[at], self._state):
            return (Inner((words[at].but(certainty=Certainty.UNKNOWN),), program),)
        text = self._walk.written.get(words[at], self._state)
        around = self._walk.running.count(text) if text is not None else 0
        if text is None or "\0" in text.text or around > 1:
            return ()
        if around:  # it runs itself: once more, with whatever arguments
            return (Script(text, program, arguments=None),)
        if sources:
            return (Script(text, program, arguments=None, in_place=True),)
        if words[at - 1].text in SHELL_LONG:  # --rcfile FILE
            return (Script(text, program, arguments=None),)
        return (Script(text, program, arguments=words[at + 1 :], shell_name=words[at]),)

    def _filled(self, words: tuple[Word, ...], stdin: Word | None) -> tuple[Word, ...]:
        """Replace the script `<(echo text)` of a shell or `source` by what it says."""
        if len(words) < 2 or not words[0].known:
            return words
        program = words[0].text.rsplit("/", 1)[-1]
        sources = program in (".", "source")
        if not sources and program not in SHELLS:
            return words
        at = 1
        while not sources and words[at].text[:1] in ("-", "+") and at + 1 < len(words):
            at += 1  # one that takes a value is not looked for: the file is then not known
        text = self._printed_by(words[at])
        if sources and text is None and words[at].text in _STDIN and stdin is not None:
            text = stdin
        if text is None or "\0" in text.text:
            return words
        if sources:
            return (words[0].but(text="eval"), words[0].but(text="--"), text)
        option = Word("-c", words[0].span)
        return (*words[:at], option, text, *words[at:])

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
            stdin=None if context.stdin is None or "\0" in context.stdin.text else context.stdin,
            piped_in=context.piped_in,
            cwd=cwd,
            prefixes=context.prefixes,
            remote=context.remote,
            more_words=command.more_words or inner.more_words,
        )
        if inner.assigned:
            assigned = tuple(map(_assigned, inner.assigned))
            self._code(below.but(assignments=assigned), context)
            below = below.but(assignments=(*command.assignments, *assigned))
        if inner.words[0].globbed and inner.words[0].known and inner.words[0].text != "[":
            glob = inner.words[0].but(certainty=Certainty.UNKNOWN)
            below = below.but(words=(glob, *inner.words[1:]))
        self._unwrap(below, context, here=here)

    def _script(self, command: SimpleCommand, script: Script, context: Context) -> None:
        """Read a text that a shell will run; where its characters stand is kept if they stand there."""
        context.origin = Origin.NESTED_SHELL
        state = self._state
        if "\0" in script.text.text:  # the shell would drop it
            script = script.but(text=script.text.but(certainty=Certainty.UNKNOWN))
        if script.in_place:
            for assignment in command.assignments:  # IFS=, eval … · x=rm eval '$x'
                self._assign(assignment)
        else:
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
            if command.more_words and not set(command.prefixes) & _FILLS_IN:
                state.arguments = None  # xargs sh -c 'rm "$0" "$@"'
                state.shell_name = None if name is command.words[0] else state.shell_name
        if script.text.known:
            self._walk.text(self._located(script.text), state, context)
        else:
            self._guess(script.text, state, context)
        if script.in_place:
            state.forget(a.name for a in command.assignments)  # gone, or kept in POSIX mode
        self._own_output()

    def _again(self, word: Word, context: Context) -> None:
        """Read the substitutions in a text that is expanded a second time.

        An array's element that cannot be read stays as something that nobody knows.
        """
        if disguised(word):
            unseen = word.but(certainty=Certainty.UNKNOWN)
            self._walk.add(SimpleCommand((unseen,), word.span, context.origin))
        source = self._located(word)
        kept = len(self._walk.commands)
        try:
            shell = self.on(source, Region(0), self._state.copy())
            for piece in Scanner(source).inside_quotes():
                shell.piece(piece, context)
        except Unreadable:
            del self._walk.commands[kept:]
            if subscripted(word):
                unseen = word.but(certainty=Certainty.UNKNOWN)
                self._walk.add(SimpleCommand((unseen,), word.span, context.origin))

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


def _started_by_more(command: SimpleCommand, found: Unwrapped) -> Unwrapped:
    """Return what a command starts if the words that it will be given say so: `xargs env < f`."""
    if not command.words or not command.words[0].known or command.program in SHELLS:
        return found
    unseen = Word("$_", command.words[0].span, Certainty.UNKNOWN)
    given = unwrap((*command.words, unseen), None)
    for inner in given.inner:
        if isinstance(inner, Inner) and inner.words[0] is unseen:
            return Unwrapped((Inner((unseen,), command.program, reads_input=False),), found.keep)
    return found


def _may_fail(redirect: Redirect) -> bool:
    """Claim that a redirect may not succeed, and the command not run."""
    if redirect.op[:2] == "<<" or redirect.target.text[:2] == "<(":
        return False
    return redirect.target.text != "/dev/null"


def _assigned(word: Word) -> Assignment:
    """Return `NAME=value` of `env NAME=value program` as what it amounts to."""
    name, _, value = word.text.partition("=")
    return Assignment(name, word.but(text=value))


def _from(word: Word, whole: Span) -> Span:
    """Return the rest of a command's place that begins with one of its words."""
    inside = whole.start <= word.span.start < whole.end
    return whole.but(start=word.span.start) if inside else whole
