"""One simple command: from its tokens to words, assignments, redirects and what it reads."""

from __future__ import annotations

import itertools
import re

from gatesh.model import Assignment, Certainty, Redirect, Word
from gatesh.shell import words as wording
from gatesh.shell.arrays import Array
from gatesh.shell.definitions import MOST_BODIES
from gatesh.shell.effects import DECLARES, calculated
from gatesh.shell.elements import ASSIGNMENT, Elements
from gatesh.shell.scan import Scanner
from gatesh.shell.tokens import Kind, Source, Token, TooMuch, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Span
    from gatesh.shell.context import Context
    from gatesh.shell.state import State
    from gatesh.shell.tokens import Region
    from gatesh.shell.walk import Walk


_RUNS = r"\$\(|`|\$\{|<\("


class Assembler(Elements):
    """Makes the simple commands of one region of one text, with the state it runs in."""

    def __init__(self, walk: Walk, source: Source, region: Region, state: State) -> None:
        """Keep the parts; `walk` collects what is made."""
        self._walk = walk
        self._source = source
        self._region = region
        self._state = state
        self.succeeded: bool | None = None  # whether the last `read` did, where that is known
        self._own_output()

    def _pieces(self, tokens: list[Token], context: Context) -> None:
        """Walk through the substitutions of some tokens."""
        raise NotImplementedError

    def _own_output(self) -> None:
        """Let the state ask this region's text what a substitution prints."""
        walk, source = self._walk, self._source
        self._state.output = lambda piece: walk.output(piece, source, self._state)

    def _emit(
        self,
        words: tuple[Word, ...],
        span: Span,
        context: Context,
        assignments: tuple[Assignment, ...] = (),
        redirects: tuple[Redirect, ...] = (),
        more: bool = False,
    ) -> None:
        """Take what was made."""
        raise NotImplementedError

    def _tokens(self, tokens: list[Token], context: Context) -> None:
        """Make a simple command of its tokens, and take off what surrounds it."""
        first = tokens[0]
        if first.kind in (Kind.PATTERN, Kind.NAME):
            self._pieces(tokens, context)
            return
        span = self._source.where(first.start, tokens[-1].end)
        if first.kind in (Kind.CONDITION, Kind.ARITHMETIC):
            self._pieces(tokens, context)
            self._alias(tokens, context)
            self._state.forget(calculated(self._source.text[first.start : first.end]))
            self._emit(self._bracketed(first), span, context)
            return
        leading = self._leading(tokens)
        rest = [token for token in tokens if token not in leading] if leading else tokens
        self._pieces(rest, context)
        self._alias(tokens, context)
        words, redirects, more = self._words(rest)
        inner = context
        if redirects:
            inner = context.but()
            self._stdin(inner, redirects)
        assignments: tuple[Assignment, ...] = ()
        if leading:
            before = self._state.copy()
            assignments = tuple(self._assigned(token, context) for token in leading)
            if words:  # they hold for the command only
                self._state.back((a.name for a in assignments), before)
            elif redirects:
                self._state.join(before)  # a redirect that fails takes the command with it
        self._emit(tuple(words), span, inner, assignments, tuple(redirects), more)
        if redirects and words and words[0].text == "exec":
            context.feed.at = None  # what the shell reads from here on may be something else
        if words and words[0].text in DECLARES and not redirects:
            self._declare_arrays(words, rest, context)

    def _declare_arrays(self, words: list[Word], tokens: list[Token], context: Context) -> None:
        """Set the arrays of `declare -A m=([k]=v)`: their words say nothing of them."""
        defined = self._walk.defined
        for token in tokens:
            match = ASSIGNMENT.match(self._source.text, token.start, token.end)
            if match:
                self._evaluated(match, token, context)
        if words[0].text == "local" and not defined.in_function:
            return
        options = "".join(w.text[1:] for w in words[1:] if w.text[:1] in ("-", "+"))
        if set(options) - set("aAgx") or words[0].text in defined.changes:
            return
        for token in tokens:
            match = ASSIGNMENT.match(self._source.text, token.start, token.end)
            if match and not match.group(2) and self._elements_at(match) is not None:
                if "A" in options and not match.group(3):
                    self._state.set_array(match.group(1), Array(keyed=True))
                self._state.set_array(match.group(1), self._array(match, token.end))

    def _leading(self, tokens: list[Token]) -> list[Token]:
        """Return the assignments in front of a command's first word."""
        found: list[Token] = []
        for token in tokens:
            if token.kind is not Kind.WORD:
                continue
            if not self._is_assignment(token):
                break
            found.append(token)
        return found

    def _assigned(self, token: Token, context: Context) -> Assignment:
        """Assign as `NAME=value` says: what comes behind it in the same command sees it."""
        self._pieces([token], context)
        assignment = self._assignment(token)
        match = self._matched(token)
        self._evaluated(match, token, context)
        if match.group(2) or self._elements_at(match) is not None:
            self._state.set_array(assignment.name, self._array(match, token.end))
        else:
            self._assign(assignment)
        return assignment

    def _evaluated(self, match: re.Match[str], token: Token, context: Context) -> None:
        """Read what an element's text would run, were it evaluated: `b=('a[$(rm x)]'); ((b))`."""
        source, state = self._source, self._state
        elements = self._elements_at(match)
        if elements is None and match.group(2):
            elements = [(match.end(), token.end)]
        if not elements or not re.search(r"[$`\\]", source.text[token.start : token.end]):
            return
        for start, end in elements:
            words, _ = wording.fields(source, Token(Kind.WORD, start, end), state)
            for word in words:
                if word.known and re.search(_RUNS, word.text):
                    self._again(word, context)

    def _again(self, word: Word, context: Context) -> None:
        """Read the substitutions in a text that is expanded a second time."""
        raise NotImplementedError

    def _words(self, tokens: list[Token]) -> tuple[list[Word], list[Redirect], bool]:
        """Return the words and redirects of a command, and whether unseen words may be among them."""
        words: list[Word] = []
        redirects: list[Redirect] = []
        more = False
        for token in tokens:
            if token.kind is not Kind.WORD:
                redirects.append(self._redirect(token))
            elif words and words[0].text in DECLARES and self._is_assignment(token):
                words.append(self._declared(token))
            else:
                fields, unseen = wording.fields(self._source, token, self._state)
                words += fields
                more = more or unseen
        if words and words[0].known and words[0].globbed and words[0].text != "[":
            words[0] = words[0].but(certainty=Certainty.UNKNOWN)  # a path that nobody looked up
        return words, redirects, more

    def _alias(self, tokens: list[Token], context: Context) -> None:
        """Read a command as an alias in front makes it; the command as it stands is read besides."""
        aliases, active = self._walk.defined.aliases, self._walk.defined.active
        if not aliases:
            return
        source = self._source
        words = [t for t in tokens if t.kind is Kind.WORD and not self._is_assignment(t)]
        text = source.text[words[0].start : words[0].end] if words else ""
        if text not in aliases or f"alias {text}" in active or self._walk.aside:
            return
        before = self._state.copy()
        active.add(f"alias {text}")
        for body in aliases[text][:MOST_BODIES]:
            self._aliased(body, tokens, words, context)
        active.discard(f"alias {text}")
        self._state.join(before)

    def _aliased(
        self, body: Word, tokens: list[Token], words: list[Token], context: Context
    ) -> None:
        """Put an alias's text where its name stands; behind a blank the next word may be one too."""
        source = self._source
        done = source.text[tokens[0].start : words[0].start] + body.text
        for word, after in itertools.pairwise(words):
            rest = source.text[word.end : after.start]
            next_ = self._walk.defined.aliases.get(source.text[after.start : after.end])
            if not next_ or body.text[-1:] not in (" ", "\t"):
                end = word.end
                break
            body, end = next_[-1], after.end
            done += rest + body.text
        else:
            end = words[-1].end
        span = source.where(tokens[0].start, tokens[-1].end)
        whole = Source(done + source.text[end : tokens[-1].end], -1, span)
        kept = len(self._walk.commands)
        readable = all(token.kind is not Kind.HEREDOC for token in tokens)
        try:
            if readable:
                self._walk.text(whole, self._state, context.but())
        except TooMuch:
            raise
        except Unreadable:
            del self._walk.commands[kept:]
            readable = False
        self._own_output()
        if not readable:
            self._emit((Word(whole.text, span, Certainty.UNKNOWN),), span, context)

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

    def _is_assignment(self, token: Token) -> bool:
        """Claim that a word is `NAME=value` or `NAME+=value`."""
        text = self._source.text
        raw = text[token.start : token.end]
        if "=" not in raw:
            return False
        if ASSIGNMENT.match(text, token.start, token.end):
            return True
        if "\\\n" in raw and ASSIGNMENT.match(raw.replace("\\\n", "")):
            raise Unreadable("a line continuation inside an assignment", token.start)
        return False

    def _assignment(self, token: Token) -> Assignment:
        """Return `NAME=value` or `NAME+=value`."""
        source = self._source
        match = self._matched(token)
        name, subscript, plus = match.groups()
        if name in ("BASH_ALIASES", "BASH_CMDS") and (not subscript or name == "BASH_CMDS"):
            raise TooMuch(f"an assignment to {name}", token.start)
        if self._elements_at(match) is not None:
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
            if name == "BASH_ALIASES":
                self._walk.defined.alias(value.but(text=f"{subscript[1:-1]}={value.text}"))
            value = value.but(certainty=Certainty.UNKNOWN)
        return Assignment(name, value)

    def _declared(self, token: Token) -> Word:
        """Return `export NAME=value`'s word: it is an assignment, never split."""
        found = self._assignment(token)
        span = self._source.where(token.start, token.end)
        if not found.value.known:
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
        if source.text[token.start] == "{":
            self._state.forget((source.text[token.start + 1 : token.end].partition("}")[0],))
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
                written = self._walk.written.get(redirect.target, self._state)
                context.stdin = written or self._printed_by(redirect.target)
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
