"""SQL text cut into tokens and statements, as the servers' own scanners do, without a parser.

What a scanner takes for a string, a comment or the end of a statement decides what runs, so the
dialects' differences are kept: PostgreSQL nests comments, ends `--` at a carriage return and continues
E'' strings over a newline; MySQL runs the content of /*! */ and escapes with backslashes.
"""

from __future__ import annotations

import re

POSTGRES, MYSQL, SQLITE = "postgres", "mysql", "sqlite"

_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_WORD = re.compile(r"[^\W\d][\w$]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+")
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_EXECUTED = re.compile(r"/\*M?!\d*")
_VARIABLE = re.compile(r""":(\w+|'\w+'|"\w+"|\{\?\w+\})""")
_CONTINUED = re.compile(
    r"[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]+|--[^\n\r]*[\n\r])*'"
)  # PostgreSQL: 'a' <newline> 'b' is one string
_LINE_END = {POSTGRES: re.compile(r"[\n\r]"), MYSQL: re.compile(r"\n"), SQLITE: re.compile(r"\n")}


class Token:
    """One token; a plain class with slots, because a script has tens of thousands."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        """Keep what it is, and where."""
        self.kind = kind  # word, name, string, number, op, end, meta, variable, broken
        self.text = text  # words in lower case; strings and names without their quotes
        self.start = start
        self.end = end

    def is_op(self, text: str) -> bool:
        """Claim that this is the operator or bracket `text`."""
        return self.kind == "op" and self.text == text

    def is_word(self, *words: str) -> bool:
        """Claim that this is one of the unquoted `words`."""
        return self.kind == "word" and self.text in words


class Scanner:
    """Reads one token after the other; `client` also knows what only the client programs understand."""

    def __init__(self, text: str, dialect: str, *, client: bool = False) -> None:
        """Start at the beginning of `text`, which a client may replace while it substitutes."""
        self.text = text
        self.position = 0
        self._dialect = dialect
        self._client = client
        self._executed = 0  # open /*! in MySQL

    def next(self) -> Token | None:
        """Return the next token, or None at the end; a comment is never one."""
        while self.position < len(self.text):
            start = self.position
            space = _SPACE.match(self.text, start)
            if space:
                self.position = space.end()
            elif not self._skip_comment(start):
                return self._token(start)
            elif self.position < 0:
                self.position = len(self.text)
                return Token("broken", "comment", start, self.position)
        return None

    def _skip_comment(self, at: int) -> bool:
        """Move behind a comment at `at`; position -1 says that it never ends."""
        text, dialect = self.text, self._dialect
        two = text[at : at + 2]
        # MySQL wants a blank or a control character behind the two dashes.
        if two == "--" and (
            dialect != MYSQL or text[at + 2 : at + 3] <= " " or text[at + 2] == "\x7f"
        ):
            return self._skip_line(at)
        if dialect == MYSQL and text[at] == "#":
            return self._skip_line(at)
        if dialect == MYSQL and self._executed and two == "*/":
            self._executed -= 1
            self.position = at + 2
            return True
        if two != "/*":
            return False
        executed = _EXECUTED.match(text, at) if dialect == MYSQL else None
        if executed:  # what is inside runs: only the marks are comment
            self._executed += 1
            self.position = executed.end()
            return True
        self.position = self._comment_end(at)
        return True

    def _skip_line(self, at: int) -> bool:
        found = _LINE_END[self._dialect].search(self.text, at)
        self.position = found.start() if found else len(self.text)
        return True

    def _comment_end(self, at: int) -> int:
        if self._dialect != POSTGRES:
            end = self.text.find("*/", at + 2)
            # SQLite lets the end of the text close a comment; asking about that is no loss.
            return end + 2 if end >= 0 else -1
        depth = 0
        for mark in _COMMENT_MARK.finditer(self.text, at):
            depth += 1 if mark.group() == "/*" else -1
            if depth == 0:
                return mark.end()
        return -1

    def _token(self, at: int) -> Token:
        text, dialect = self.text, self._dialect
        char = text[at]
        if word := _WORD.match(text, at):
            return self._word(word)
        if char == "'":
            return self._quoted(at, at, "string", "'", escapes=dialect == MYSQL)
        if char == '"':
            kind = "string" if dialect == MYSQL else "name"
            return self._quoted(at, at, kind, '"', escapes=dialect == MYSQL)
        if char == "`" and dialect != POSTGRES:
            return self._quoted(at, at, "name", "`")
        if char == "[" and dialect == SQLITE:
            return self._bracketed(at)
        if char == "$" and dialect == POSTGRES and (dollar := _DOLLAR.match(text, at)):
            return self._dollar(at, dollar)
        if number := _NUMBER.match(text, at):
            return self._made("number", number.group(), at, number.end())
        if char == ";":
            return self._made("end", ";", at, at + 1)
        if char == "\\" and self._client:
            return self._made("meta", "\\", at, at + 1)
        if char == ":" and self._client and dialect == POSTGRES:
            if text.startswith("::", at):
                return self._made("op", "::", at, at + 2)
            if variable := _VARIABLE.match(text, at):
                return self._made("variable", variable.group(1), at, variable.end())
        return self._made("op", char, at, at + 1)

    def _made(self, kind: str, text: str, start: int, end: int) -> Token:
        self.position = end
        return Token(kind, text, start, end)

    def _word(self, word: re.Match[str]) -> Token:
        """Return a word, or the string that its letter introduces: E'' N'' U&''."""
        text, low = self.text, word.group().lower()
        after = text[word.end() : word.end() + 1]
        if after == "'" and low in ("e", "b", "x", "n") and self._dialect == POSTGRES:
            return self._quoted(word.start(), word.end(), "string", "'", escapes=low == "e")
        if low == "u" and after == "&" and self._dialect == POSTGRES:
            quote = text[word.end() + 1 : word.end() + 2]
            if quote == "'":
                return self._quoted(word.start(), word.end() + 1, "string", "'")
            if quote == '"':  # escapes could spell any name
                found = self._quoted(word.start(), word.end() + 1, "name", '"')
                return Token(found.kind, "?" + found.text, found.start, found.end)
        return self._made("word", low, word.start(), word.end())

    def _quoted(
        self, start: int, at: int, kind: str, quote: str, *, escapes: bool = False
    ) -> Token:
        """Return what stands between quotes that open at `at`; a doubled quote is one of its letters."""
        text, content, i = self.text, "", at + 1
        while i < len(text):
            if escapes and text[i] == "\\":
                content += text[i : i + 2]
                i += 2
            elif text[i] != quote:
                stop = i + 1
                while stop < len(text) and text[stop] not in (quote, "\\"):
                    stop += 1
                content += text[i:stop]
                i = stop
            elif text[i + 1 : i + 2] == quote:
                content += quote
                i += 2
            else:
                more = _CONTINUED.match(text, i + 1) if self._continues(quote) else None
                if more is None:
                    return self._made(kind, content, start, i + 1)
                i = more.end()
        return self._made("broken", kind, start, len(text))

    def _continues(self, quote: str) -> bool:
        return quote == "'" and self._dialect == POSTGRES

    def _bracketed(self, at: int) -> Token:
        end = self.text.find("]", at)
        if end < 0:
            return self._made("broken", "name", at, len(self.text))
        return self._made("name", self.text[at + 1 : end], at, end + 1)

    def _dollar(self, at: int, opening: re.Match[str]) -> Token:
        end = self.text.find(opening.group(), opening.end())
        if end < 0:
            return self._made("broken", "string", at, len(self.text))
        return self._made("string", self.text[opening.end() : end], at, end + len(opening.group()))


class Piece:
    """One statement: its tokens, and its source as a person wrote it."""

    __slots__ = ("source", "tokens")

    def __init__(self, tokens: list[Token], source: str) -> None:
        """Keep both; the tokens hold no comment."""
        self.tokens = tokens
        self.source = source

    def words(self) -> list[str]:
        """Return the unquoted words."""
        return [token.text for token in self.tokens if token.kind == "word"]


def pieces(text: str, dialect: str) -> list[Piece]:
    """Cut `text` at its semicolons, as a server does with what it is sent."""
    scanner = Scanner(text, dialect)
    found: list[Piece] = []
    tokens: list[Token] = []
    while (token := scanner.next()) is not None:
        if token.kind != "end":
            tokens.append(token)
        elif tokens:
            found.append(Piece(tokens, text[tokens[0].start : tokens[-1].end]))
            tokens = []
    if tokens:
        found.append(Piece(tokens, text[tokens[0].start : tokens[-1].end]))
    return found


def plain(tokens: list[Token], dialect: str) -> str:
    """Render tokens so that no parser can read a comment, a string or a quote otherwise than we did."""
    name_quote = "`" if dialect == MYSQL else '"'
    rendered: list[str] = []
    previous_end = None
    for token in tokens:
        if previous_end is not None and token.start > previous_end:
            rendered.append(" ")
        if token.kind == "string":
            rendered.append("'" + token.text.replace("\\", "/").replace("'", " ") + "'")
        elif token.kind == "name":
            rendered.append(name_quote + re.sub(r"[^\w ?.-]", "_", token.text) + name_quote)
        else:
            rendered.append(token.text)
        previous_end = token.end
    return "".join(rendered)
