"""One door's connection: a submission comes in, goes through the gate, and the door is told how it went."""

from __future__ import annotations

from contextlib import suppress

from gatesh import policy, wire
from gatesh.approval.attach import Approvers
from gatesh.approval.pairing import hung_up
from gatesh.approval.pending import clock_ns
from gatesh.audit.line_log import LineLog
from gatesh.errors import AuditError, Exit, GateshError, InputError, RunError
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.keeper.handed import Handed, sameness
from gatesh.keeper.reentry import Entry, Running
from gatesh.model import (
    Answer,
    Answered,
    Asker,
    CommandLine,
    Decision,
    Door,
    Inspection,
    Opened,
    Outcome,
    Ran,
    Refused,
    Request,
    Verdict,
)
from gatesh.rules.match import RuleSet
from gatesh.run.shfmt import Shfmt
from gatesh.session import called
from gatesh.shell.invoked import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from gatesh.audit.store import SqliteLog


_DOORS = tuple(door.value.encode() for door in (Door.LINE, Door.FILE, Door.TERMINAL, Door.STDIN))
MOST_TEXT = (
    4 << 20
)  # bytes of a line or file; what is longer than 32 kB is held, and still recorded


class _DoorGoneError(Exception):
    """The door went away while bash ran: how it ended is not known, and no end row is written."""


