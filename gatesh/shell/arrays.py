"""Arrays whose elements are known: `a=(x y)`, `a[2]=z`, `declare -A m=([k]=v)`.

An element may be a word nobody knows, as long as it is certain to be one: `a=(-d "$body" url)`.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.model import Certainty, Span, Word
from gatesh.shell.arithmetic import calculate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_ELEMENTS = 128
_PLACE = r"-?(?:0|[1-9][0-9]{0,8})"


class Array(Value):
    """The elements by key, in bash's order; `sure` is false where a glob may have made more of one."""

    items: tuple[tuple[int | str, Word], ...] = ()
    keyed: bool = False  # declare -A
    sure: bool = True

    @property
    def words(self) -> tuple[Word, ...] | None:
        """The elements; None where their order is bash's secret."""
        if self.keyed and len(self.items) > 1:
            return None
        return tuple(word for _, word in self.items)

    @property
    def keys(self) -> tuple[Word, ...] | None:
        """The keys, as words."""
        if not self.sure or (self.keyed and len(self.items) > 1):
            return None
        return tuple(known(str(key)) for key, _ in self.items)

    def element(self, key: int | str) -> tuple[bool | None, str | None]:
        """Return whether there is an element (None: not known), and its text ("" where there is none)."""
        if not self.sure:
            return None, None
        word = dict(self.items).get(key)
        if word is None:
            return False, ""
        return (True, word.text) if word.known else (None, None)

    def place(self, text: str, get: Callable[[str], str | None]) -> int | None:
        """Return the place that the arithmetic of a subscript names; None where that cannot be told."""
        at = int(text) if re.fullmatch(_PLACE, text) else calculate(text, get)
        if at is None or not self.sure:
            return None
        if at < 0:
            at += self._end()
        return at if at >= 0 else None

    def _end(self) -> int:
        return 1 + max((key for key, _ in self.items if isinstance(key, int)), default=-1)

    def having(self, key: int | str, word: Word | None) -> Array | None:
        """Return the array with an element set, or taken away; None where it becomes too much."""
        if not self.sure or (isinstance(key, str) is not self.keyed):
            return None
        items = dict(self.items)
        items.pop(key, None)
        if word is not None:
            items[key] = word
        if len(items) > MOST_ELEMENTS:
            return None
        ordered = items.items() if self.keyed else sorted(items.items())
        return self.but(items=tuple(ordered))

    def followed_by(self, added: Iterable[tuple[int | str | None, Word]]) -> Array | None:
        """Return the array with `+=(…)` done; a key of None is the next place."""
        items, at, sure = dict(self.items), self._end(), self.sure
        for key, word in added:
            if key is None and self.keyed:
                return None
            if isinstance(key, int):
                at = key
            items.pop(at if key is None else key, None)
            items[at if key is None else key] = word
            at += not isinstance(key, str)
            sure = sure and not word.globbed
        if len(items) > MOST_ELEMENTS:
            return None
        ordered = items.items() if self.keyed else sorted(items.items())
        return Array(tuple(ordered), self.keyed, sure)


def known(text: str) -> Word:
    """Return a text as an element."""
    return Word(text, Span(0, 0), Certainty.EXPANDED)


def sliced(
    items: Sequence[tuple[int, Word]], start: int, count: int | None
) -> tuple[Word, ...] | None:
    """Return `${a[@]:start:count}`: the elements from that place on."""
    if start < 0:
        start += 1 + max((key for key, _ in items), default=-1)
    if start < 0 or count is None:
        return tuple(word for key, word in items if key >= start >= 0)
    return tuple(word for key, word in items if key >= start)[:count] if count >= 0 else None
