"""The elevations of one keeper: what a person has lifted of a session's scope, for a while.

They are held here and nowhere else. The audit log is told of them, and nothing is read back from it: whoever
can write that file lifts nothing. Each ends by two clocks, whichever comes first: the one that nobody can set
and that goes on while the machine sleeps, so that setting the time back prolongs nothing; and the clock on the
wall, which knows of the hours in which a virtual machine stood still.
"""

from __future__ import annotations

import threading
import time

from gatesh.approval.pending import SECOND_NS
from gatesh.errors import AuditError
from gatesh.model import Elevation, Lift
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import Protocol

    from gatesh.model import Assurance

    class Log(Protocol):
        """Where elevations are written down."""

        def elevation(
            self, session: str, classes: str, target: str, until_ns: int, who: str, assurance: str
        ) -> int:
            """Commit that one is given and return its number; raises AuditError."""

        def elevation_end(self, number: int, how: str, who: str) -> None:
            """Write how one ended; raises AuditError."""

    class Tell(Protocol):
        """Whoever records an alert and says it at every approver."""

        def __call__(self, kind: str, text: str, *, session: str = "") -> None:
            """Do so."""


KIND = "elevation"  # of its alerts


class Wanted(Lift):
    """What a person would lift, before they have proved who they are."""

    session: str
    name: str  # of the session
    scope: str  # what it is held to
    seconds: int


class _Given:
    """One that is in force, as far as the clocks say."""

    def __init__(self, elevation: Elevation, until_ns: int) -> None:
        self.elevation, self.until_ns, self.used = elevation, until_ns, False


class Elevations:
    """What is lifted now; safe for threads."""

    def __init__(
        self,
        log: Log,
        tell: Tell,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Begin with none. `clock_ns` cannot be set; `wall_ns` can."""
        self._log, self._tell = log, tell
        self._clock_ns, self._wall_ns = clock_ns, wall_ns
        self._lock = threading.Lock()
        self._given: dict[int, _Given] = {}

    def give(self, wanted: Wanted, who: str, assurance: Assurance) -> Elevation:
        """Lift it; raises AuditError, and then nothing is lifted."""
        clock_ns, length_ns = self._clock_ns(), wanted.seconds * SECOND_NS
        until_ns = self._wall_ns() + length_ns
        classes = " ".join(wanted.classes)
        number = self._log.elevation(
            wanted.session, classes, wanted.target, until_ns, who, assurance.value
        )
        given = Elevation(
            wanted.classes, wanted.target, number, wanted.session, until_ns, who, assurance
        )
        with self._lock:
            self._given[number] = _Given(given, clock_ns + length_ns)
        until = f"until {clock(until_ns)}, by {who} ({assurance.value})"
        self._tell(
            KIND, f"{title(given)} is given to the {wanted.name}, {until}", session=given.session
        )
        return given

    def of(self, session: str) -> tuple[Elevation, ...]:
        """Return what is lifted of a session's scope now."""
        return tuple(one for one in self.in_force() if one.session == session)

    def in_force(self) -> list[Elevation]:
        """Return all that is lifted now."""
        if not self._given:
            return []
        with self._lock:
            return [one.elevation for one in self._given.values() if not self._is_over(one)]

    def used(self, elevations: tuple[Elevation, ...], record: int) -> None:
        """Say where one is used for the first time; `record` would have been held without."""
        for one in elevations:
            with self._lock:
                given = self._given.get(one.number)
                first = given is not None and not given.used
                if given is not None:
                    given.used = True
            if first:
                self._tell(
                    KIND,
                    f"{title(one)} is used for the first time: record {record}",
                    session=one.session,
                )

    def revoke(self, number: int, who: str) -> list[Elevation]:
        """Take one back, or with 0 all of them, at once; return what was in force."""
        with self._lock:
            numbers = [number] if number else list(self._given)
            found = [one for one in map(self._given.get, numbers) if one is not None]
            for one in found:
                del self._given[one.elevation.number]
        return [self._ended(one.elevation, "revoked", who) for one in found]

    def tick(self, living: Container[str]) -> None:
        """End what has expired, and what is of a session that has ended."""
        if not self._given:
            return
        with self._lock:
            over = [(one, "expired") for one in self._given.values() if self._is_over(one)]
            over += [
                (one, "its session has ended")
                for one in self._given.values()
                if one.elevation.session not in living and not self._is_over(one)
            ]
            for one, _ in over:
                del self._given[one.elevation.number]
        for one, how in over:
            self._ended(one.elevation, how, "")

    def close(self) -> None:
        """End all: what they are held in ends."""
        with self._lock:
            left = list(self._given.values())
            self._given.clear()
        for one in left:
            self._ended(one.elevation, "its keeper has ended", "")

    def _is_over(self, one: _Given) -> bool:
        return self._clock_ns() >= one.until_ns or self._wall_ns() >= one.elevation.until_ns

    def _ended(self, one: Elevation, how: str, who: str) -> Elevation:
        by = f", by {who}" if who else ""
        failed = ""
        try:
            self._log.elevation_end(one.number, how, who)
        except AuditError as error:
            failed = f"; this could not be recorded: {error.message}"
        self._tell(KIND, f"{title(one)} has ended: {how}{by}{failed}", session=one.session)
        return one


def title(one: Elevation) -> str:
    """Return what a person knows one by."""
    return f"elevation {one.number} ({printable(one.said)})"


def clock(until_ns: int) -> str:
    """Return a time of this day or the next as the clock on the wall shows it."""
    return time.strftime("%H:%M", time.localtime(until_ns / SECOND_NS))


def span(seconds: int) -> str:
    """Return a length of time in the unit that it was given in."""
    for size, unit in ((3600, "h"), (60, "min")):
        if not seconds % size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