def line_of(message: list[bytes], home: str) -> CommandLine:
    """Return what a `submit` message holds; raises WireError where it is none. `home` is the user's own."""
    if len(message) < 9 or message[1] != wire.VERSION:
        raise wire.WireError("another version of gatesh; start the keeper again")
    _, _, door, text, cwd, script, packed, shell, options, *arguments = message
    if door not in (*_DOORS, Door.HOOK.encode()):
        raise wire.WireError("an unknown door")
    known = arguments.pop(0) if door in _DOORS[2:] and arguments else b""
    if len(text) > MOST_TEXT:
        raise wire.WireError(f"a text of {len(text)} bytes: gatesh reads up to {MOST_TEXT}")
    env = (entry.partition(b"=") for entry in packed.split(b"\0") if b"=" in entry)
    if shell not in (b"bash", b"zsh"):
        raise wire.WireError("an unknown shell")
    line = CommandLine(
        text=_decode(text),
        cwd=_decode(cwd),
        env={_decode(name): _decode(value) for name, _, value in env},
        door=Door(door.decode()),
        arguments=tuple(map(_decode, (script, *arguments) if script else arguments)),
        script=_decode(script) or None,
        known=_decode(known),
    )
    kept = line.door in (Door.TERMINAL, Door.STDIN)
    begun = {} if line.door is Door.STDIN else line.env  # there it is that of the session's start
    line = line.but(called=called(line.cwd, begun, kept=kept))
    if shell == b"bash" and options in (b"", b"-c"):
        return line
    return told(line, shell.decode(), tuple(_decode(options).split("\0")), home)


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class Connection(LineLog):
    """Takes one line through the gate: the log, the approver and the runner as this door sees them."""

    def __init__(
        self,
        sock: socket.socket,
        log: SqliteLog,
        approvers: Approvers,
        running: Running,
        handed: Handed,
        pid: int,
    ) -> None:
        """Keep the door's socket and process, and what it is served with."""
        self._sock, self._log, self._approvers = sock, log, approvers
        self._running, self._handed, self._pid = running, handed, pid
        self._record = 0
        self._opened: Opened | None = None
        self._approved = self._let_through = False

    def serve(
        self, line: CommandLine, asker: Asker, rules: RuleSet, world: World, *, observe: bool
    ) -> None:
        """Submit `line`, and tell the door what came of it."""
        # Requests are dated with the clock that goes on while the machine sleeps.
        gate = Gate(rules, self, clock_ns, second=Shfmt(), observe=observe)
        outcome: Outcome
        try:
            stopped = self._approvers.desk.stopped(asker.session)
            if stopped is not None:
                outcome = self._refuse_stopped(gate, line, asker, world, rules, stopped)
            elif known := self._came_back(gate, line, world):
                self._start(known)
                return
            elif mine := self._from_hook(gate, line, asker, rules, world):
                self._record = mine.record
                self._log.end(mine.record, self._start(mine))
                return
            else:
                self._world, self._rules = world, rules.digest
                outcome = gate.submit(line, asker, world, self, self)
        except _DoorGoneError:
            return
        except RunError as error:
            if self._record:
                self._log.end(self._record, Refused(error.status, error.lines()))
            return
        except InputError as error:
            self._approvers.alert("input", f"refused a line: {error.message}", pid=asker.pid)
            outcome = Refused(error.status, error.lines())
        except GateshError as error:
            self._approvers.note(error.message, "alert")
            outcome = Refused(error.status, error.lines())
        except Exception as error:  # noqa: BLE001  promise 3: what breaks here runs nothing
            outcome = self._broken(error, asker)
        if isinstance(outcome, Refused):
            text = outcome.message.encode("utf-8", "surrogateescape")
            wire.send(self._sock, b"refused", b"%d" % outcome.status, text)

    def _came_back(self, gate: Gate, line: CommandLine, world: World) -> Entry | None:
        """Return what is known of a line that is a part of one which runs above it; None of any other."""
        above = self._running.above(self._pid)
        if above is None or not above.holds(line):
            return None
        _, decision = gate.consider(line, world)
        return above.below(line) if above.take(line, decision) else None

    def _from_hook(
        self, gate: Gate, line: CommandLine, asker: Asker, rules: RuleSet, world: World
    ) -> Entry | None:
        """Return the record of a line that a hook has let through just now; None of any other."""
        if line.door is not Door.LINE or not self._handed.waits(asker.session):
            return None
        seen, decision = gate.consider(line, world)
        same = sameness(line, asker, seen, rules.digest, world)
        if same is None or decision.verdict is Verdict.DENY:
            return None
        asks = decision.verdict is Verdict.ASK
        mine = self._handed.take(same, decision.matches, asks=asks)
        return Entry(mine.record, line, mine.approved) if mine else None

    def _broken(self, error: Exception, asker: Asker) -> Refused:
        what = f"{type(error).__name__}: {error}"
        self._approvers.alert("defect", f"a line could not be decided on: {what}", pid=asker.pid)
        lines = GateshError(what, "this is a defect of gatesh, please report it").lines()
        refused = Refused(Exit.FAILED, lines)
        if self._record:
            with suppress(AuditError):  # it is refused either way, and the door is told
                self._log.end(self._record, refused)
        return refused

    def _refuse_stopped(
        self, gate: Gate, line: CommandLine, asker: Asker, world: World, rules: RuleSet, record: int
    ) -> Refused:
        """Refuse whatever a stopped session submits, harmless or not."""
        seen, decision = gate.consider(line, world)
        decision = Decision(Verdict.DENY, decision.matches, decision.unparsed, reason="stopped")
        number = self.begin(line, asker, seen, decision, rules.digest)
        answer = Answer(Answered.STOPPED, by=record)
        self.answer(number, answer)
        refused = policy.refusal(number, decision, answer, asker)
        self.end(number, refused)
        return refused

    # -- gate.AuditLog: the keeper's, remembering the number of this line's record ----------------------

    def begin(
        self, line: CommandLine, asker: Asker, seen: Inspection, decision: Decision, rules: str
    ) -> int:
        """Commit the begin row and keep its number."""
        self._approved = False
        self._record = self._log.begin(line, asker, seen, decision, rules)
        self._opened = Opened(self._record, line, asker, seen, decision)
        self._approvers.elevations.used(seen.elevations, self._record)
        left = policy.outside(decision)
        if left and decision.verdict is Verdict.DENY:  # there will be no card
            self._approvers.outside(self._record, left)
        return self._record

    def answer(self, record: int, answer: Answer) -> None:
        """Commit what a human, or nobody, said."""
        self._approved = answer.yes
        super().answer(record, answer)

    def end(self, record: int, outcome: Outcome) -> None:
        """Write the end row, where no shell may come that knows how it ends."""
        if not self._let_through:
            super().end(record, outcome)

    # -- gate.Approver ------------------------------------------------------------------------------------

    def ask(self, request: Request) -> Answer:
        """Tell the door that it waits, and block until there is an answer or the door is gone."""
        earlier = self._approvers.desk.earlier(request)
        if earlier:
            return earlier
        if not self._approvers.may_answer():
            return self._approvers.nobody()
        first = request.decision.matches[0]
        seconds = (request.expires_ns - request.created_ns) // 10**9
        text = f"gatesh: held [{first.rule}]: {first.say}\n"
        whom = "an answer at the keeper" if request.asker.person else "your human"
        text += f"gatesh: hint: waiting for {whom}; record {request.record}\n"
        try:
            wire.send(self._sock, b"held", text.encode("utf-8", "replace"), b"%d" % seconds)
        except OSError:
            return Answer(Answered.WITHDRAWN)
        return self._approvers.desk.ask(request, lambda: hung_up(self._sock))

    # -- gate.Runner --------------------------------------------------------------------------------------

    def run(self, line: CommandLine) -> Ran:
        """Let the door start bash, and wait for how it ended."""
        assert self._opened is not None  # it has begun
        approved = self._opened.decision.matches if self._approved else ()
        entry = Entry(self._record, line, approved)
        return self._hand(entry, self._opened) if line.door is Door.HOOK else self._start(entry)

    def _hand(self, entry: Entry, opened: Opened) -> Ran:
        """Let the hook's agent run it; its shell may be here before the hook has said that it was told."""
        same = sameness(opened.line, opened.asker, opened.seen, self._rules, self._world)
        if same:
            self._handed.add(entry.record, opened.asker.session, same, entry.approved)
        try:
            ran = self._start(entry)
        except BaseException:
            self._handed.forget(entry.record)
            raise
        self._let_through = same is not None
        return ran

    def _start(self, entry: Entry) -> Ran:
        key = self._running.add(self._pid, entry)
        try:
            wire.send(self._sock, b"run", b"%d" % entry.record)
            self._sock.settimeout(None)
            message = wire.receive(self._sock)
        except (OSError, wire.WireError) as error:
            raise _DoorGoneError from error
        finally:
            self._running.forget(key, entry)
        match message:
            case [b"ran", status, duration]:
                return Ran(_number(status, 0xFFFF), _number(duration, 1 << 62))
            case [b"handed"]:
                return Ran(None, 0)
            case [b"failed", why]:
                raise RunError(why[:1000].decode("utf-8", "replace"))
        raise _DoorGoneError


def _number(raw: bytes, most: int) -> int:
    """Return a number a door may send; raises _DoorGoneError where it is none."""
    if not raw.isdigit() or len(raw) > 20 or int(raw) > most:
        raise _DoorGoneError
    return int(raw)
