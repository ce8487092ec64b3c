"""Lines that a hook has let through: the shell that comes next with the same line goes on with their record.

An agent may call gatesh twice for one command: from its hook, and as its shell. The shell's line is decided on
as always. Where it is the very line of the hook, and nobody has to be asked about it, or a person was asked by
the hook about all of it, it takes over the hook's record, and writes down there how it ended.

INVARIANT: the same line is what an approval binds, made out by this process for both: session, text, folder,
what it would do, targets, files, rules; where a person was asked, the environment too. Each serves once.
"""

from __future__ import annotations

import threading

from gatesh import policy
from gatesh._value import Value
from gatesh.approval.pending import SECOND_NS, clock_ns
from gatesh.facts.stamps import stamps
from gatesh.model import Asker, CommandLine, Inspection, Match, Ran, inner_line
from gatesh.session import HOOKED_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.audit.store import SqliteLog
    from gatesh.facts import World

_MOST = 4096

# What agents set in their shells and not in their hooks, or the other way round, and with these values alone.
_AGENTS_OWN = frozenset(
    (
        "CLAUDECODE=1", "GEMINI_CLI=1", "QWEN_CODE=1", "COPILOT_CLI=1", "AGENT=1", "GIT_EDITOR=true",
        "GIT_PAGER=cat", "PAGER=cat", "TERM=dumb", "NO_COLOR=1", "GIT_TERMINAL_PROMPT=0",
    )
)  # fmt: skip


class Same(Value):
    """By what a line is known to be the one of a hook."""

    bound: bytes
    environment: tuple[str, ...]


class HandedLine(Value):
    """A line that a hook has let through."""

    record: int
    session: str
    same: Same
    approved: tuple[Match, ...]  # about which a person was asked
    until_ns: int


def sameness(
    line: CommandLine, asker: Asker, seen: Inspection, rules: str, world: World
) -> Same | None:
    """Return by what a line is known; None where its shell reads what a hook knows nothing of."""
    if line.sources or line.script or line.known:
        return None
    inner = inner_line(line, seen.reading)
    bare = _bare(seen)
    files = stamps(bare.reading.commands, inner, world)
    plain = inner.but(env={}, options=())
    environment = sorted(
        pair
        for name, value in inner.env.items()
        if name not in policy.VOLATILE
        and not name.startswith(policy.VOLATILE_PREFIXES)
        and (pair := f"{name}={value}") not in _AGENTS_OWN
    )
    bound = policy.binding(plain, asker, bare, rules, files)
    return Same(bound + repr(bare.reading).encode(), tuple(environment))


def _bare(seen: Inspection) -> Inspection:
    """Return what was seen without what the agent put around the line."""
    wrapping = seen.reading.wrapping
    if wrapping is None:
        return seen
    listed = seen.reading.commands
    first = len(listed) - len(seen.places)  # of those that stand in files
    kept = list(range(wrapping.own, first)) + [
        first + index
        for index, place in enumerate(seen.places)
        if place.script not in wrapping.sources
    ]
    at = {index: number for number, index in enumerate(kept)}
    return seen.but(
        reading=seen.reading.but(commands=tuple(listed[index] for index in kept), wrapping=None),
        facts=tuple((at[index], fact) for index, fact in seen.facts if index in at),
        files=tuple(one for one in seen.files if one[0] not in wrapping.sources),
    )


class Handed:
    """The lines that hooks have let through, each until a shell takes it over or its time is over."""

    def __init__(self, log: SqliteLog) -> None:
        """Keep the log in which those are ended that no shell comes for."""
        self._log = log
        self._lock = threading.Lock()
        self._lines: dict[int, HandedLine] = {}  # by record

    def add(self, record: int, session: str, same: Same, approved: tuple[Match, ...]) -> None:
        """Know a line that a hook is about to let through."""
        until = clock_ns() + HOOKED_S * SECOND_NS
        with self._lock:
            self._lines[record] = HandedLine(record, session, same, approved, until)
            first = next(iter(self._lines)) if len(self._lines) > _MOST else 0
        if first:
            self._end(first)

    def forget(self, record: int) -> None:
        """Forget a line whose hook was gone before it could let it through."""
        with self._lock:
            self._lines.pop(record, None)

    def waits(self, session: str) -> bool:
        """Claim that a line of this session waits for its shell."""
        with self._lock:
            return any(line.session == session for line in self._lines.values())

    def take(self, same: Same, matches: tuple[Match, ...], *, asks: bool) -> HandedLine | None:
        """Return the hook's line that this one is, once; None where it has to stand for itself.

        `asks` says that somebody would have to be asked because of `matches`.
        """
        now = clock_ns()
        with self._lock:
            for line in self._lines.values():
                if line.until_ns <= now or line.same.bound != same.bound:
                    continue
                if asks and not _is_approved(line, same, matches):
                    continue
                return self._lines.pop(line.record)
        return None

    def tick(self) -> None:
        """End what no shell has come for: how it went nobody knows."""
        now = clock_ns()
        with self._lock:
            late = [line.record for line in self._lines.values() if line.until_ns <= now]
        for record in late:
            self._end(record)

    def close(self) -> None:
        """End all of them; raises AuditError."""
        with self._lock:
            records = list(self._lines)
        for record in records:
            self._end(record)

    def _end(self, record: int) -> None:
        with self._lock:
            mine = self._lines.pop(record, None)
        if mine:
            self._log.end(record, Ran(None, 0))


def _is_approved(line: HandedLine, same: Same, matches: tuple[Match, ...]) -> bool:
    from gatesh.keeper.reentry import covered

    return (
        bool(line.approved)
        and line.same.environment == same.environment
        and all(covered(found, line.approved) for found in matches)
    )
