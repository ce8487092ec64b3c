"""The arrays that assignments make: `a=(x [3]=y)`, `a+=(z)`, `a[k]=v`."""

from __future__ import annotations

import re

from gatesh.shell import words as wording
from gatesh.shell.arrays import Array
from gatesh.shell.expand import Reader
from gatesh.shell.tokens import Kind, Source, Token
from gatesh.shell.words import one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word
    from gatesh.shell.state import State

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[.*?\])?(\+?)=", re.DOTALL)
_KEYED = re.compile(r"\[([^][]+)\]=")


class Elements:
    """Reads the elements in one text, with the state it runs in."""

    _source: Source
    _state: State

    def _array(self, match: re.Match[str], end: int) -> Array | None:
        """Return the array behind `a=(…)`, `a+=(…)`, `a[k]=value`; None where nobody knows."""
        name, subscript, plus = match.groups()
        before = self._state.array(name)
        if subscript:
            return None if before is None or plus else self._with(before, match, end)
        if plus and before is None:
            return None
        array = before if plus and before else Array(keyed=self._state.keyed(name))
        found = self._elements(self._elements_at(match) or [], array)
        return None if found is None else array.followed_by(found)

    def _with(self, array: Array, match: re.Match[str], end: int) -> Array | None:
        """Return the array after `a[k]=value`."""
        source, state = self._source, self._state
        key = Reader(source, state).key(array, match.start(2) + 1, match.end(2) - 1)
        value = wording.value(source, match.end(), end, state, colons=True)
        if not value.known:
            value = value.but(text=f'"{value.text}"')
        elif value.globbed:  # no path is looked for
            value = value.but(globbed=False)
        if key is None or self._elements_at(match) is not None or not one(value):
            return None
        return array.having(key, value)

    def _elements(
        self, elements: list[tuple[int, int]], array: Array
    ) -> list[tuple[int | str | None, Word]] | None:
        """Return the elements of `(a [k]=b $c)` with their keys; None where their number is not known."""
        source, state = self._source, self._state
        found: list[tuple[int | str | None, Word]] = []
        for start, end in elements:
            if source.text[start] == "[":
                match = _KEYED.match(source.text, start, end)
                if match is None:
                    return None
                key = Reader(source, state).key(array, match.start(1), match.end(1))
                word = wording.value(source, match.end(), end, state).but(globbed=False)
                if key is None or not one(word):
                    return None
                found.append((key, word))
                continue
            words, unseen = wording.fields(source, Token(Kind.WORD, start, end), state)
            if unseen or not all(word.known or one(word) for word in words):
                return None
            found += [(None, word) for word in words]
        return found

    def _matched(self, token: Token) -> re.Match[str]:
        match = ASSIGNMENT.match(self._source.text, token.start, token.end)
        assert match is not None
        return match

    def _elements_at(self, match: re.Match[str]) -> list[tuple[int, int]] | None:
        """Return where the elements of `NAME=(…)` stand."""
        return self._source.arrays.get(match.end() + 1)
