"""What the recall benchmark decides: a line, what it stands for, and the files it names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
HELD_OUT = 5  # one entry in so many is kept from the rules' authors


@dataclass(frozen=True)
class Case:
    """One line that must be held, or must not be (`harmless`)."""

    source: str
    entry: str  # what names the catalogue's entry: the hash of it decides what is held out
    group: str  # the entry's class, or its provider
    severity: str
    line: str
    harmless: bool = False
    spelling: str = "plain"
    files: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def held_out(self) -> bool:
        return stable(f"{self.source}:{self.entry}") % HELD_OUT == 0

    @property
    def rated(self) -> str:
        """The row this case counts in."""
        if self.harmless:
            return "look-alike"
        if self.severity in {"critical", "high"}:
            return "critical+high"
        return self.severity if self.severity in {"medium", "low"} else "unrated"

    def spelled(self, name: str, line: str, files: dict[str, str] | None = None) -> Case:
        return replace(self, line=line, spelling=name, files={**self.files, **(files or {})})


def stable(text: str) -> int:
    """A number for a text that is the same in every run and on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def pick(identity: str, choices: Sequence[T], count: int) -> list[T]:
    """Choose `count` of the choices, always the same for one identity."""
    return sorted(choices, key=lambda one: stable(f"{identity}|{choices.index(one)}"))[:count]


def distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Drop a line that two entries share; a spelling that came out as the plain line says nothing."""
    seen: set[tuple[str, bool]] = set()
    for case in cases:
        if (key := (case.line, case.harmless)) not in seen:
            seen.add(key)
            yield case
