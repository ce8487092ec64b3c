"""A word's characters, read: quotes off, parameters and substitutions replaced where they are known."""

from __future__ import annotations

import re

from gatesh.shell.arithmetic import calculate
from gatesh.shell.arrays import known, sliced
from gatesh.shell.atoms import ALL, HIDDEN, KNOWN, PLAIN, QUOTED, VALUE, Atom
from gatesh.shell.escapes import unescape
from gatesh.shell.parameters import operated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Word
    from gatesh.shell.arrays import Array
    from gatesh.shell.state import State
    from gatesh.shell.tokens import Source

_PLAIN_RUN = re.compile(r"[^'\"\\$`<>()]+")
_DOUBLE_RUN = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
# The mark, the name, the subscript and the operator of ${…}.
_HEAD = r"(?s)([#!]?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*]|(?<=!)#)(?:\[([^][]*)\])?(.*)"
_DEFAULT = r":?[-=+?]"
_NAMED = r"([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(?:\[(0|[1-9][0-9]{0,8}|[@*])\])?"


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
        if name in ("@", "*"):
            return self._list(self._state.arguments, name, raw, quoted=quoted)
        known = self._state.get(name)
        if known is None:
            return Atom(raw, HIDDEN)
        return Atom(known, KNOWN if quoted else VALUE)

    def _list(self, words: tuple[Word, ...] | None, mark: str, raw: str, *, quoted: bool) -> Atom:
        """Return what `"$@"`, `"${a[*]}"` and their like are."""
        if quoted and mark == "@":
            return Atom(raw, ALL, words)
        known = None if words is None else self._state.joined(words, quoted=quoted)
        return Atom(raw, HIDDEN) if known is None else Atom(known, KNOWN if quoted else VALUE)

    def _arithmetic(self, raw: str, *, quoted: bool) -> Atom:
        """Read `$((…))`."""
        number = calculate(raw[3:-2], self._state.get) if raw.endswith("))") else None
        return (
            Atom(raw, HIDDEN) if number is None else Atom(str(number), KNOWN if quoted else VALUE)
        )

    def _parameter(self, i: int, end: int, raw: str, *, quoted: bool) -> list[Atom]:
        """Read the inside of `${…}`."""
        head = re.match(_HEAD, self._text[i:end])
        if head is None:
            known = raw == "${#}"
            return [self._variable("#", raw, quoted=quoted) if known else Atom(raw, HIDDEN)]
        mark, name, subscript, rest = head.groups()
        at = i + head.start(4)
        if mark == "!" and subscript is None:
            return [Atom(raw, HIDDEN) if rest else self._indirect(name, raw, quoted=quoted)]
        if subscript in ("@", "*") or name in ("@", "*"):
            return self._many(mark, name, subscript or name, slice(at, end), raw, quoted=quoted)
        if mark == "!":
            return [Atom(raw, HIDDEN)]
        is_set, value = self._value(name, subscript, i + head.start(3))
        if mark == "#":
            known = not rest and value is not None
            return [Atom(str(len(value or "")), KNOWN) if known else Atom(raw, HIDDEN)]
        if rest and re.match(_DEFAULT, rest):
            return self._default(name, subscript, is_set, value, slice(at, end), raw, quoted=quoted)
        if rest and value is not None:
            value = self._operated(value, at, end)
        return [Atom(raw, HIDDEN) if value is None else Atom(value, KNOWN if quoted else VALUE)]

    def _value(self, name: str, subscript: str | None, at: int) -> tuple[bool | None, str | None]:
        """Return whether `name` or `name[subscript]` is set, and its value; None for what is not known."""
        if subscript is None:
            return self._state.is_set(name), self._state.get(name)
        array = self._state.array(name)
        key = None if array is None else self.key(array, at, at + len(subscript))
        return (None, None) if array is None or key is None else array.element(key)

    def key(self, array: Array, start: int, end: int) -> int | str | None:
        """Return the key that a subscript names; None where that cannot be told."""
        if not array.keyed:
            return array.place(self._text[start:end], self._state.get)
        atoms = list(self.atoms(start, end))
        if any(atom.kind in (HIDDEN, ALL) for atom in atoms):
            return None
        return "".join(atom.text for atom in atoms)

    def _default(
        self,
        name: str,
        subscript: str | None,
        is_set: bool | None,
        known: str | None,
        rest: slice,
        raw: str,
        *,
        quoted: bool,
    ) -> list[Atom]:
        """Read `${x:-word}`, `${x-word}` and the same with `=`, `+` and `?`."""
        hidden = [Atom(raw, HIDDEN)]
        colon = self._text[rest.start] == ":"
        operator = self._text[rest.start + colon]
        if is_set is None or (is_set and known is None):
            return hidden
        there = bool(is_set and (known or not colon))
        if operator == "+":
            there = not there
            known = ""
        if there:
            return [Atom(known or "", KNOWN if quoted else VALUE)]
        if operator == "?":
            return hidden
        atoms = self._word(rest.start + colon + 1, rest.stop, quoted=quoted)
        if atoms is None or (operator == "=" and any(atom.kind == ALL for atom in atoms)):
            return hidden
        if operator == "=" and subscript is None:
            self._state.set(name, "".join(atom.text for atom in atoms))
        elif operator == "=":
            self._state.forget((name,))
        return atoms

    def _word(self, start: int, end: int, *, quoted: bool) -> list[Atom] | None:
        """Read the word of `${x:-word}`; None where some of it is not known."""
        atoms = list(self.atoms(start, end, quoted=quoted))
        if any(atom.kind == HIDDEN or "~" in atom.text for atom in atoms):
            return None
        return [
            a
            if a.kind == ALL
            else Atom(a.text, VALUE if a.kind in (PLAIN, VALUE) and not quoted else KNOWN)
            for a in atoms
        ]

    def _many(
        self, mark: str, name: str, sign: str, rest: slice, raw: str, *, quoted: bool
    ) -> list[Atom]:
        """Read `${a[@]}`, `${#a[@]}`, `${!a[@]}`, `${a[@]:1}`, `${a[@]%x}`, `${@:2}`."""
        text, hidden = self._text[rest], [Atom(raw, HIDDEN)]
        array = None if name in ("@", "*") else self._state.array(name)
        words = self._state.arguments if name in ("@", "*") else array.words if array else None
        if not mark and not text and name in ("@", "*"):
            return [self._list(words, sign, raw, quoted=quoted)]
        if (mark and text) or words is None:
            return hidden
        if mark == "#":
            sure = array is None or array.sure
            return [Atom(str(len(words)), KNOWN)] if sure else hidden
        if re.match(_DEFAULT, text):
            there = bool(words) and (text[0] != ":" or any(w.known and w.text for w in words))
            if text.lstrip(":")[0] not in "-+" or (words and not there):
                return hidden
            if there is not (text.lstrip(":")[0] == "+"):
                return [self._list(words, sign, raw, quoted=quoted)]
            at = rest.start + (2 if text[0] == ":" else 1)
            return self._word(at, rest.stop, quoted=quoted) or hidden
        found: tuple[Word, ...] | None = words
        if mark == "!":
            found = array.keys if array else None
        elif text[:1] == ":":
            found = self._sliced(array, words, text[1:])
        elif text:
            found = self._each(words, rest)
        return hidden if found is None else [self._list(found, sign, raw, quoted=quoted)]

    def _sliced(
        self, array: Array | None, words: tuple[Word, ...], text: str
    ) -> tuple[Word, ...] | None:
        """Return `${a[@]:start:count}` or `${@:start:count}`, where `$0` stands in front."""
        first, colon, second = text.partition(":")
        start = calculate(first, self._state.get) if first.strip() else None
        count = calculate(second, self._state.get) if colon else None
        if start is None or (colon and count is None) or "?" in text:
            return None
        if array is not None:
            places = [(key, word) for key, word in array.items if isinstance(key, int)]
            return sliced(places, start, count) if array.sure and not array.keyed else None
        if start == 0 or start < -len(words):
            return None
        return sliced(list(enumerate(words, 1)), start, count)

    def _each(self, words: tuple[Word, ...], rest: slice) -> tuple[Word, ...] | None:
        """Return what an operator makes of every element."""
        found = []
        for word in words:
            usable = word.known and not word.globbed
            text = self._operated(word.text, rest.start, rest.stop) if usable else None
            if text is None:
                return None
            found.append(known(text))
        return tuple(found)

    def _operated(self, value: str, base: int, end: int) -> str | None:
        """Return `${x%y}`, `${x/y/z}`, `${x:1:2}`, `${x^^}` for a value; None where it cannot be told."""
        return operated(
            value,
            self._text[base:end],
            lambda start, stop: list(self.atoms(base + start, base + stop)),
            self._state.get,
        )

    def _indirect(self, name: str, raw: str, *, quoted: bool) -> Atom:
        """Read `${!x}`: the variable, or the element, that the value names."""
        value = self._state.get(name)
        named = re.fullmatch(_NAMED, value) if value else None
        if named is None:
            return Atom(raw, HIDDEN)
        name, subscript = named.groups()
        if subscript is None:
            return self._variable(name, raw, quoted=quoted)
        array = self._state.array(name)
        if subscript in "@*":
            words = array.words if array else None
            return (
                Atom(raw, HIDDEN)
                if words is None
                else self._list(words, subscript, raw, quoted=quoted)
            )
        found = None if array is None or array.keyed else array.element(int(subscript))[1]
        return Atom(raw, HIDDEN) if found is None else Atom(found, KNOWN if quoted else VALUE)
