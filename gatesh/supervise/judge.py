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

from gatesh._value import Value
from gatesh.approval.pending import clock_ns
from gatesh.audit.record import like
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import (
    Certainty,
    CommandLine,
    Decision,
    Door,
    Inspection,
    Opened,
    Origin,
    Parsed,
    Request,
    Unparsed,
    Verdict,
)
from gatesh.policy import refusal, verdict_of
from gatesh.shell.rough import is_marked
from gatesh.supervise.elsewhere import Own, root_of
from gatesh.supervise.gits import command_of, is_part
from gatesh.supervise.identity import settled
from gatesh.supervise.image import SHELLS, command_line
from gatesh.supervise.looks import Unmoved, Watched, as_it_was, seen_by
from gatesh.supervise.shown import shown_above
from gatesh.supervise.unspoken import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gatesh.audit.record import Row
    from gatesh.gate import Approver
    from gatesh.model import Asker, Match, Refused, SimpleCommand
    from gatesh.rules.match import RuleSet
    from gatesh.supervise.identity import Identities
    from gatesh.supervise.image import Image
    from gatesh.supervise.looks import Look
    from gatesh.supervise.record import Below, Records

# What these rules fear is code or a program that nobody sees. Below the gate it is seen when it is started.
_SEEN_LATER = frozenset(
    """
    unknown-program unseen-code unseen-script sed-executes carried-tool renamed-program git-code-variable
    git-code-setting
    """.split()
)
# An agent that asks nobody: below the gate it is asked for all the same.
_AGENT = "ungated-agent"
# Codex starts itself so, with forty kilobytes of shell behind it, only to start that.
_CODEX_STARTS = ("codex", "--codex-run-as-process-setup")
# These do nothing themselves but start another program, as a process of the same tree.
_RUNNERS = frozenset(
    """
    env timeout nice ionice chrt taskset nohup setsid stdbuf xargs flock setarch linux64 linux32 prlimit numactl
    chronic time
    """.split()
)
_ALSO_RUN = _RUNNERS | {"find", "gfind", "fd", "fdfind"}
# What a shell does itself; everything else in its script is started as a program.
_IN_THE_SHELL = frozenset(
    """
    . : [ [[ alias bg bind break builtin caller cd command compgen complete continue declare dirs disown echo
    enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd
    printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type
    typeset ulimit umask unalias unset wait print whence setopt zmodload autoload noglob coproc
    """.split()
)
_WRITING = frozenset((">", ">|", "&>", ">&", ">>", "&>>", "<>"))
# What these are told to run does not run below the gate.
_OUTSIDE = frozenset(
    """
    crontab at batch screen byobu tmux tsp ts pueue task-spooler nq systemd-run systemctl machinectl emacsclient
    docker podman nerdctl kubectl oc ssh busctl gdbus dbus-send qdbus flatpak-spawn distrobox
    distrobox-host-exec host-spawn toolbox wsl
    """.split()
)
_EDITORS = frozenset(("vim", "gvim", "nvim"))  # outside, where another one is told
_MOST_KNOWN = 4096
_MOST_LOOKS = 64
_MOST_LINES = 32  # that lines are nested in for the deletion budget
_NOTHING = Inspection(Parsed(()), (), ())
_ALLOWED = Decision(Verdict.ALLOW, ())


class Place(Value):
    """Where in the tree a program stands: the record above it, and what was approved on the way."""

    record: int = 0
    line: int = 0  # the record of the agent's command, a line or a program; 0: the agent itself
    approved: tuple[Match, ...] = ()
    began_ns: int = 0  # when that did
    above: tuple[int, ...] = ()  # the agent, and the lines that started that line
    git: str = ""  # the command of the git that it is, for what that starts itself


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
        decision = _typed(line.text, seen, decision)
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
        return gate.open(line, self._asker, world, lambda *found: _typed(line.text, *found))

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


def below(opened: Opened, above: Place, *, approved: bool) -> Place:
    """Return the place of what a program will start."""
    matches = opened.decision.matches if approved else ()
    everything = (*above.approved, *matches)
    record, now = opened.record, time.time_ns()
    if opened.line.door is Door.EXEC:
        git = command_of(opened.line.text)
        if above.line:
            return Place(record, above.line, everything, above.began_ns, above.above, git)
        if not above.record:
            return Place(record, 0, everything, now, (record,), git)
    else:
        git = ""
    lines = (*above.above, above.line) if above.line else above.above
    return Place(record, record, everything, now, lines[-_MOST_LINES:], git)


