"""A quote-aware scanner in front of bashlex: text in, tokens and a skeleton out.

It knows comments, line continuations, here-documents, and the constructs that bashlex cannot read (`time`,
`[[`, `((`, `case`, `select`, `coproc`, arrays), which it rewrites into ones that run the same commands.
Whatever bash's versions and contexts read differently raises Unreadable: not knowing is better than guessing.
Over 400 lines because every construct of the grammar must know where the others leave the scanner.
"""

from __future__ import annotations

import re

from gatesh.model import Span
from gatesh.shell.extents import BLANKS, PARENS, Extents, is_process, skip
from gatesh.shell.tokens import Kind, Piece, Region, Source, Token, TooMuch, Unreadable

MOST_COMMANDS = 2000
MOST_CHARACTERS = 32 * 1024  # outside here-document bodies

_OPERATOR = re.compile(r"<<<|<<-|<<|<>|<&|<|&>>|&>|>>|>&|>\||>|&&|&|\|\||\|&|\||;;&|;;|;&|;|\(|\)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[.*?\])?\+?=", re.DOTALL)
_NEW_FD = 10  # {fd}>f: bash takes one that is free
_FD_NAME = r"\{[A-Za-z_][A-Za-z0-9_]*\}"
_TIME_OPTIONS = re.compile(r"(?:[ \t]|\\\n)+(?:-p|--)(?=[ \t\n;&|)]|\Z)")
_NAMED_COPROC = re.compile(
    r"(?:[ \t]|\\\n)*[A-Za-z_]\w*(?:[ \t]|\\\n)+(?=[{(]|(?:while|until|if|for|case|select|\[\[)\s)"
)

_OPENERS = frozenset(("if", "while", "until", "{"))
_MIDDLES = frozenset(("then", "do", "else", "elif"))
_CLOSERS = frozenset(("fi", "done", "}"))
_SPECIAL = frozenset(("for", "select", "case", "esac", "function", "time", "coproc", "!", "[["))
RESERVED = _OPENERS | _MIDDLES | _CLOSERS | _SPECIAL


class _State:
    """Where in the grammar the scanner stands, within one region."""

    __slots__ = (
        "cases", "empty", "expect", "leading", "parens", "pending", "start",
    )  # fmt: skip

    def __init__(self) -> None:
        """Stand at the beginning of a list."""
        self.start = True  # a reserved word would be one
        self.empty = True  # nothing since the last separator: a newline means nothing
        self.leading = True  # only assignments so far: another one would be one
        self.expect = ""  # the construct that the next word completes
        self.parens = 0
        self.cases = 0
        self.pending: list[Token] = []  # here-documents whose bodies begin at the next newline

    def fresh(self) -> None:
        """Stand where a new command begins."""
        self.start = self.empty = self.leading = True

    def closed(self) -> None:
        """Stand behind a compound command: only a redirect, a separator or a closer may follow."""
        self.start, self.empty, self.leading = True, False, False

    def inside(self) -> None:
        """Stand within a simple command."""
        self.start = self.empty = False


def scan(source: Source) -> Region:
    """Return the tokens and the skeleton of a whole text; raises Unreadable."""
    return Scanner(source).scan()


