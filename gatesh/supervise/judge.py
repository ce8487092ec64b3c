"""What becomes of a program that is about to start: the gate's answer, in the context of what it runs below.

A shell's `-c LINE` goes the way of `gatesh -c`. Every other program goes as its own words, below the line or
program that started it: what a person approved there is not asked about again.

What was let through is remembered together with everything that was looked at meanwhile; an equal program
gets the same answer as long as every look still shows the same.
"""

from __future__ import annotations

import marshal
import time
from hashlib import blake2b

from gatesh.approval.pending import clock_ns
from gatesh.audit.record import like
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import (
    CommandLine,
    Decision,
    Door,
    Inspection,
    Opened,
    Parsed,
    Request,
    Unparsed,
    Verdict,
)
from gatesh.policy import refusal
from gatesh.shell.rough import is_marked
from gatesh.supervise.covered import Place, covered, line_covered, typed
from gatesh.supervise.elsewhere import Own, root_of
from gatesh.supervise.gits import is_part
from gatesh.supervise.identity import settled
from gatesh.supervise.image import command_line
from gatesh.supervise.looks import Unmoved, Watched, as_it_was, seen_by
from gatesh.supervise.unspoken import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gatesh.audit.record import Row
    from gatesh.gate import Approver
    from gatesh.model import Asker, Refused
    from gatesh.rules.match import RuleSet
    from gatesh.supervise.identity import Identities
    from gatesh.supervise.image import Image
    from gatesh.supervise.looks import Look
    from gatesh.supervise.record import Below, Records

# Codex starts itself so, with forty kilobytes of shell behind it, only to start that.
_CODEX_STARTS = ("codex", "--codex-run-as-process-setup")
_MOST_KNOWN = 4096
_MOST_LOOKS = 64
_NOTHING = Inspection(Parsed(()), (), ())
_ALLOWED = Decision(Verdict.ALLOW, ())


class _Known:
    """A program that was let through: what it was looked at for, what was seen, and its row."""

    __slots__ = ("looks", "opened", "row")

    def __init__(self, opened: Opened, row: Row, looks: list[Look]) -> None:
        self.opened, self.row, self.looks = opened, row, looks


