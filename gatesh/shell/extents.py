"""Where words, quotes and expansions end.

The half of the scanner that knows no commands: scan.py adds those. Every method takes the offset at which a
thing begins and returns the offset behind it; the expansions on the way are noted.
"""

from __future__ import annotations

import re

from gatesh.shell.tokens import Piece, Region, Source, TooMuch, Unreadable

MOST_NESTING = 50

BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
PARENS = re.compile(r"\((?:[ \t]|\\\n)*\)")
_PLAIN = re.compile(r"[^ \t\n;&|()<>'\"\\$`\[]+")
_IN_DOUBLE = re.compile(r'[^"\\$`]+')
_IN_BRACES = re.compile(r"[^}'\"\\$`<>]+")
_IN_HERE = re.compile(r"[^\\$`]+")
_ARRAY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[.*\])?\+?=", re.DOTALL)
_SUBSCRIPT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# What bash takes away before it reads the inside of backticks, even from comments and quotes there.
_ESCAPED = re.compile(r"\\(?:\n|([$`\\]))")
_ESCAPED_IN_DOUBLE = re.compile(r"\\(?:\n|([$`\\\"]))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_PARAMETER = re.compile(r"[!#]?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])")


def is_process(text: str, i: int) -> bool:
    """Claim that `<(` or `>(` stands there."""
    return text.startswith(("<(", ">("), i)


def skip(text: str, i: int) -> int:
    """Return the offset behind blanks and line continuations."""
    blanks = BLANKS.match(text, i)
    return blanks.end() if blanks else i


class Extents:
    """The offsets of one text; a subclass knows how commands end."""

    def __init__(self, source: Source) -> None:
        """Stand before the text."""
        self._source = source
        self._text = source.text
        self._found: list[Piece] = []  # the expansions of the word that is being read
        self._nesting = 0
        self._waiting = 0  # here-documents whose bodies have not come yet

    def _commands(self, region: Region, i: int, closer: str) -> int:
        raise NotImplementedError

    def _deeper(self, i: int) -> None:
        self._nesting += 1
        if self._nesting > MOST_NESTING:
            raise TooMuch("nested too deeply", i)

    def word(self) -> int:
        """Scan the whole text as one word, and return where it ends."""
        return self._word(0)

    def inside_quotes(self) -> tuple[Piece, ...]:
        """Scan the whole text as if it stood in double quotes, and return the expansions."""
        self._expansions(0, len(self._text))
        return tuple(self._found)

    # -- words ---------------------------------------------------------------------------------------

    def _word(self, i: int, *, assignable: bool = False) -> int:
        """Return the end of the word that starts at `i`."""
        text, start, size = self._text, i, len(self._text)
        while i < size:
            plain = _PLAIN.match(text, i)
            if plain:
                i = plain.end()
                if i >= size:
                    break
            char = text[i]
            if char == "'":
                i = self._single(i)
            elif char == '"':
                i = self._double(i)
            elif char == "\\":
                if i + 1 == size:
                    raise Unreadable("a \\ at the very end", i)
                i += 2
            elif char == "$":
                i = self._dollar(i, quoted=False)
            elif char == "`":
                i = self._backtick(i, quoted=False)
            elif char == "[":
                i += 1
                if assignable and _SUBSCRIPT.match(text[start : i - 1].replace("\\\n", "")):
                    i = self._balanced(i, "[", "]")[0] + 1
            elif char == "(" and i > start:
                if _ARRAY.fullmatch(text, start, i):
                    i = self._array(i + 1)
                elif text[i - 1] in "?*+@!" and not (
                    PARENS.match(text, i) or (text[start:i] == "!" and assignable)
                ):
                    i = self._group(i + 1)
                else:
                    break
            elif is_process(text, i):
                i = self._process(i)
            else:
                break
        return i

    def _array(self, i: int) -> int:
        """Return the offset behind the `)` of `NAME=(`, and note its elements."""
        text, start = self._text, i
        elements = self._source.arrays[i] = []
        while True:
            blanks = BLANKS.match(text, i)
            i = blanks.end() if blanks else i
            char = text[i : i + 1]
            if char == "\n" and not self._waiting:
                i += 1
            elif char == "#":
                end = text.find("\n", i)
                i = len(text) if end < 0 else end
            elif char == ")":
                return i + 1
            elif not char or (char in "\n;&|(<>" and not is_process(text, i)):
                raise Unreadable("an array that is not closed", start)
            else:
                element, i = i, self._word(i)
                elements.append((element, i))

    def _group(self, i: int) -> int:
        """Return the offset behind the `)` of an extended pattern such as `!(a|b)`."""
        text, start = self._text, i
        while True:
            char = text[i : i + 1]
            if char == ")":
                return i + 1
            if not char or char in "\n;&<>":
                raise Unreadable("a pattern that is not closed", start)
            if char == "(":
                i = self._group(i + 1)
            elif char in "| \t":
                i += 1
            else:
                i = self._word(i)

    # -- quotes and expansions -----------------------------------------------------------------------

    def _single(self, i: int) -> int:
        end = self._text.find("'", i + 1)
        if end < 0:
            raise Unreadable("a ' is not closed", i)
        return end + 1

    def _ansi(self, i: int) -> int:
        """Return the offset behind `$'…'`."""
        text, start, i = self._text, i, i + 2
        while i < len(text):
            if text[i] == "'":
                return i + 1
            i += 2 if text[i] == "\\" else 1
        raise Unreadable("a $' is not closed", start)

    def _double(self, i: int) -> int:
        text, start, i = self._text, i, i + 1
        while True:
            plain = _IN_DOUBLE.match(text, i)
            i = plain.end() if plain else i
            char = text[i : i + 1]
            if char == '"':
                return i + 1
            if not char:
                raise Unreadable('a " is not closed', start)
            i = self._expansion(i, char)

    def _expansion(self, i: int, char: str) -> int:
        """Step over a backslash pair or an expansion where double quotes rule."""
        if char == "\\":
            return i + 2
        return self._backtick(i, quoted=True) if char == "`" else self._dollar(i, quoted=True)

    def _dollar(self, i: int, *, quoted: bool) -> int:
        """Return the offset behind the expansion that `$` begins, or behind the `$`."""
        text = self._text
        after = text[i + 1 : i + 2]
        if after == "(":
            return self._substitution(i)
        if after == "{":
            return self._parameter(i, quoted=quoted)
        if after == "[":
            return self._enclosed(i, "$[")
        if after == "'" and not quoted:
            return self._ansi(i)
        name = _NAME.match(text, i + 1)
        end = name.end() if name else i + 1
        if text.startswith("\\\n", end):
            raise Unreadable("a line continuation behind a variable", i)
        return end

    def _backtick(self, i: int, *, quoted: bool) -> int:
        """Read `` `…` ``: its text, unquoted, is a source of its own."""
        text, start, i = self._text, i, i + 1
        while text[i : i + 1] not in ("`", ""):
            i += 2 if text[i] == "\\" else 1
        if i >= len(text):
            raise Unreadable("a ` is not closed", start)
        raw = text[start + 1 : i]
        piece = self._piece("`", start, i + 1)
        span = self._source.where(start, i + 1)
        if "\\" in raw:
            inner = (_ESCAPED_IN_DOUBLE if quoted else _ESCAPED).sub(r"\1", raw)
            piece.source = Source(inner, -1, span)
        else:
            base = self._source.base
            piece.source = Source(raw, base + start + 1 if base >= 0 else -1, span)
        return i + 1

    def _piece(self, opener: str, start: int, end: int, inner: tuple[Piece, ...] = ()) -> Piece:
        """Note an expansion."""
        piece = self._source.pieces[start] = Piece(opener, start)
        piece.end = end
        piece.inner = inner
        self._found.append(piece)
        return piece

    def _substitution(self, i: int) -> int:
        """Read `$(…)` or `$((…))`; each is read once, however often it is looked at."""
        known = self._source.pieces.get(i)
        if known is not None:
            self._found.append(known)
            return known.end
        text = self._text
        if (
            text.startswith("\\\n", i + 2)
            and text[skip(text, i + 2) : skip(text, i + 2) + 1] == "("
        ):
            raise Unreadable("a line continuation inside an operator", i)
        if text[i + 2 : i + 3] != "(":
            return self._nested(i, "$(")
        found, self._found = self._found, []
        close, first = self._balanced(i + 2, "(", ")")
        inner, self._found = tuple(self._found), found
        if first == close - 1:
            return self._piece("$((", i, close + 1, inner).end
        if self._nested(i, "$(") != close + 1:
            raise Unreadable("$(( that is neither arithmetic nor a clear substitution", i)
        return close + 1

    def _process(self, i: int) -> int:
        return self._nested(i, self._text[i : i + 2])

    def _nested(self, i: int, opener: str) -> int:
        """Read the commands of `$(…)`, `<(…)` or `>(…)`."""
        region = Region(i + 2)
        end = self._commands(region, i + 2, ")") + 1
        self._piece(opener, i, end).region = region
        return end

    def _enclosed(self, i: int, opener: str) -> int:
        found, self._found = self._found, []
        end = self._balanced(i + 2, "[", "]")[0] + 1
        inner, self._found = tuple(self._found), found
        return self._piece(opener, i, end, inner).end

    def _parameter(self, i: int, *, quoted: bool) -> int:
        """Read `${…}`. In double quotes a ' is a quote only behind # % / ^ and ,."""
        text, start = self._text, i
        found, self._found = self._found, []
        self._deeper(i)
        name = _PARAMETER.match(text, i + 2)
        if name is None:
            raise Unreadable("${ without a name", i)
        i = name.end()
        quotes = not quoted or text[i : i + 1] in ("#", "%", "/", "^", ",")
        while True:
            plain = _IN_BRACES.match(text, i)
            i = plain.end() if plain else i
            char = text[i : i + 1]
            if char == "}":
                break
            if not char:
                raise Unreadable("a ${ is not closed", start)
            if char == "'":
                i = self._single(i) if quotes else i + 1
            elif char == '"':
                i = self._double(i)
            elif char in "<>":
                i = self._process(i) if not quoted and is_process(text, i) else i + 1
            elif char == "$" and not quoted:
                i = self._dollar(i, quoted=False)
            else:
                i = self._expansion(i, char)
        self._nesting -= 1
        inner, self._found = tuple(self._found), found
        return self._piece("${", start, i + 1, inner).end

    def _balanced(self, i: int, opener: str, closer: str) -> tuple[int, int]:
        """Find the closer that matches the opener before `i`, and the first that matches one within.

        What quotes mean in arithmetic differs between versions and contexts: where that matters, it raises.
        """
        text, start, depth, first = self._text, i, 1, -1
        self._deeper(i)
        while True:
            char = text[i : i + 1]
            if not char:
                raise Unreadable(f"a {opener} is not closed", start)
            if char == closer:
                depth -= 1
                if not depth:
                    break
                if depth == 1 and first < 0:
                    first = i
            elif char == opener:
                depth += 1
            elif char in "'\"":
                end = self._single(i) if char == "'" else self._double(i)
                if re.search(
                    r"[][()\\`'\"$]" if char == "'" else r"[][()']", text[i + 1 : end - 1]
                ):
                    raise Unreadable(f"a {char} in arithmetic", i)
                i = end
                continue
            elif char in "\\$`":
                i = self._expansion(i, char)
                continue
            i += 1
        self._nesting -= 1
        return i, first

    def _expansions(self, i: int, end: int) -> None:
        """Note the expansions in an unquoted here-document's body."""
        text = self._text
        while i < end:
            plain = _IN_HERE.match(text, i, end)
            i = plain.end() if plain else self._expansion(i, text[i])
        if i > end + 1:
            raise Unreadable("an expansion that runs out of its here-document", end)
