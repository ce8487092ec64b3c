"""One paired approver as the keeper knows it: its socket, its name, the words on its cards."""

from __future__ import annotations

import queue

from gatesh import wire
from gatesh.approval import peer
from gatesh.approval.card import Line, to_fields
from gatesh.approval.word import fresh_word
from gatesh.model import Assurance

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gatesh.approval.questions import Question

_MOST_WAITING = 4096  # messages for an approver that does not read them


class Seat:
    """One paired approver: its socket, its name, and the words on its cards."""

    def __init__(self, sock: socket.socket, name: str, pid: int, *, pin: bool) -> None:
        self.sock = sock
        self.name = name
        self.pin = pin
        # A PIN that others of this user can read along proves no more than a word.
        self.assurance = Assurance.A1 if pin and not peer.within_reach(pid) else Assurance.A0
        self.level: tuple[
            Line, ...
        ] = ()  # what its cards say of how far its answers can be trusted
        self.words: dict[str, str] = {}
        self.own: dict[str, Question] = {}  # shown to this one only: its overview
        self._outbox: queue.SimpleQueue[Callable[[], list[bytes]] | None] = queue.SimpleQueue()

    def send(self, *fields: bytes | str) -> None:
        """Queue a message; never blocks."""
        message = [f if isinstance(f, bytes) else f.encode("utf-8", "replace") for f in fields]
        self._queue(lambda: message)

    def show(self, question: Question, problem: str = "") -> None:
        """Queue a card, with a fresh word of its own."""

        def message() -> list[bytes]:
            word = fresh_word()
            card = question.card(word, pin=self.pin)
            shown = to_fields(card.but(body=(*card.body, *self.level)))
            self.words[question.id] = word
            return [b"card", problem.encode(), *shown]

        self._queue(message)

    def _queue(self, message: Callable[[], list[bytes]]) -> None:
        if self._outbox.qsize() < _MOST_WAITING:
            self._outbox.put(message)
        else:
            self.close()

    def tell(self, *fields: str) -> None:
        """Queue a message that may be lost: where many wait already, this one says nothing new."""
        if self._outbox.qsize() < _MOST_WAITING // 4:
            self.send(*fields)

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