def covered(
    seen: Inspection, decision: Decision, above: Place, *, tells: bool, part: bool = False
) -> Decision:
    """Return what is left of a decision on a program: without what is seen later, or was approved above.

    Arguments too long to be read matter only to a program that rules speak of, which `tells` claims. What is
    `part` of the program that has started it was decided on with that.
    """
    if decision.verdict is Verdict.ALLOW and not decision.reason:
        return decision  # with a reason it is allowed because somebody only observes
    if part:
        return Decision(
            Verdict.ALLOW, decision.matches, decision.unparsed, "a part of what is above"
        )
    left = [m for m in decision.matches if not _seen_later(m, seen, tells=tells)]
    asked = [m for m in left if verdict_of(m) is not Verdict.ALLOW]
    if asked and all(shown_above(match, above.approved) for match in asked):
        return Decision(Verdict.ALLOW, tuple(left), decision.unparsed, "approved above")
    return _of_those(left, decision)


def line_covered(seen: Inspection, decision: Decision, above: Place) -> Decision:
    """Return what is left of a decision on a line that one above it, which was approved, has started.

    Codex's line ends with another shell for the agent's command. What could not be seen is asked about again:
    it may be something else this time.
    """
    decision = _agents_are_gated(seen, decision)
    if decision.verdict is not Verdict.ASK:
        return decision
    asked = [m for m in decision.matches if verdict_of(m) is not Verdict.ALLOW]
    if all(_seen_whole(m) and shown_above(m, above.approved) for m in asked):
        return Decision(Verdict.ALLOW, decision.matches, decision.unparsed, "approved above")
    return decision


def _seen_whole(match: Match) -> bool:
    """Claim that a match is about one command, of which nothing is hidden."""
    return match.command >= 0 and not match.cannot_see


def _agents_are_gated(seen: Inspection, decision: Decision) -> Decision:
    """Return a decision on a line without what is said of an agent that it starts below the gate."""
    if decision.verdict is not Verdict.ASK:
        return decision
    left = [m for m in decision.matches if m.rule != _AGENT]
    if len(left) == len(decision.matches) or any(map(_leaves, seen.reading.commands)):
        return decision
    return _of_those(left, decision)


def _typed(text: str, seen: Inspection, decision: Decision) -> Decision:
    """Return a decision on a typed line without what is said of a shell that reads the same terminal."""
    decision = _agents_are_gated(seen, decision)
    commands = seen.reading.commands
    if decision.verdict is not Verdict.ASK or len(commands) != 1 or _leaves(commands[0]):
        return decision
    begin, end = commands[0].span.start, commands[0].span.end
    if commands[0].redirects or text[begin:end] != text.strip():
        return decision  # what stands around it may lead it elsewhere
    return _of_those([m for m in decision.matches if not _reads_on(m)], decision)


def _reads_on(match: Match) -> bool:
    return (match.rule, match.cannot_see) == ("unseen-code", ("code: standard input",))


def _of_those(left: list[Match], decision: Decision) -> Decision:
    if all(verdict_of(match) is Verdict.ALLOW for match in left):
        return Decision(Verdict.ALLOW, tuple(left), decision.unparsed, "seen below")
    return decision.but(matches=tuple(left))


def _leaves(command: SimpleCommand) -> bool:
    """Claim that a command has something run outside the tree."""
    return bool(command.remote) or not _OUTSIDE.isdisjoint((command.program, *command.prefixes))


def _seen_later(match: Match, seen: Inspection, *, tells: bool) -> bool:
    """Claim that a match is about a program that this one would start below the gate."""
    if match.rule == "unparsed":
        return not tells
    commands = seen.reading.commands
    first = commands[0].program if commands else ""
    outside = bool(commands) and _told_outside(commands[0])
    if match.rule in _SEEN_LATER:
        return not outside
    if match.rule == _AGENT:
        return not any(map(_leaves, commands))
    if outside:
        return False
    if not 0 <= match.command < len(commands):
        return False
    command = commands[match.command]
    if command.origin is Origin.SCRIPT and not command.remote:
        # Recipes, and scripts that others start, come as a line or a script of their own.
        return first not in SHELLS or _starts(command)
    if match.rule == "runner-deletes":
        return command.program not in _OUTSIDE
    if command.remote:
        return False
    if first in _RUNNERS or (command.prefixes and command.prefixes[0] in _RUNNERS):
        return True
    return command.origin is Origin.PREFIX and set(command.prefixes) <= _ALSO_RUN


def _told_outside(command: SimpleCommand) -> bool:
    """Claim that a command tells a program outside of the tree what to do; behind a prefix it comes alone."""
    words = [word.text for word in command.words]
    if command.program in _EDITORS:
        return any(word.startswith(("--remote", "--server")) for word in words)
    return command.program.removesuffix(".exe") in _OUTSIDE and not command.prefixes


def _starts(command: SimpleCommand) -> bool:
    """Claim that a command in a shell's script is the start of a program, and nothing besides."""
    if not command.words or command.words[0].certainty is not Certainty.LITERAL:
        return False
    writes = any(redirect.op in _WRITING for redirect in command.redirects)
    return not writes and command.program not in _IN_THE_SHELL
