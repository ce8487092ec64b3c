"""The desk: requests that wait for a human, grants, and what was rejected before.

Nothing here is read from a file or the database, and nothing outlives the keeper. The first answer
counts; what comes later, or for a request that is not there, changes nothing and is told to the caller,
who records it. An answer that comes after the asker has got its refusal becomes a one-use grant: the same
digest submitted again (same session, text, folder, targets, code-bearing environment, pattern digest)
runs once.
"""

from __future__ import annotations

import threading
import time
from enum import Enum

from gatesh import policy
from gatesh._value import Value
from gatesh.model import Answer, Answered, Assurance, Match, Request, Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Watcher(Protocol):
        """Whoever shows requests to people. Called under the desk's lock: must return at once."""

        def held(self, request: Request, late_until_ns: int) -> None:
            """Show `request`; not 0 where its asker has got a refusal, and a late yes counts until then."""

        def closed(self, request: Request, answer: Answer) -> None:
            """Take `request` off the screens: this is how it ended."""


SECOND_NS = 1_000_000_000
LATE_S = 30 * 60
MOST_PER_SESSION = 32  # requests of one session that wait at the same time
MOST_KEPT = 4096  # grants, rejected digests: the oldest go first
_LOOK_S = 0.2  # how often a waiting request looks whether its asker is still there


def clock_ns() -> int:
    """Return the clock that requests are dated with: it goes on while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Keep(Enum):
    """How long an approval lasts."""

    ONCE = "once"
    COMMAND = "command"  # the same digest, for some minutes
    RULE = "rule"  # these rules, for this session


class Grant(Value):
    """An approval that outlives one command; `request` is the one it was given for."""

    request: Request
    approver: str
    assurance: Assurance
    until_ns: int  # 0: as long as the keeper lives
    uses: int  # 0: any number


class Decided(Value):
    """Something a person decided that lasts: a grant, a rejection, a stopped session."""

    what: str  # "allowed once", "allowed", "rule ID is allowed", "rejected", "stopped"
    session: str
    request: Request | None  # None where a session was stopped without one
    until_ns: int  # 0: as long as the keeper lives
    forget: Callable[[], None]


class _Pending:
    """One request on the desk."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answer: Answer | None = None
        self.late_until_ns = 0  # 0: its asker still waits


