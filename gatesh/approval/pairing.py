"""Pairing: how another terminal becomes an approver.

A person types the code that the new terminal shows at one that is attached; where none is, the keeper's
PIN does. What is turned away makes everybody wait a little longer: an agent that asks again and again
must not wear the person out.
"""

from __future__ import annotations

import select
import threading
import time

from gatesh import wire
from gatesh.approval.peer import lineage
from gatesh.approval.questions import NewTerminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Protocol

    from gatesh.approval.pin import Pin
    from gatesh.approval.questions import Question

    class Board(Protocol):
        """Where questions are put before the approvers that are attached."""

        def number(self) -> int:
            """Return a number no other question has."""

        def open(self, question: Question) -> None:
            """Put a question before everybody."""

        def shut(self, id_: str, how: str) -> None:
            """Take it off the screens."""


PAIRING_S = 120.0
MOST_AT_ONCE = 3
MOST_ATTACHED = 8
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 600.0
_NOBODY_PAIRED = "unpaired"  # counts the PIN errors of all that are not paired


def hung_up(sock: socket.socket) -> bool:
    """Claim that the other end has closed or shut down, without reading."""
    watch = select.poll()
    watch.register(sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    return bool(watch.poll(0))


class Pairing:
    """Lets terminals in, a few at a time."""

    def __init__(self, board: Board, pin: Pin | None) -> None:
        """Keep where to ask, and the PIN."""
        self._board, self._pin = board, pin
        self._lock = threading.Lock()
        self._asking = 0
        self._pause_s = _FIRST_PAUSE_S
        self._not_before_s = float("-inf")

    def admit(self, sock: socket.socket, pid: int, name: str, attached: int) -> str:
        """Return why a terminal may not approve, or an empty string; blocks until that is known."""
        if attached >= MOST_ATTACHED:
            return "too many approvers are attached"
        if not attached and not self._pin:
            return "no approver is attached that could vouch for it, and the keeper has no PIN"
        with self._lock:
            if time.monotonic() < self._not_before_s:
                return "another was turned away a moment ago; wait a little"
            if self._asking >= MOST_AT_ONCE:
                return "other terminals wait to be paired already"
            self._asking += 1
        try:
            if attached:
                return self._by_code(sock, NewTerminal(self._board.number(), name, lineage(pid)))
            assert self._pin is not None
            return self._by_pin(sock, self._pin)
        finally:
            with self._lock:
                self._asking -= 1

    def _by_code(self, sock: socket.socket, question: NewTerminal) -> str:
        wire.send(sock, b"code", question.code.encode())
        self._board.open(question)
        until = time.monotonic() + PAIRING_S
        while not question.settled.wait(0.2):
            if hung_up(sock) or time.monotonic() > until:
                break
        accepted = question.accepted
        self._board.shut(question.id, f"paired by {question.by}" if accepted else "not paired")
        self._settle(accepted)
        if accepted:
            return ""
        settled = question.settled.is_set()
        return "its code was not typed" if settled else "nobody typed its code in time"

    def _settle(self, accepted: bool) -> None:
        with self._lock:
            if accepted:
                self._pause_s = _FIRST_PAUSE_S
                return
            self._not_before_s = time.monotonic() + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def _by_pin(self, sock: socket.socket, pin: Pin) -> str:
        sock.settimeout(PAIRING_S)
        while not pin.locked(_NOBODY_PAIRED):
            wire.send(sock, b"pin")
            message = wire.receive(sock)
            if len(message) != 2 or message[0] != b"pin":
                raise wire.WireError("no PIN")
            if pin.proves(message[1].decode("utf-8", "surrogateescape"), _NOBODY_PAIRED):
                return ""
        return "too many wrong PINs; start the keeper again"
