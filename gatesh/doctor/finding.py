"""What `gatesh doctor` found, and how a check is made that cannot break the others."""

from __future__ import annotations

from enum import StrEnum

from gatesh._value import Value
from gatesh.errors import GateshError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gatesh.places import Places


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"  # it works; a person should know
    PROBLEM = "problem"  # something does not work, or does not protect


class Finding(Value):
    """One thing that was looked at."""

    about: str
    level: Level
    what: str
    do: str = ""  # in one line


def ok(about: str, what: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(about, Level.OK, what)


def note(about: str, what: str, do: str = "") -> Finding:
    """Return a finding that a person should know."""
    return Finding(about, Level.NOTE, what, do)


def problem(about: str, what: str, do: str) -> Finding:
    """Return a finding that something has to be done about."""
    return Finding(about, Level.PROBLEM, what, do)


def examine(
    places: Places, checks: Iterable[tuple[str, Callable[[Places], Iterable[Finding]]]]
) -> Iterator[Finding]:
    """Yield what the checks find; one that fails is a finding itself."""
    for about, check in checks:
        try:
            yield from check(places)
        except GateshError as error:
            yield problem(about, error.message, error.hint)
        except OSError as error:
            yield problem(about, str(error), "see that you may read it")
        except Exception as error:  # noqa: BLE001  half of the house may be broken: the rest is looked at
            what = f"cannot be looked at: {type(error).__name__}: {error}"
            yield problem(about, what, "this is a defect of gatesh, please report it")
