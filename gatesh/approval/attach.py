"""The approvers of one keeper: who is attached, what each is shown, whose answer counts.

    approver → keeper    attach VERSION
                         pin PIN                    after `pin`
                         answer ID TYPED PIN · reject ID COMMENT · stop ID · overview
                         elevate SESSION CLASSES TARGET SECONDS
    keeper → approver    code CODE                  show it: a person types it at an attached approver
                         pin                        nobody is attached: the PIN pairs
                         paired NAME · refused WHY · locked WHY
                         card PROBLEM …             card.to_fields; replaces the card with the same id
                         gone ID HOW · note STYLE TEXT · status TEXT

An approver that is not paired gets nothing but its code: no card, no count. A word belongs to one card of
one approver and is burned by the first answer; whatever is not believed is recorded.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from gatesh import wire
from gatesh.approval import peer
from gatesh.approval.card import Line
from gatesh.approval.elevating import Elevating, wanted_of
from gatesh.approval.elevations import Elevations
from gatesh.approval.overview import Overview, items
from gatesh.approval.pairing import Pairing
from gatesh.approval.pending import LATE_S, Desk
from gatesh.approval.questions import HeldLine, Loosening, NewTerminal
from gatesh.approval.seat import Seat
from gatesh.errors import AuditError
from gatesh.model import Answer, Answered, Assurance, Request
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from gatesh.approval.pin import Pin
    from gatesh.approval.questions import Question
    from gatesh.model import Match

    class Log(Protocol):
        """What of the audit log is used here."""

        def alert(
            self, kind: str, text: str, *, session: str = "", pid: int = 0, uid: int | None = None
        ) -> None:
            """Write down something that was refused."""

        def elevation(
            self, session: str, classes: str, target: str, until_ns: int, who: str, assurance: str
        ) -> int:
            """Commit that an elevation is given and return its number; raises AuditError."""

        def elevation_end(self, number: int, how: str, who: str) -> None:
            """Write how an elevation ended; raises AuditError."""

        def refused_answer(self, record: int, who: str, how: str, why: str) -> None:
            """Write down an answer that was not believed."""


_CALM = {"outside": "alert"}  # what rings once
_LASTS = {
    Answered.REJECTED: "also when it is submitted again",
    Answered.STOPPED: "and the whole session",
}


class Approvers:
    """Everybody who may answer. It watches the desk, and shows what waits to all that are attached."""

    def __init__(
        self,
        log: Log,
        clock_ns: Callable[[], int],
        *,
        pin: Pin | None = None,
        late_s: float = LATE_S,
        sessions: Callable[[], Mapping[str, str]] = dict,
        hint: str = "",
        limits: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Make the desk; `sessions` are those that are alive, with their names.

        `hint` is what an asker is told to do where nobody can answer; `limits` says what a session is held to.
        """
        self._limits = limits
        self._hint = hint
        self._log = log
        self._pin = pin
        self._sessions = sessions
        self._lock = threading.Lock()
        self._seats: list[Seat] = []
        self._questions: dict[str, Question] = {}
        self._notes: deque[tuple[str, str, str]] = deque(maxlen=20)
        self._number = 0
        self._pairing = Pairing(self, pin)
        self.desk = Desk(clock_ns, self, late_s)
        self.elevations = Elevations(log, self.alert, clock_ns)

    # -- what the keeper and the desk say ----------------------------------------------------------

    def held(self, request: Request, late_until_ns: int) -> None:
        """Show a request; `late_until_ns` as in pending.Watcher."""
        session = request.asker.session
        elevated = lambda: self.elevations.of(session)  # noqa: E731
        self.open(HeldLine(self.desk, request, late_until_ns, elevated))

    def closed(self, request: Request, answer: Answer) -> None:
        """Take a request off the screens."""
        how = answer.answered.value + (f" by {answer.approver}" if answer.approver else "")
        lasts = answer.why or _LASTS.get(answer.answered, "")
        self.shut(str(request.record), how + (f" ({lasts}; S takes it back)" if lasts else ""))

    def loosening(self, sentences: list[str], confirm: Callable[[str], None]) -> str:
        """Ask whether what loosens may become active; return the question's id."""
        question = Loosening(self.number(), sentences, confirm)
        self.open(question)
        return question.id

    def note(self, text: str, style: str = "note") -> None:
        """Say something at every approver."""
        text = printable(text)
        with self._lock:
            # Who comes later is told when it was, and not called.
            self._notes.append((_CALM.get(style, style), text, time.strftime("%H:%M:%S")))
            for seat in self._seats:
                seat.tell("note", style, text)

    def alert(
        self, kind: str, text: str, *, session: str = "", pid: int = 0, uid: int | None = None
    ) -> None:
        """Record what was refused, and say it at every approver."""
        try:
            self._log.alert(kind, text, session=session, pid=pid, uid=uid)
        except AuditError as error:
            self.note(f"this could not be recorded: {error.message}", "alert")
        self.note(text, "alert")

    def outside(self, record: int, found: Match) -> None:
        """Say at every approver, as loud as a card, that a line left its scope and was refused."""
        self.note(f"record {record} refused [{found.rule}]: {found.say}", "outside")

    def say_status(self) -> None:
        """Tell everybody how many sessions there are and what waits."""
        with self._lock:
            self._say_status()

    def attached(self) -> int:
        """Return how many approvers are attached."""
        with self._lock:
            return len(self._seats)

    @property
    def asks_pin(self) -> bool:
        """Claim that an approval takes a PIN."""
        return self._pin is not None

    def may_answer(self) -> bool:
        """Claim that somebody is attached, or that a person with the PIN could attach."""
        return self.attached() > 0 or self._pin is not None

    def nobody(self) -> Answer:
        """Return the answer where nobody can be asked."""
        return Answer(Answered.NOBODY, why="no approver is there", hint=self._hint)

    def _say_status(self) -> None:
        sessions, waiting = len(self._sessions()), len(self._questions)
        text = f"{sessions} session{'' if sessions == 1 else 's'}, "
        text += f"{waiting} waiting" if waiting else "nothing waits"
        for seat in self._seats:
            seat.tell("status", text)

    def number(self) -> int:
        """Return a number no other question has."""
        with self._lock:
            self._number += 1
            return self._number

    def open(self, question: Question) -> None:
        """Put a question before everybody."""
        with self._lock:
            self._questions[question.id] = question
            for seat in self._seats:
                seat.show(question)
            self._say_status()

    def shut(self, id_: str, how: str) -> None:
        """Take a question off the screens, and say how it ended."""
        with self._lock:
            if self._questions.pop(id_, None) is None:
                return
            for seat in self._seats:
                seat.words.pop(id_, None)
                seat.send("gone", id_, how)
            self._say_status()

    # -- attaching -----------------------------------------------------------------------------------

    def attach_own(self, sock: socket.socket, name: str) -> None:
        """Serve the terminal the keeper was started on; blocks until it is gone."""
        self._serve(Seat(sock, name, os.getpid(), pin=self._pin is not None))

    def own_terminal(self, sock: socket.socket, pid: int) -> Callable[[], None]:
        """Attach the terminal that the process `pid` holds for this keeper; return what serves it.

        From here on somebody may answer. It proves more than a word where nothing but a person can type there.
        """
        seat = Seat(sock, peer.name_of(pid), pid, pin=self._pin is not None)
        why = peer.reach(pid)
        seat.assurance = Assurance.A0 if why else Assurance.A1
        level = f"level     A0: {why}" if why else "level     A1: nothing but you can type here"
        seat.level = (Line("field", level),)
        self._sit(seat)
        return lambda: self._serve_seated(seat)

    def attach(self, sock: socket.socket, pid: int, roots: frozenset[tuple[int, int]]) -> None:
        """Serve another terminal if it may approve; blocks until it is gone.

        The caller has checked that it is the same user. `roots` are the sessions seen so far.
        """
        name = peer.name_of(pid)
        why = peer.objection(pid, roots) or self._pairing.admit(sock, pid, name, self.attached())
        if why:
            self.alert(
                "approver-refused", f"{name} may not approve: {why} ({peer.lineage(pid)})", pid=pid
            )
            wire.send(sock, b"refused", why.encode("utf-8", "replace"))
            return
        self.note(f"{name} is attached")
        self._serve(Seat(sock, name, pid, pin=self._pin is not None))

    # -- one approver ----------------------------------------------------------------------------------

    def _serve(self, seat: Seat) -> None:
        self._sit(seat)
        self._serve_seated(seat)

    def _sit(self, seat: Seat) -> None:
        seat.sock.settimeout(None)
        with self._lock:
            seat.send("paired", seat.name)
            for said in self._notes:
                seat.tell("note", *said)
            for question in self._questions.values():
                seat.show(question)
            self._seats.append(seat)
            self._say_status()

    def _serve_seated(self, seat: Seat) -> None:
        writer = threading.Thread(target=seat.write, name=f"to {seat.name}", daemon=True)
        writer.start()
        try:
            while seat in self._seats:
                self._take(seat, wire.receive(seat.sock))
        except wire.WireError:
            pass  # it is gone, or talks nonsense
        finally:
            with self._lock:
                if seat in self._seats:
                    self._seats.remove(seat)
            seat.finish()
            writer.join(1.0)  # what is queued still goes out
            seat.close()
            writer.join()
            seat.sock.close()

    def _take(self, seat: Seat, message: list[bytes]) -> None:
        try:
            self._answered(seat, message)
        except wire.WireError:
            raise
        except Exception as error:  # noqa: BLE001  one bad answer must not cost the person their screen
            self.note(f"an answer failed: {type(error).__name__}: {error}", "alert")

    def _answered(self, seat: Seat, message: list[bytes]) -> None:
        words = [field.decode("utf-8", "replace") for field in message]
        with self._lock:
            both = seat.own | self._questions
            question = both.get(words[1]) if len(words) > 1 else None
        match words:
            case ["answer", id_, typed, pin]:
                why = self._yes(seat, question, id_, typed, pin)
            case ["reject", id_, comment]:
                why = question.no(comment, seat.name, Assurance.A0) if question else "it is gone"
                self._shut_if_not_held(seat, question, "refused")
            case ["stop", id_]:
                why = self._stop(seat, question)
            case ["overview"]:
                self._overview(seat)
                return
            case ["elevate", session, classes, target, seconds]:
                self._elevate(seat, session, classes, target, seconds)
                return
            case _:
                raise wire.WireError("it sent an unknown message")
        if why:
            self._disbelieve(seat, question, id_, words[0], why)

    def _yes(self, seat: Seat, question: Question | None, id_: str, typed: str, pin: str) -> str:
        """Take an approval; return why it does not count, or an empty string."""
        word = seat.words.pop(id_, "")  # INVARIANT: a word counts once, right or wrong
        if question is None:
            return "it does not wait any more"
        objection = question.objection(typed, word)
        if objection:
            if question.wrong():
                seat.show(question, self._code_typed(typed) or objection)
            return "wrong word"
        if self._pin and not self._pin.proves(pin, str(id(seat))):
            return self._wrong_pin(seat, question, self._pin)
        why = question.yes(typed, seat.name, seat.assurance)
        if not why:
            self._shut_if_not_held(seat, question, "confirmed")
        elif question.id in self._questions or question.id in seat.own:
            seat.show(question, why)  # "a critical one is approved once": it still waits
        return why

    def _wrong_pin(self, seat: Seat, question: Question, pin: Pin) -> str:
        if not pin.locked(str(id(seat))):
            seat.show(question, f"wrong PIN; {pin.left(str(id(seat)))} left")
            return "wrong PIN"
        with self._lock:
            if seat in self._seats:
                self._seats.remove(seat)
        seat.send("locked", "too many wrong PINs: this terminal cannot answer any more")
        self.alert("approver-locked", f"{seat.name} is locked: too many wrong PINs")
        return "wrong PIN, locked"

    def _stop(self, seat: Seat, question: Question | None) -> str:
        if question is None or not question.record:
            return "it is gone"
        return self.desk.stop(question.record, seat.name, Assurance.A0)

    def _code_typed(self, typed: str) -> str:
        """Return what to say where a new terminal's code was typed at another card."""
        with self._lock:
            waiting = [q for q in self._questions.values() if isinstance(q, NewTerminal)]
        found = any(not question.objection(typed, "") for question in waiting)
        return "that is a terminal's code: Tab goes to its card" if found else ""

    def _overview(self, seat: Seat) -> None:
        """Show one approver what there is to stop and to take back."""
        found = items(self.desk, self._sessions(), self.elevations)
        if not found:
            seat.send("note", "note", "no session is there, and nothing you decided lasts")
            return
        question = Overview(found, lambda text: self.alert("overview", text))
        seat.own[question.id] = question
        seat.show(question)

    def _elevate(self, seat: Seat, session: str, classes: str, target: str, seconds: str) -> None:
        """Show one approver what it wants to lift: only its word does it."""
        name = self._sessions().get(session, "")
        wanted = wanted_of(session, name, self._limits(session), classes, target, seconds)
        if isinstance(wanted, str):
            seat.send("refused", wanted)
            return
        question = Elevating(wanted, self.elevations)
        seat.own[question.id] = question
        seat.show(question)

    def _shut_if_not_held(self, seat: Seat, question: Question | None, how: str) -> None:
        """Close what the desk does not close itself."""
        if question is None or question.record:
            return
        if seat.own.pop(question.id, None):
            seat.send("gone", question.id, question.closing)
        else:
            self.shut(question.id, how)

    def _disbelieve(
        self, seat: Seat, question: Question | None, id_: str, how: str, why: str
    ) -> None:
        record = question.record if question else int(id_[:15]) if id_[:15].isdecimal() else 0
        try:
            if record:
                self._log.refused_answer(record, seat.name, how, why)
            else:
                self._log.alert("answer-refused", f"{seat.name}: {how} for {id_[:40]}: {why}")
        except AuditError as error:
            self.note(f"this could not be recorded: {error.message}", "alert")
        if question is None:
            seat.send("gone", id_, why)
