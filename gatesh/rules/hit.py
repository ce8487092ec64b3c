"""What a comparison found."""

from __future__ import annotations

from gatesh._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = 0, 1, 2  # min() is and, max() is or


_NOTHING: dict[str, Any] = {}


class Hit(Value):
    """A pattern fits a fact: for sure, or as far as can be seen."""

    names: tuple[str, ...]  # {1} {2} …: what the command names
    captures: dict[str, str] = _NOTHING
    sure: bool = True
    cannot_see: tuple[str, ...] = ()
    variables: dict[str, Any] = _NOTHING  # for `when`
    lost: tuple[str, ...] | None = None  # what is destroyed, where that is not what it names
    part: str = ""  # which part of that: "every row of "
