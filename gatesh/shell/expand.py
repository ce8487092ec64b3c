"""A word's characters, read: quotes off, parameters and substitutions replaced where they are known."""

from __future__ import annotations

import re

from gatesh.shell.arithmetic import calculate
from gatesh.shell.atoms import ALL, HIDDEN, KNOWN, PLAIN, QUOTED, VALUE, Atom
from gatesh.shell.escapes import unescape
from gatesh.shell.parameters import operated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.shell.state import State
    from gatesh.shell.tokens import Source

_PLAIN_RUN = re.compile(r"[^'\"\\$`<>()]+")
_DOUBLE_RUN = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = r"(?s)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(?:(:?[-=+?])(.*))?"
_LENGTH = r"#([A-Za-z_][A-Za-z0-9_]*)"
_OPERATED = r"(?s)([A-Za-z_][A-Za-z0-9_]*|[0-9]+)([#%/:^,@].*)"
_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_INDIRECT = r"!([A-Za-z_][A-Za-z0-9_]*)"


class Reader:
    """Walks through a slice of the text and yields its atoms."""

    def __init__(self, source: Source, state: State) -> None:
        """Stand before the text."""
        self._source = source
        self._text = source.text
        self._state = state

    def atoms(self, i: int, end: int, *, quoted: bool = False) -> Iterator[Atom]:
        """Yield the atoms of a word; `quoted` where it stands inside double quotes."""
        text = self._text
        while i < end:
            run = None if quoted else _PLAIN_RUN.match(text, i, end)
            if run:
                yield Atom(run.group(), PLAIN)
                i = run.end()
                continue
            char = text[i]
            if char == '"':
                close = self._closing(i + 1, end)
                yield Atom("", QUOTED)
                yield from self.double(i + 1, close)
                i = close + 1
            elif char == "'" and not quoted:
                close = text.find("'", i + 1, end)
                close = end if close < 0 else close
                yield Atom(text[i + 1 : close], QUOTED)
                i = close + 1
            elif char == "\\" and not quoted:
                if text[i + 1 : i + 2] != "\n":
                    yield Atom(text[i + 1 : i + 2] if i + 1 < end else "\\", QUOTED)
                i += 2
            elif char == "$" and not quoted and text[i + 1 : i + 2] in ("'", '"') and i + 1 < end:
                if text[i + 1] == '"':
                    i += 1
                    continue
                close = self._ansi_end(i + 2, end)
                yield Atom(unescape(text[i + 2 : close]), QUOTED)
                i = close + 1
            elif char in "$`<>":
                i, atoms = self._expansion(i, end, quoted=quoted)
                yield from atoms
            elif quoted:
                i, atoms = self._in_double(i, end)
                yield from atoms
            else:
                yield Atom(char, PLAIN)
                i += 1

    def double(self, i: int, end: int) -> Iterator[Atom]:
        """Yield the atoms between double quotes."""
        while i < end:
            run = _DOUBLE_RUN.match(self._text, i, end)
            if run:
                yield Atom(run.group(), QUOTED)
                i = run.end()
                continue
            i, atoms = self._in_double(i, end)
            yield from atoms

    def here(self, i: int, end: int) -> Iterator[Atom]:
        """Yield the atoms of an unquoted here-document's body: like double quotes, but `"` is plain."""
        while i < end:
            if self._text[i] == '"' or self._text.startswith('\\"', i):
                step = 1 if self._text[i] == '"' else 2
                yield Atom(self._text[i : i + step], QUOTED)
                i += step
                continue
            i, atoms = self._in_double(i, end)
            yield from atoms

    def _in_double(self, i: int, end: int) -> tuple[int, list[Atom]]:
        text = self._text
        char = text[i]
        if char == "\\" and i + 1 < end:
            after = text[i + 1]
            if after == "\n":
                return i + 2, []
            return i + 2, [Atom(after if after in '$`"\\' else char + after, QUOTED)]
        if char in "$`":
            return self._expansion(i, end, quoted=True)
        run = _DOUBLE_RUN.match(text, i, end)
        return (run.end(), [Atom(run.group(), QUOTED)]) if run else (i + 1, [Atom(char, QUOTED)])

    def _closing(self, i: int, end: int) -> int:
        """Return where the double quotes close; expansions are stepped over."""
        text = self._text
        while i < end and text[i] != '"':
            if text[i] == "\\":
                i += 2
            elif text[i] in "$`":
                piece = self._source.pieces.get(i)
                i = piece.end if piece else i + 1
            else:
                run = _DOUBLE_RUN.match(text, i, end)
                i = run.end() if run else i + 1
        return min(i, end)

    def _ansi_end(self, i: int, end: int) -> int:
        while i < end and self._text[i] != "'":
            i += 2 if self._text[i] == "\\" else 1
        return min(i, end)

    def _expansion(self, i: int, end: int, *, quoted: bool) -> tuple[int, list[Atom]]:
        """Read what begins with `$`, a backtick or `<(`."""
        text = self._text
        piece = self._source.pieces.get(i)
        if piece is not None:
            raw = text[i : piece.end]
            if piece.opener == "${":
                return piece.end, self._parameter(i + 2, piece.end - 1, raw, quoted=quoted)
            if piece.opener == "$((":
                return piece.end, [self._arithmetic(raw, quoted=quoted)]
            if piece.opener in ("$(", "`"):
                output = self._state.output(piece)
                if output is not None:
                    return piece.end, [Atom(output, KNOWN if quoted else VALUE)]
            return piece.end, [Atom(raw, HIDDEN)]
        if text[i] != "$":
            return i + 1, [Atom(text[i], QUOTED if quoted else PLAIN)]
        name = _NAME.match(text, i + 1, end)
        if name is None:
            return i + 1, [Atom("$", QUOTED)]
        return name.end(), [self._variable(name.group(), "$" + name.group(), quoted=quoted)]

    def _variable(self, name: str, raw: str, *, quoted: bool) -> Atom:
        if name == "@":
            if quoted:
                return Atom(raw, ALL)
            name = "*"
        known = self._state.get(name)
        if known is None:
            return Atom(raw, HIDDEN)
        return Atom(known, KNOWN if quoted else VALUE)

    def _arithmetic(self, raw: str, *, quoted: bool) -> Atom:
        """Read `$((…))`."""
        number = calculate(raw[3:-2], self._state.get) if raw.endswith("))") else None
        return (
            Atom(raw, HIDDEN) if number is None else Atom(str(number), KNOWN if quoted else VALUE)
        )

    def _operated(self, i: int, match: re.Match[str], raw: str, *, quoted: bool) -> Atom:
        """Read `${x%y}`, `${x/y/z}`, `${x:1:2}`, `${x^^}`."""
        name, rest = match.groups()
        value = self._state.get(name)
        base = i + match.start(2)
        found = None
        if value is not None:
            found = operated(
                value,
                rest,
                lambda start, end: list(self.atoms(base + start, base + end)),
                self._state.get,
            )
        return Atom(raw, HIDDEN) if found is None else Atom(found, KNOWN if quoted else VALUE)

    def _indirect(self, name: str, raw: str, *, quoted: bool) -> Atom:
        """Read `${!x}`: the variable that the value names."""
        value = self._state.get(name)
        if value is None or not re.fullmatch(_IDENTIFIER, value):
            return Atom(raw, HIDDEN)
        return self._variable(value, raw, quoted=quoted)

    def _parameter(self, i: int, end: int, raw: str, *, quoted: bool) -> list[Atom]:
        """Read the inside of `${…}`."""
        inside = self._text[i:end]
        hidden = [Atom(raw, HIDDEN)]
        length = re.fullmatch(_LENGTH, inside)
        if length:
            known = self._state.get(length.group(1))
            return hidden if known is None else [Atom(str(len(known)), KNOWN)]
        match = re.fullmatch(_BRACED, inside)
        if match is None:
            indirect = re.fullmatch(_INDIRECT, inside)
            if indirect:
                return [self._indirect(indirect.group(1), raw, quoted=quoted)]
            match = re.fullmatch(_OPERATED, inside)
            return [self._operated(i, match, raw, quoted=quoted)] if match else hidden
        name, operator, _ = match.groups()
        if operator is None:
            return [self._variable(name, raw, quoted=quoted)]
        is_set = None if name in "@*" else self._state.is_set(name)
        known = self._state.get(name)
        if is_set is None or (is_set and known is None):
            return hidden
        there = bool(is_set and (known or operator[0] != ":"))
        if operator[-1] == "+":
            there = not there
            known = ""
        if there:
            return [Atom(known or "", KNOWN if quoted else VALUE)]
        if operator[-1] == "?":
            return hidden
        atoms = list(self.atoms(match.start(3) + i, end, quoted=quoted))
        if any(atom.kind in (HIDDEN, ALL) or "~" in atom.text for atom in atoms):
            return hidden
        if operator[-1] == "=":
            self._state.set(name, "".join(atom.text for atom in atoms))
        return [
            Atom(a.text, VALUE if a.kind in (PLAIN, VALUE) and not quoted else KNOWN) for a in atoms
        ]
