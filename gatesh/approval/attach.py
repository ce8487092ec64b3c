"""The approvers of one keeper: who is attached, what each is shown, whose answer counts.

    approver → keeper    attach VERSION
                         pin PIN                    after `pin`
                         answer ID TYPED PIN · reject ID COMMENT · stop ID
    keeper → approver    code CODE                  show it: a person types it at an attached approver
                         pin                        nobody is attached: the PIN pairs
                         paired NAME · refused WHY · locked WHY
                         card PROBLEM …             card.to_fields; replaces the card with the same id
                         gone ID HOW · note STYLE TEXT · status TEXT

An approver that is not paired gets nothing but its code: no card, no count. A word belongs to one card of
one approver and is burned by the first answer; whatever is not believed is recorded.
"""

from __future__ import annotations

import queue
import threading
from collections import deque

from gatesh import wire
from gatesh.approval import peer
from gatesh.approval.card import to_fields
from gatesh.approval.pairing import Pairing
from gatesh.approval.pending import LATE_S, Desk
from gatesh.approval.questions import HeldLine, Loosening
from gatesh.approval.word import fresh_word
from gatesh.errors import AuditError
from gatesh.model import Answer, Assurance, Request
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Protocol

    from gatesh.approval.pin import Pin
    from gatesh.approval.questions import Question

    class Log(Protocol):
        """What of the audit log is used here."""

        def alert(
            self, kind: str, text: str, *, session: str = "", pid: int = 0, uid: int | None = None
        ) -> None:
            """Write down something that was refused."""

        def refused_answer(self, record: int, who: str, how: str, why: str) -> None:
            """Write down an answer that was not believed."""


_MOST_WAITING = 4096  # messages for an approver that does not read them


class _Seat:
    """One paired approver: its socket, its name, and the words on its cards."""

    def __init__(self, sock: socket.socket, name: str, *, pin: bool) -> None:
        self.sock = sock
        self.name = name
        self.pin = pin
        self.words: dict[str, str] = {}
        self._outbox: queue.SimpleQueue[Callable[[], list[bytes]] | None] = queue.SimpleQueue()

    def send(self, *fields: bytes | str) -> None:
        """Queue a message; never blocks."""
        message = [f if isinstance(f, bytes) else f.encode("utf-8", "replace") for f in fields]
        self._queue(lambda: message)

    def show(self, question: Question, problem: str = "") -> None:
        """Queue a card, with a fresh word of its own."""

        def message() -> list[bytes]:
            word = fresh_word()
            shown = to_fields(question.card(word, pin=self.pin))
            self.words[question.id] = word
            return [b"card", problem.encode(), *shown]

        self._queue(message)

    def _queue(self, message: Callable[[], list[bytes]]) -> None:
        if self._outbox.qsize() < _MOST_WAITING:
            self._outbox.put(message)
        else:
            self.close()

    def write(self) -> None:
        """Send what is queued until the approver is gone."""
        while (message := self._outbox.get()) is not None:
            try:
                wire.send(self.sock, *message())
            except OSError:
                self.close()
                return
            except Exception as error:  # noqa: BLE001  one bad card must not silence the others
                self.send("note", "alert", f"a card cannot be shown: {type(error).__name__}")

    def finish(self) -> None:
        """End the writer when it has sent what is queued."""
        self._outbox.put(None)

    def close(self) -> None:
        """End the connection; its reader and its writer end too."""
        self.finish()
        try:
            self.sock.shutdown(2)
        except OSError:
            return


