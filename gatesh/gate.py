"""The page to read first: one command line's way through the house.

    read → inspect → match → decide → record → ask → run

Every door comes through `Gate.submit`, in the keeper as in a door that works alone; `gatesh check` and
`gatesh patterns explain` come through `Gate.consider`, its first half, and run nothing. This module and
everything it imports does no I/O that it was not handed: the Protocols below are the only ways out.
"""

from __future__ import annotations

from gatesh import policy
from gatesh.facts import World, defined_before, inspect_all
from gatesh.facts.stamps import stamps
from gatesh.model import (
    Answer,
    Answered,
    Asker,
    CommandLine,
    Decision,
    Inspection,
    Opened,
    Outcome,
    Ran,
    Refused,
    Request,
    Unparsed,
    Verdict,
    inner_line,
)
from gatesh.rules.match import RuleSet, match
from gatesh.shell import rough
from gatesh.shell.read import exactly, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from gatesh.facts.targets import Targets
    from gatesh.model import Fact, Reading, Target
    from gatesh.rules.match import Watch
    from gatesh.secrets.origin import Past
    from gatesh.shell.second import SecondReader
    from gatesh.shell.tokens import Source

    class AuditLog(Protocol):
        """Where the evidence goes. Every method raises AuditError where it cannot keep its promise."""

        def begin(
            self, line: CommandLine, asker: Asker, seen: Inspection, decision: Decision, rules: str
        ) -> int:
            """Commit the begin row and return its number; when it returns, the row survives a power loss.

            `rules` is the pattern digest.
            """

        def answer(self, record: int, answer: Answer) -> None:
            """Commit what a human, or nobody, said; as durable as `begin`."""

        def end(self, record: int, outcome: Outcome) -> None:
            """Write the end row: wait status and duration, or that it was refused."""

        def mac(self, data: bytes) -> str:
            """Return the keyed HMAC of `data` in hexadecimal."""

        def past(self, session: str) -> Past:
            """Return what the log knows of a session, and of the uses of a secret."""

    class Approver(Protocol):
        """A human, or nobody."""

        def ask(self, request: Request) -> Answer:
            """Return an answer; blocks until there is one, the request expires or the asker is gone."""

    class Runner(Protocol):
        """bash."""

        def run(self, line: CommandLine) -> Ran:
            """Start the real bash on the very text of `line` and wait for it; raises RunError."""