class Scanner(Extents):
    """One pass over one text. Offsets count its characters; every method takes one and returns one."""

    def __init__(self, source: Source) -> None:
        """Stand before the text; `region` is what was read when Unreadable was raised."""
        super().__init__(source)
        self._bodies = 0  # characters in here-document bodies
        self._endless = False
        self.region = Region(0)

    def scan(self) -> Region:
        """Scan the whole text."""
        self._commands(self.region, 0, "")
        if len(self._text) - self._bodies > MOST_CHARACTERS:
            raise TooMuch("longer than 32 kB", 0)
        if len(self.region.at) > MOST_COMMANDS:
            raise TooMuch("too many commands", 0)
        return self.region

    @property
    def open(self) -> bool:
        """Claim that the text ends within a here-document: what is put behind it would belong to that."""
        return self._endless or self._waiting > 0

    # -- command text --------------------------------------------------------------------------------

    def _commands(self, region: Region, i: int, closer: str) -> int:
        """Scan command text up to an unmatched `)` (where that is the closer) or the end."""
        text, state, found = self._text, _State(), self._found
        self._deeper(i)
        while True:
            blanks = BLANKS.match(text, i)
            if blanks:
                i = blanks.end()
            char = text[i : i + 1]
            if char == "\n":
                i = self._newline(region, state, i, closer)
            elif char == "#":
                end = text.find("\n", i)
                i = len(text) if end < 0 else end
            elif state.expect == "pattern" and char:
                i = self._pattern(region, state, i)
            elif char and char in ";&|()<>" and not is_process(text, i):
                if char == ")" and not state.parens and closer:
                    break
                i = self._operator(region, state, i)
            elif char:
                i = self._token(region, state, i)
            else:
                break
        if not char and closer:
            raise Unreadable("a ( is not closed", region.start)
        if state.pending and closer:
            raise Unreadable("a here-document's body lies outside its substitution", i)
        if state.cases:
            raise Unreadable("a case is not closed", i)
        self._nesting -= 1
        self._found = found
        region.end = i
        return i

    def _newline(self, region: Region, state: _State, i: int, closer: str) -> int:
        if self._waiting > len(state.pending):
            raise Unreadable("a newline between a here-document and its body", i)
        i += 1
        for token in state.pending:
            i = self._body(token, i, closer)
        self._waiting -= len(state.pending)
        state.pending = []
        if state.expect not in ("in", "case-in", "pattern") and not state.empty:
            region.emit(";")
            state.fresh()
        return i

    def _operator(self, region: Region, state: _State, i: int) -> int:
        match = _OPERATOR.match(self._text, i)
        if match is None:  # pragma: no cover  the caller looked at the character
            raise Unreadable("an operator that is none", i)
        op, end = match.group(), match.end()
        self._unbroken(i, end)
        if op in ("(", ")"):
            return self._parenthesis(region, state, i, op)
        if op[0] in "<>" or op[:2] == "&>":
            return self._redirect(region, state, i, i, None)
        if op in (";;", ";&", ";;&"):
            if not state.cases:
                raise Unreadable(f"{op} outside a case", i)
            if not state.empty:
                region.emit(";")
            state.fresh()
            state.expect = "pattern"
            return end
        region.emit("|" if op == "|&" else op)
        if state.expect == "in":
            state.expect = ""
        state.fresh()
        return end

    def _unbroken(self, i: int, end: int) -> None:
        """Raise where a line continuation would glue an operator to what follows."""
        text = self._text
        if text.startswith("\\\n", end):
            blanks = BLANKS.match(text, end)
            last = text[end - 1]
            after = text[blanks.end() : blanks.end() + 1] if blanks else ""
            glued = blanks is not None and not blanks.group().strip("\\\n")
            if (
                glued
                and after
                and (after in "<>&|;(-" if last in "<>&|;" else after == last == "(")
            ):
                raise Unreadable("a line continuation inside an operator", i)

    def _parenthesis(self, region: Region, state: _State, i: int, op: str) -> int:
        text = self._text
        if op == ")":
            state.parens -= 1
            if state.parens < 0:
                raise Unreadable("a ) without its (", i)
            self._nesting -= 1
            region.emit(")")
            state.closed()
            return i + 1
        parens = PARENS.match(text, i)
        if parens and not state.start and region.run is not None and len(region.run) == 1:
            region.run[0].kind = Kind.NAME
            region.emit("(")
            region.emit(")")
            state.fresh()
            return parens.end()
        if text.startswith("((", i) and state.start:
            end = self._arithmetic_command(region, state, i)
            if end:
                return end
        if not state.start or not state.empty:
            raise Unreadable("a ( where no command can begin", i)
        state.parens += 1
        self._deeper(i)
        region.emit("(")
        state.fresh()
        return i + 1

    def _arithmetic_command(self, region: Region, state: _State, i: int) -> int:
        """Read `((…))`; return 0 where it is one subshell in another."""
        found = self._found = []
        close, first = self._balanced(i + 1, "(", ")")
        if first != close - 1:
            return 0
        token = Token(Kind.ARITHMETIC, i, close + 1, tuple(found))
        _emit_group(region, token)
        state.closed()
        return close + 1

    # -- words ---------------------------------------------------------------------------------------

    def _token(self, region: Region, state: _State, i: int) -> int:
        """Read a word where a word can stand."""
        text = self._text
        found = self._found = []
        end = self._word(i, assignable=state.leading)
        plain = text[i:end]
        if "\\\n" in plain:
            plain = plain.replace("\\\n", "")
        if text[end : end + 1] in ("<", ">") and (
            (plain.isascii() and plain.isdigit()) or re.fullmatch(_FD_NAME, plain)
        ):
            return self._redirect(region, state, i, end, plain)
        token = Token(Kind.WORD, i, end, tuple(found))
        if state.expect and self._expected(region, state, token, plain):
            return end
        if state.start and plain in RESERVED:
            return self._reserved(region, state, token, plain)
        if state.start and not state.empty:
            raise Unreadable("a word behind a compound command", i)
        region.add(token)
        state.inside()
        state.leading = state.leading and _ASSIGNMENT.match(plain) is not None
        return end

    def _expected(self, region: Region, state: _State, token: Token, plain: str) -> bool:
        """Take a word that a construct waits for; False where the word is an ordinary one."""
        expect, state.expect = state.expect, ""
        if expect == "name":
            token.kind = Kind.NAME
            region.emit("w", token)
            region.run = None
            state.expect = "in"
            state.closed()
        elif expect == "in":
            if plain != "in":
                state.fresh()
                return False
            region.emit("in")
            state.inside()
            state.leading = False
        elif expect == "case":
            token.kind = Kind.PATTERN
            # Read as a loop: its bodies run or not, and change what is known behind it.
            region.emit("while")
            region.emit("w", token)
            region.emit(";")
            region.emit("do")
            region.emit("w", Token(Kind.PATTERN, token.start, token.start))
            region.emit(";")
            state.expect = "case-in"
        elif expect == "case-in":
            if plain != "in":
                raise Unreadable("a case without in", token.start)
            state.cases += 1
            state.expect = "pattern"
        elif expect == "function":
            token.kind = Kind.NAME
            region.emit("w", token)
            region.emit("(")
            region.emit(")")
            state.fresh()
        return True

    def _reserved(self, region: Region, state: _State, token: Token, plain: str) -> int:
        """Read a reserved word and what belongs to it."""
        if not state.empty and plain not in _MIDDLES and plain not in _CLOSERS and plain != "esac":
            raise Unreadable(f"{plain} behind a compound command", token.start)
        if plain in _OPENERS:
            self._deeper(token.start)
            region.emit(plain)
            state.fresh()
        elif plain in _MIDDLES:
            region.part()
            region.emit(plain)
            state.fresh()
        elif plain in _CLOSERS:
            self._nesting -= 1
            region.part()
            region.emit(plain)
            state.closed()
        elif plain == "esac":
            if not state.cases:
                raise Unreadable("an esac without its case", token.start)
            self._close_case(region, state)
        elif plain == "!":
            region.emit("!")
            state.fresh()
        else:
            return self._construct(region, state, token, plain)
        return token.end

    def _close_case(self, region: Region, state: _State) -> None:
        state.cases -= 1
        state.expect = ""
        self._nesting -= 1
        region.part()
        region.emit("done")
        state.closed()

    def _construct(self, region: Region, state: _State, token: Token, plain: str) -> int:
        """Rewrite what bashlex cannot read."""
        text, end = self._text, token.end
        if plain == "time":
            options = _TIME_OPTIONS.match(text, end)
            while options:
                end = options.end()
                options = _TIME_OPTIONS.match(text, end)
            if (text[skip(text, end) : skip(text, end) + 1] or "\n") in ";&|\n)":
                region.add(token)
                state.inside()
        elif plain == "coproc":
            # It runs aside, with pipes at both ends: read as the end of a pipeline.
            for piece in ("{", "w", ";", "}", "|"):
                region.emit(
                    piece, *((Token(Kind.PATTERN, token.start, token.start),) * (piece == "w"))
                )
            named = _NAMED_COPROC.match(text, end)
            end = named.end() if named else end
        elif plain == "case":
            self._deeper(token.start)
            state.expect = "case"
            state.inside()
        elif plain == "function":
            state.expect = "function"
            state.inside()
            # `function f ()`: the parentheses add nothing
            return self._function(region, state, end)
        elif plain == "[[":
            return self._condition(region, state, token)
        else:  # for, select
            self._deeper(token.start)
            region.emit("for")
            state.expect = "name"
            state.inside()
            after = skip(text, end)
            if text.startswith("((", after):
                return self._arithmetic_for(region, state, after)
        return end

    def _function(self, region: Region, state: _State, i: int) -> int:
        """Read `NAME` or `NAME ()` behind `function`."""
        text = self._text
        i = skip(text, i)
        if text[i : i + 1] in ("", "\n", *";&|()<>"):
            raise Unreadable("a function without a name", i)
        end = self._token(region, state, i)
        after = skip(text, end)
        parens = PARENS.match(text, after)
        return parens.end() if parens else end

    def _arithmetic_for(self, region: Region, state: _State, i: int) -> int:
        """Read `for ((…; …; …))`."""
        found = self._found = []
        close, first = self._balanced(i + 1, "(", ")")
        if first != close - 1:
            raise Unreadable("a for without a name", i)
        region.emit("w", Token(Kind.ARITHMETIC, i, close + 1, tuple(found)))
        region.run = None
        state.expect = "in"
        state.closed()
        return close + 1

    def _condition(self, region: Region, state: _State, token: Token) -> int:
        """Read `[[ … ]]`: its words are operands, and nothing in it is a command."""
        text, i = self._text, token.end
        found: list[Piece] = []
        while True:
            blanks = BLANKS.match(text, i)
            i = blanks.end() if blanks else i
            char = text[i : i + 1]
            if not char:
                raise Unreadable("a [[ is not closed", token.start)
            if char == "\n" and not self._waiting:
                i += 1
                continue
            if char in "#;\n":
                raise Unreadable(f"{char!r} inside [[ ]]", i)
            if char in "&|()<>" and not is_process(text, i):
                i += 1
                continue
            self._found = []
            end = self._word(i)
            if text[i:end] == "]]":
                break
            token.operands.append(Token(Kind.WORD, i, end, tuple(self._found)))
            found += self._found
            i = end
        whole = Token(Kind.CONDITION, token.start, end, tuple(found))
        whole.operands = token.operands
        _emit_group(region, whole)
        state.closed()
        return end

    def _pattern(self, region: Region, state: _State, i: int) -> int:
        """Read `PATTERN | PATTERN )` of a case, or its `esac`."""
        text, start = self._text, i
        found: list[Piece] = []
        opened = text[i] == "("
        if opened:
            i = skip(text, i + 1)
        while True:
            char = text[i : i + 1]
            if char == ")":
                break
            if char == "|":
                i = skip(text, i + 1)
                continue
            if (not char or char in "\n;&()<>#") and not is_process(text, i):
                raise Unreadable("a case pattern without its )", start)
            self._found = []
            end = self._word(i)
            if not opened and text[i:end].replace("\\\n", "") == "esac" and i == start:
                self._close_case(region, state)
                return end
            found += self._found
            i = skip(text, end)
        region.emit("w", Token(Kind.PATTERN, start, i, tuple(found)))
        region.emit(";")
        state.expect = ""
        state.fresh()
        return i + 1

    # -- redirects and here-documents ----------------------------------------------------------------

    def _redirect(self, region: Region, state: _State, begin: int, i: int, fd: str | None) -> int:
        """Read `[FD]>word`; of a here-document the delimiter, its body comes at the newline."""
        text = self._text
        match = _OPERATOR.match(text, i)
        op = match.group() if match else ""
        self._unbroken(i, i + len(op))
        i = skip(text, i + len(op))
        if text[i : i + 1] in ("", "\n", "#") or (text[i] in ";&|()<>" and not is_process(text, i)):
            raise Unreadable(f"{op} without a word behind it", begin)
        found = self._found = []
        end = self._word(i)
        token = Token(Kind.REDIRECT, begin, end, tuple(found))
        token.op = op
        token.fd = int(fd) if fd and fd.isdigit() and len(fd) < 10 else None
        token.fd = _NEW_FD if fd and fd[0] == "{" else token.fd
        token.target = Token(Kind.WORD, i, end, token.pieces)
        if op in ("<<", "<<-"):
            self._here(token, i, end)
            state.pending.append(token)
            self._waiting += 1
        if state.start and not state.empty:  # { …; } > word
            region.emit(">")
            region.emit("w", token)
            region.run = None
            return end
        region.add(token)
        state.inside()
        return end

    def _here(self, token: Token, i: int, end: int) -> None:
        """Take the delimiter of a here-document: quote removal is all that happens to it."""
        raw = self._text[i:end].replace("\\\n", "")
        if any(c in raw for c in "$`\n"):
            raise Unreadable("an unusual here-document delimiter", i)
        token.kind = Kind.HEREDOC
        token.pieces = ()
        token.quoted = any(c in raw for c in "'\"\\")
        token.operands = [Token(Kind.NAME, i, end)]

    def _body(self, token: Token, i: int, closer: str) -> int:
        """Find the body of a here-document and the expansions in it; return the offset behind it."""
        text, start, size = self._text, i, len(self._text)
        source = token.operands[0]
        delimiter = _unquoted(text[source.start : source.end].replace("\\\n", ""))
        end = start
        while i < size:
            end = i
            line, i = self._line(i, joined=not token.quoted)
            if token.op == "<<-" and line != delimiter:  # <<-'\tE' is found as it stands
                line = line.lstrip("\t")
            if line == delimiter:
                break
            if closer and line.startswith(delimiter) and ")" in line:
                raise Unreadable("a here-document that ends at a )", end)
            end = i
        else:
            self._endless = True
        token.body = (start, end)
        self._bodies += end - start
        if not token.quoted:
            found = self._found = []
            self._expansions(start, end)
            token.pieces = tuple(found)
            if found and "\\\n" in text[start:end]:
                raise Unreadable("an expansion and a line continuation in one here-document", start)
        return i

    def _line(self, i: int, *, joined: bool) -> tuple[str, int]:
        """Return the line at `i` without its newline, and the offset behind it."""
        text, start = self._text, i
        while True:
            end = text.find("\n", i)
            if end < 0:
                line, after = text[start:], len(text)
            else:
                line, after = text[start:end], end + 1
            stripped = line.rstrip("\\")
            if not joined or end < 0 or (len(line) - len(stripped)) % 2 == 0:
                return (line.replace("\\\n", "") if joined else line), after
            i = after


def _emit_group(region: Region, token: Token) -> None:
    """Emit `{ w ; }`: a compound command without commands."""
    region.emit("{")
    region.emit("w", token)
    region.emit(";")
    region.emit("}")


def _unquoted(word: str) -> str:
    """Return a here-document's delimiter after quote removal."""
    return re.sub(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", _unquote, word, flags=re.DOTALL)


def _unquote(match: re.Match[str]) -> str:
    single, double, escaped = match.groups()
    if double is not None:
        return re.sub(r'\\([$`"\\])', r"\1", double)
    return single if single is not None else escaped


def source_of(text: str) -> Source:
    """Return the submitted line as a source."""
    return Source(text, 0, Span(0, len(text)))