class Judge:
    """Decides on images; `settle` may block, so it belongs into a thread of its own."""

    def __init__(
        self,
        active: Callable[[str], tuple[RuleSet, World]],
        records: Records,
        make: Callable[[RuleSet, Below, Door], Gate],
        asker: Asker,
        identities: Identities,
    ) -> None:
        """Take the parts: what tells the rules and the world of a folder, and what makes a gate of them."""
        self._active, self._records, self._make = active, records, make
        self._asker = asker
        self._identities = identities
        self._known: dict[bytes, _Known] = {}
        self._expected: tuple[tuple[object, ...], _Known] | None = None  # a line that may be told
        self._like: Row | None = None  # the row of a program that nothing speaks of

    def open(self, found: Image, above: Place) -> Opened:
        """Decide on a program and record it; raises GateshError."""
        rules, world = self._active(found.cwd)
        shown = repr(above.approved) if above.approved else ""
        key = _digest((found.key, *_goes_by(rules, world), shown, above.git))
        known = self._known.get(key)
        if known is not None and as_it_was(known.looks, Own(world.files, found.pid), world.probe):
            return self._again(known, found.pid, above)
        return self._anew(key, found, above, rules, world)

    def _again(self, known: _Known, pid: int, above: Place) -> Opened:
        row = known.row
        row["time_ns"], row["pid"], row["above"] = time.time_ns(), pid, above.record or None
        before = known.opened
        record = self._records.begin(row, [])
        return Opened(record, before.line, before.asker, before.seen, before.decision)

    def _anew(self, key: bytes, found: Image, above: Place, rules: RuleSet, world: World) -> Opened:
        program, words, steady = self._identities.seen(found)
        text = text_of(found, program, rules, world)
        steady = steady and not found.root and settled(found.changed_ns)
        if text:
            line = CommandLine(text, found.cwd, {}, Door.EXEC)
            row = like(self._nothing_said(), line, program, rules.digest, self._records.mac)
            known = _Known(Opened(0, line, self._asker, _NOTHING, _ALLOWED), row, [])
            if steady:
                self._keep(key, known)
            return self._again(known, found.pid, above)
        line = command_line(found, program, words)
        records = self._records.below(above.record)
        looks: list[Look] = []
        gate = self._make(rules, records, line.door)
        around = _watched(world, seen_by(found.pid, found.root, world).files, looks)
        adjust = _adjust(found, program, line, words, above, rules)
        opened = gate.open(line, self._asker.but(pid=found.pid), around, adjust)
        if records.row is not None and len(looks) <= _MOST_LOOKS and steady:
            light = opened.but(line=line.but(env={}, argv=None), seen=_NOTHING)
            self._keep(key, _Known(light, records.row, looks))
        return opened

    def _nothing_said(self) -> Row:
        """Return a row that says nothing of a program; made once, and from no program of the agent's choice."""
        if self._like is None:
            line = CommandLine("", "/", {}, Door.EXEC)
            self._like, _ = self._records.rows(line, self._asker, _NOTHING, _ALLOWED, "")
        return self._like

    def _keep(self, key: bytes, known: _Known) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[key] = known

    def settle(self, opened: Opened, above: Place, approver: Approver) -> Refused | None:
        """Ask where it must; return the refusal, or None where it may run."""
        line, pid = opened.line, opened.asker.pid
        rules, world = self._active(line.cwd)
        gate = self._make(rules, self._records.below(above.record), line.door)
        root = root_of(pid)
        its = f"/proc/{pid}/cwd"
        there = Unmoved(approver, its, its if line.cwd == its else root + line.cwd)
        return gate.settle(opened, seen_by(pid, root, world), there)

    def expect(self, line: CommandLine) -> None:
        """Decide on a line that may be told in a moment, while somebody types it; nothing is recorded.

        Only where that is a matter of its words alone, read by one reader; raises GateshError.
        """
        self._expected = None
        if is_marked(line.text):
            return
        rules, world = self._active(line.cwd)
        looks: list[Look] = []
        gate = self._make(rules, self._records.below(0), Door.EXEC)  # which has no second reader
        seen, decision = gate.consider(line, _watched(world, world.files, looks))
        decision = typed(line.text, seen, decision)
        if looks or decision.verdict is not Verdict.ALLOW or isinstance(seen.reading, Unparsed):
            return
        row, parts = self._records.rows(line, self._asker, seen, decision, rules.digest)
        if not parts and not seen.elevations:
            known = _Known(Opened(0, line, self._asker, _NOTHING, decision), row, [])
            self._expected = (line, *_goes_by(rules, world)), known

    def told(self, line: CommandLine) -> Opened:
        """Decide on a line that the agent's own shell tells of, and record it; raises GateshError."""
        rules, world = self._active(line.cwd)
        if self._expected is not None and self._expected[0] == (line, *_goes_by(rules, world)):
            return self._again(self._expected[1], self._asker.pid, Place())
        gate = self._make(rules, self._records.below(0), line.door)
        return gate.open(line, self._asker, world, lambda *found: typed(line.text, *found))

    def hold(
        self,
        held: tuple[CommandLine, Inspection, Decision],
        pid: int,
        above: int,
        approver: Approver,
    ) -> Refused | None:
        """Record what a running program is held for, and ask; return the refusal, or None for a yes."""
        line, seen, decision = held
        rules, _ = self._active(line.cwd)
        asker = self._asker.but(pid=pid)
        records = self._records.below(above)
        record = records.begin(line, asker, seen, decision, rules.digest)
        now = clock_ns()
        request = Request(
            record=record,
            line=line,
            decision=decision,
            asker=asker,
            digest=records.mac(f"{asker.session} {record}".encode()),
            created_ns=now,
            expires_ns=now + int(asker.wait_s * 1e9),
        )
        answer = approver.ask(request)
        records.answer(record, answer)
        if answer.yes:
            return None
        refused = refusal(record, decision, answer, asker)
        records.end(record, refused)
        return refused


def _goes_by(rules: RuleSet, world: World) -> tuple[str, str, str]:
    """Return what changes whenever the rules, the scope or the labels do."""
    scope = world.scope.digest if world.scope else ""
    labels = world.labels.digest if world.labels else ""
    return rules.digest, scope, labels


def _watched(world: World, files: object, looks: list[Look]) -> World:
    """Return a world with these files; every look at it is noted in `looks`."""
    watched: Any = Watched(files, "files", looks)
    probe: Any = Watched(world.probe, "probe", looks)
    labels, scope = world.labels, world.scope
    return World(watched, probe, world.home, world.grammars, labels=labels, scope=scope)


def _adjust(
    found: Image,
    program: str,
    line: CommandLine,
    words: tuple[str, ...],
    above: Place,
    rules: RuleSet,
) -> Callable[[Inspection, Decision], Decision]:
    """Return what turns the decision on a line, or a program, into what is left of it below the gate."""
    if line.door is not Door.EXEC:
        return lambda seen, decision: line_covered(seen, decision, above)
    name = program.rsplit("/", 1)[-1]
    tells = name in rules.programs and (name, *words[:1]) != _CODEX_STARTS
    part = not found.root and is_part(line.text, above.git)
    return lambda seen, decision: covered(seen, decision, above, tells=tells, part=part)


def _digest(value: Any) -> bytes:
    return blake2b(marshal.dumps(value, 2), digest_size=16).digest()