class Desk:
    """Pending requests, grants and repeats of one keeper; safe for threads."""

    def __init__(
        self, clock_ns: Callable[[], int], watcher: Watcher, late_s: float = LATE_S
    ) -> None:
        """Keep the clock that requests are dated with, and who shows them."""
        self._clock_ns = clock_ns
        self._watcher = watcher
        self._late_ns = int(late_s * SECOND_NS)
        self._changed = threading.Condition()
        self._pending: dict[int, _Pending] = {}
        self._grants: dict[str, Grant] = {}  # by digest
        self._rules: dict[tuple[str, str], Grant] = {}  # by session and rule
        self._rejected: dict[str, Request] = {}  # by digest
        self._stopped: dict[str, int] = {}  # session → the record it was stopped at, or 0

    # -- the asker's side ------------------------------------------------------------------------

    def ask(self, request: Request, gone: Callable[[], bool]) -> Answer:
        """Return how `request` ended; blocks. `gone` claims that its asker does not wait any more."""
        with self._changed:
            answer = self.earlier(request)
            if answer:
                return answer
            self._supersede(request)
            pending = self._pending[request.record] = _Pending(request)
            self._watcher.held(request, 0)
            while pending.answer is None:
                left_ns = request.expires_ns - self._clock_ns()
                if left_ns <= 0:
                    return self._expire(pending)
                if gone():
                    self._close(pending, Answer(Answered.WITHDRAWN))
                    break
                self._changed.wait(min(left_ns / SECOND_NS, _LOOK_S))
            assert pending.answer is not None
            return pending.answer

    def earlier(self, request: Request) -> Answer | None:
        """Return the answer that was given before; None where somebody has to be asked.

        It uses up a grant for one use.
        """
        session = request.asker.session
        with self._changed:
            if session in self._stopped:
                return Answer(Answered.STOPPED, by=self._stopped[session])
            if request.digest in self._rejected:
                return Answer(Answered.REPEATED, by=self._rejected[request.digest].record)
            grant = self._take_grant(request)
            if grant:
                return Answer(
                    Answered.GRANTED, grant.approver, grant.assurance, by=grant.request.record
                )
            waiting = [p for p in self._pending.values() if p.request.asker.session == session]
            if sum(not p.late_until_ns for p in waiting) >= MOST_PER_SESSION:
                return Answer(Answered.EXPIRED, comment="too many of your commands wait already")
            return None

    def _take_grant(self, request: Request) -> Grant | None:
        now = self._clock_ns()
        grant = self._grants.get(request.digest)
        if grant and grant.until_ns <= now:
            del self._grants[request.digest]
        elif grant:
            if grant.uses:  # INVARIANT: a one-use grant is gone before its command runs
                del self._grants[request.digest]
            return grant
        if not keepable(request):
            return None
        rules = {m.rule for m in asking(request)}
        found = [self._rules.get((request.asker.session, rule)) for rule in rules]
        return found[0] if found and all(found) else None

    def _supersede(self, request: Request) -> None:
        """Take a late request off the desk when the same is asked again."""
        for pending in list(self._pending.values()):
            if pending.late_until_ns and pending.request.digest == request.digest:
                self._close(pending, Answer(Answered.WITHDRAWN, comment="asked again"))

    def _expire(self, pending: _Pending) -> Answer:
        """Refuse the asker; the request stays for a late answer."""
        expired = Answer(Answered.EXPIRED)
        if self._late_ns:
            pending.late_until_ns = self._clock_ns() + self._late_ns
            self._watcher.held(pending.request, pending.late_until_ns)
        else:
            self._close(pending, expired)
        return expired

    # -- the approver's side ---------------------------------------------------------------------

    def approve(
        self, record: int, approver: str, assurance: Assurance, keep: Keep, minutes: int = 0
    ) -> str:
        """Approve; return why it did not count, or an empty string."""
        with self._changed:
            pending = self._live(record)
            if pending is None:
                return "it does not wait any more"
            request = pending.request
            if keep is not Keep.ONCE and not keepable(request):
                return "a critical one is approved once"
            lasts = ""
            if keep is Keep.COMMAND:
                lasts = f"this line for {minutes} minutes"
                until = self._clock_ns() + minutes * 60 * SECOND_NS
                self._grants[request.digest] = Grant(request, approver, assurance, until, uses=0)
            elif keep is Keep.RULE:
                rules = sorted({found.rule for found in asking(request)})
                lasts = f"{', '.join(rules)} for this session"
                grant = Grant(request, approver, assurance, until_ns=0, uses=0)
                self._rules |= {(request.asker.session, rule): grant for rule in rules}
            elif pending.late_until_ns:
                lasts = "it runs once, when it is submitted again"
                until = self._clock_ns() + self._late_ns
                self._grants[request.digest] = Grant(request, approver, assurance, until, uses=1)
            _trim(self._grants)
            self._close(pending, Answer(Answered.APPROVED, approver, assurance, why=lasts))
            return ""

    def reject(self, record: int, approver: str, assurance: Assurance, comment: str) -> str:
        """Reject; return why it did not count, or an empty string."""
        with self._changed:
            pending = self._live(record)
            if pending is None:
                return "it does not wait any more"
            self._rejected[pending.request.digest] = pending.request
            _trim(self._rejected)
            self._close(pending, Answer(Answered.REJECTED, approver, assurance, comment))
            return ""

    def stop(self, record: int, approver: str, assurance: Assurance) -> str:
        """Stop the whole session that asks; return why it did not count, or an empty string."""
        with self._changed:
            stopping = self._live(record)
            if stopping is None:
                return "it does not wait any more"
            self.stop_session(stopping.request.asker.session, approver, assurance, record)
            return ""

    def stop_session(
        self, session: str, approver: str, assurance: Assurance, record: int = 0
    ) -> None:
        """Stop a session; `record` is what it was stopped at."""
        with self._changed:
            self._stopped[session] = record
            for pending in list(self._pending.values()):
                if pending.request.asker.session == session:
                    self._close(pending, Answer(Answered.STOPPED, approver, assurance))

    def stopped(self, session: str) -> int | None:
        """Return the record at which a person stopped this session, or 0; None where nobody did."""
        with self._changed:
            return self._stopped.get(session)

    def decided(self) -> list[Decided]:
        """Return what was decided and lasts, each with what takes it back."""
        with self._changed:
            now = self._clock_ns()
            found = [
                Decided("stopped", session, None, 0, self._forget(self._stopped, session))
                for session in self._stopped
            ]
            for (session, rule), grant in self._rules.items():
                forget = self._forget(self._rules, (session, rule))
                what = f"rule {rule} is allowed"
                found.append(Decided(what, session, grant.request, 0, forget))
            for digest, grant in self._grants.items():
                if grant.until_ns > now:
                    what = "allowed once" if grant.uses else "allowed"
                    asked, forget = grant.request, self._forget(self._grants, digest)
                    session = asked.asker.session
                    found.append(Decided(what, session, asked, grant.until_ns, forget))
            for digest, asked in self._rejected.items():
                forget = self._forget(self._rejected, digest)
                found.append(Decided("rejected", asked.asker.session, asked, 0, forget))
            return found

    def _forget(self, kept: dict[Any, Any], key: object) -> Callable[[], None]:
        """Return what removes `key` from `kept`."""

        def forget() -> None:
            with self._changed:
                kept.pop(key, None)

        return forget

    def tick(self) -> None:
        """Forget what has waited too long for a late answer."""
        with self._changed:
            self._forget_late()

    # -- under the lock --------------------------------------------------------------------------

    def _forget_late(self) -> None:
        now = self._clock_ns()
        for pending in list(self._pending.values()):
            if pending.late_until_ns and pending.late_until_ns <= now:
                self._close(pending, Answer(Answered.EXPIRED))

    def _live(self, record: int) -> _Pending | None:
        """Return the request if an answer to it still counts."""
        pending = self._pending.get(record)
        if pending is None:
            return None
        now = self._clock_ns()
        if pending.late_until_ns:
            return pending if now < pending.late_until_ns else None
        # Where the asker's time is over it gets its refusal, though it may not have woken up yet.
        return pending if now < pending.request.expires_ns else None

    def _close(self, pending: _Pending, answer: Answer) -> None:
        pending.answer = answer
        self._pending.pop(pending.request.record, None)
        self._watcher.closed(pending.request, answer)
        self._changed.notify_all()


def asking(request: Request) -> list[Match]:
    """Return the matches because of which somebody has to be asked."""
    return [m for m in request.decision.matches if policy.verdict_of(m) is Verdict.ASK]


def keepable(request: Request) -> bool:
    """Claim that an approval of this may outlive it: never for a critical one."""
    found = request.decision.matches
    return bool(found) and all(m.severity is not Severity.CRITICAL for m in found)


def _trim(kept: dict[str, Grant] | dict[str, Request]) -> None:
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