class Approvers:
    """Everybody who may answer. It watches the desk, and shows what waits to all that are attached."""

    def __init__(
        self,
        log: Log,
        clock_ns: Callable[[], int],
        *,
        pin: Pin | None = None,
        late_s: float = LATE_S,
        sessions: Callable[[], int] = lambda: 0,
    ) -> None:
        """Make the desk; `sessions` counts those that are alive."""
        self._log = log
        self._pin = pin
        self._sessions = sessions
        self._lock = threading.Lock()
        self._seats: list[_Seat] = []
        self._questions: dict[str, Question] = {}
        self._notes: deque[tuple[str, str]] = deque(maxlen=20)
        self._number = 0
        self._pairing = Pairing(self, pin)
        self.desk = Desk(clock_ns, self, late_s)

    # -- what the keeper and the desk say ----------------------------------------------------------

    def held(self, request: Request, late_until_ns: int) -> None:
        """Show a request; `late_until_ns` as in pending.Watcher."""
        self.open(HeldLine(self.desk, request, late_until_ns))

    def closed(self, request: Request, answer: Answer) -> None:
        """Take a request off the screens."""
        how = answer.answered.value + (f" by {answer.approver}" if answer.approver else "")
        self.shut(str(request.record), how)

    def loosening(self, sentences: list[str], confirm: Callable[[str], None]) -> str:
        """Ask whether what loosens may become active; return the question's id."""
        question = Loosening(self.number(), sentences, confirm)
        self.open(question)
        return question.id

    def note(self, text: str, style: str = "note") -> None:
        """Say something at every approver."""
        text = printable(text)
        with self._lock:
            self._notes.append((style, text))
            for seat in self._seats:
                seat.send("note", style, text)

    def alert(self, kind: str, text: str, *, pid: int = 0, uid: int | None = None) -> None:
        """Record what was refused, and say it at every approver."""
        try:
            self._log.alert(kind, text, pid=pid, uid=uid)
        except AuditError as error:
            self.note(f"this could not be recorded: {error.message}", "alert")
        self.note(text, "alert")

    def say_status(self) -> None:
        """Tell everybody how many sessions there are and what waits."""
        with self._lock:
            self._say_status()

    def attached(self) -> int:
        """Return how many approvers are attached."""
        with self._lock:
            return len(self._seats)

    def _say_status(self) -> None:
        sessions, waiting = self._sessions(), len(self._questions)
        text = f"{sessions} session{'' if sessions == 1 else 's'}, "
        text += f"{waiting} waiting" if waiting else "nothing waits"
        for seat in self._seats:
            seat.send("status", text)

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
        self._serve(_Seat(sock, name, pin=self._pin is not None))

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
        self._serve(_Seat(sock, name, pin=self._pin is not None))

    # -- one approver ----------------------------------------------------------------------------------

    def _serve(self, seat: _Seat) -> None:
        seat.sock.settimeout(None)
        with self._lock:
            seat.send("paired", seat.name)
            for style, text in self._notes:
                seat.send("note", style, text)
            for question in self._questions.values():
                seat.show(question)
            self._seats.append(seat)
            self._say_status()
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

    def _take(self, seat: _Seat, message: list[bytes]) -> None:
        try:
            self._answered(seat, message)
        except wire.WireError:
            raise
        except Exception as error:  # noqa: BLE001  one bad answer must not cost the person their screen
            self.note(f"an answer failed: {type(error).__name__}: {error}", "alert")

    def _answered(self, seat: _Seat, message: list[bytes]) -> None:
        words = [field.decode("utf-8", "replace") for field in message]
        with self._lock:
            question = self._questions.get(words[1]) if len(words) > 1 else None
        match words:
            case ["answer", id_, typed, pin]:
                why = self._yes(seat, question, id_, typed, pin)
            case ["reject", id_, comment]:
                why = question.no(comment, seat.name, Assurance.A0) if question else "it is gone"
                self._shut_if_not_held(question, "refused")
            case ["stop", id_]:
                why = self._stop(seat, question)
            case _:
                raise wire.WireError("it sent an unknown message")
        if why:
            self._disbelieve(seat, question, id_, words[0], why)

    def _yes(self, seat: _Seat, question: Question | None, id_: str, typed: str, pin: str) -> str:
        """Take an approval; return why it does not count, or an empty string."""
        word = seat.words.pop(id_, "")  # INVARIANT: a word counts once, right or wrong
        if question is None:
            return "it does not wait any more"
        if not question.reads(typed, word):
            if question.wrong():
                seat.show(question, "that was not the word")
            return "wrong word"
        if self._pin and not self._pin.proves(pin, str(id(seat))):
            return self._wrong_pin(seat, question, self._pin)
        assurance = Assurance.A1 if self._pin else Assurance.A0
        why = question.yes(typed, seat.name, assurance)
        if not why:
            self._shut_if_not_held(question, "confirmed")
        return why

    def _wrong_pin(self, seat: _Seat, question: Question, pin: Pin) -> str:
        if not pin.locked(str(id(seat))):
            seat.show(question, f"wrong PIN; {pin.left(str(id(seat)))} left")
            return "wrong PIN"
        with self._lock:
            if seat in self._seats:
                self._seats.remove(seat)
        seat.send("locked", "too many wrong PINs: this terminal cannot answer any more")
        self.alert("approver-locked", f"{seat.name} is locked: too many wrong PINs")
        return "wrong PIN, locked"

    def _stop(self, seat: _Seat, question: Question | None) -> str:
        if question is None or not question.record:
            return "it is gone"
        return self.desk.stop(question.record, seat.name, Assurance.A0)

    def _shut_if_not_held(self, question: Question | None, how: str) -> None:
        """Close what the desk does not close itself."""
        if question is not None and not question.record:
            self.shut(question.id, how)

    def _disbelieve(
        self, seat: _Seat, question: Question | None, id_: str, how: str, why: str
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