class Gate:
    """The rules as they were loaded, and the adapters; one `submit` for every command line."""

    def __init__(
        self,
        rules: RuleSet,
        log: AuditLog,
        clock_ns: Callable[[], int],
        *,
        second: SecondReader | None = None,
        observe: bool = False,
    ) -> None:
        """Keep the parts; `second` reads what may be misread, `observe` records and never holds."""
        self._rules = rules
        self._log = log
        self._clock_ns = clock_ns
        self._second = second
        self._observe = observe

    def consider(
        self, line: CommandLine, world: World, watch: Watch | None = None
    ) -> tuple[Inspection, Decision]:
        """Read, inspect, match and decide; `world` is what may be looked at meanwhile.

        `watch` is told which rule looked at what, and why it did not match.
        """
        second = self._second
        if second and rough.is_marked(line.text):
            from gatesh.shell.second import is_blind

            if is_blind(line.text):
                second.expect(line.text)  # it reads while we do
        try:
            texts: list[Source] = []
            reading = read(line, texts)
            inner = inner_line(line, reading)
            before = defined_before(reading, inner, world)
            if before:
                texts.clear()
                reading = read(line, texts, before)
            seen = inspect_all(reading, inner, world, self._read, exactly(before))
            sure = self._confirmed(reading, line, texts)
            if second and isinstance(sure, Unparsed):
                from gatesh.shell.second import refused

                sure = refused(sure, line, texts, second)
            if sure is not reading:
                seen = inspect_all(sure, inner, world, self._read, exactly(before))
        finally:
            if second:
                second.forget()
        seen = self._matched(seen, inner, world, watch)
        return seen, policy.decide(seen, observe=self._observe)

    def _matched(
        self, seen: Inspection, line: CommandLine, world: World, watch: Watch | None
    ) -> Inspection:
        """Return what was seen with what the rules say of it; targets are looked for where one speaks."""
        targets: list[Targets] = []

        def target_of(index: int, fact: Fact) -> Target:
            if not targets:
                from gatesh.facts.targets import Targets

                targets.append(Targets(seen, line, world))
            return targets[0].of(index, fact)

        matches = match(self._rules, seen.reading, seen.facts, line, watch, target_of)
        found = seen.but(matches=matches)
        if world.scope:
            found = world.scope.judge(found, line, world, target_of)
        return found.but(facts=targets[0].facts()) if targets else found

    def _read(self, line: CommandLine) -> Reading:
        """Read a text that the line runs, and where it may have been misread, have it read once more."""
        texts: list[Source] = []
        return self._confirmed(read(line, texts), line, texts)

    def _confirmed(self, reading: Reading, line: CommandLine, texts: list[Source]) -> Reading:
        if self._second is None or not rough.may_be_misread(reading, texts):
            return reading
        from gatesh.shell.second import confirmed

        return confirmed(reading, line, texts, self._second, read)

    def submit(
        self, line: CommandLine, asker: Asker, world: World, approver: Approver, runner: Runner
    ) -> Outcome:
        """Decide, record, ask where it must, and run; the whole life of one command line.

        Raises AuditError before anything ran where the record cannot be written.
        """
        opened = self.open(line, asker, world)
        refused = self.settle(opened, world, approver)
        if refused:
            return refused
        ran = runner.run(line)
        self._log.end(opened.record, ran)
        return ran

    def open(
        self,
        line: CommandLine,
        asker: Asker,
        world: World,
        adjust: Callable[[Inspection, Decision], Decision] | None = None,
    ) -> Opened:
        """Decide and record: when it returns the begin row is on the disk. Raises AuditError.

        `adjust` may turn the decision into another before it is recorded: what an approval above covers.
        """
        seen, decision = self.consider(line, world)
        decision = adjust(seen, decision) if adjust else decision
        if decision.verdict is not Verdict.ALLOW:
            from gatesh.secrets.origin import origins

            past = self._log.past(asker.session)
            seen = seen.but(credentials=origins(seen, decision, line, world, past, self._log.mac))
        # INVARIANT: no instruction of the command runs before this row is on the disk.
        record = self._log.begin(line, asker, seen, decision, self._rules.digest)
        return Opened(record, line, asker, seen, decision)

    def close(self, opened: Opened, ran: Ran) -> None:
        """Record how a line ended that was opened and settled."""
        self._log.end(opened.record, ran)

    def settle(self, opened: Opened, world: World, approver: Approver) -> Refused | None:
        """Ask where it must, record the answer, and return the refusal, or None where it may run."""
        record, decision = opened.record, opened.decision
        if decision.verdict is Verdict.DENY:
            return self._refuse(opened, None)
        if decision.verdict is Verdict.ASK:
            answer = self._ask(opened, world, approver)
            self._log.answer(record, answer)
            if not answer.yes:
                return self._refuse(opened, answer)
        return None

    def _ask(self, opened: Opened, world: World, approver: Approver) -> Answer:
        """Hold the line for a human, then look again: what was approved must be what would run now."""
        line, asker, seen = opened.line, opened.asker, opened.seen
        now = self._clock_ns()
        request = Request(
            record=opened.record,
            line=inner_line(line, seen.reading),
            decision=opened.decision,
            asker=asker,
            digest=self._bind(line, asker, seen, world),
            created_ns=now,
            expires_ns=now + int(asker.wait_s * 1e9),
            wrapping=seen.reading.wrapping,
            credentials=seen.credentials,
        )
        which = self._stamps(line, seen, world, folders=True)
        answer = approver.ask(request)
        if answer.yes:
            again, _ = self.consider(line, world)
            # An elevation that has expired meanwhile lifts nothing any more; one that came is no matter.
            lapsed = set(seen.elevations) - set(again.elevations)
            again = again.but(elevations=seen.elevations)
            moved = self._stamps(line, again, world, folders=True) != which
            if lapsed or moved or self._bind(line, asker, again, world) != request.digest:
                return answer.but(answered=Answered.CHANGED)
        return answer

    def _bind(self, line: CommandLine, asker: Asker, seen: Inspection, world: World) -> str:
        """Return the digest an approval is bound to: session, bytes, place, environment, targets, files."""
        inner = inner_line(line, seen.reading)
        files = self._stamps(line, seen, world)
        return self._log.mac(policy.binding(inner, asker, seen, self._rules.digest, files))

    @staticmethod
    def _stamps(
        line: CommandLine, seen: Inspection, world: World, *, folders: bool = False
    ) -> tuple[str, ...]:
        inner = inner_line(line, seen.reading)
        return stamps(policy.bound(seen).values(), inner, world, folders=folders)

    def _refuse(self, opened: Opened, answer: Answer | None) -> Refused:
        refused = policy.refusal(opened.record, opened.decision, answer, opened.asker)
        self._log.end(opened.record, refused)
        return refused
