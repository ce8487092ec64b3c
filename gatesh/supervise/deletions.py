"""Calls that take files away: counted, and held once a command has spent its budget.

Here the call itself waits, so its program stands still in the middle: it has begun long ago, and nothing
else can be stopped. The others of the tree run on.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress

from gatesh.errors import GateshError
from gatesh.session import command_line
from gatesh.supervise.budget import HOLD, Budget, question
from gatesh.supervise.image import process_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.gate import Approver
    from gatesh.model import Asker, Refused
    from gatesh.supervise.budget import Spent
    from gatesh.supervise.covered import Place
    from gatesh.supervise.judge import Judge
    from gatesh.supervise.listener import Call, Listener


class Deletions:
    """The deletions of one tree; `counted` and `look` belong to the thread of the listener."""

    def __init__(
        self,
        budget: Budget,
        mode: str,
        judge: Judge,
        asker: Asker,
        approver: Callable[[threading.Event], Approver],
        say: Callable[[int, str], None],
        alert: Callable[[str, str, int], None],
    ) -> None:
        """Take the parts; `say` writes to a program's stderr."""
        self._budget, self._mode, self._judge, self._asker = budget, mode, judge, asker
        self._approver, self._say, self._alert = approver, say, alert
        self._waiting: dict[int, tuple[threading.Event, list[Call]]] = {}
        self._refused: set[int] = (
            set()
        )  # commands; of the agent, whose budget comes back, processes
        self._lock = threading.Lock()
        self.counts = budget.counts

    def counted(self, call: Call, above: Callable[[int], Place], listener: Listener) -> None:
        """Answer a call: at once, or when somebody has; `above` tells where its thread belongs."""
        path, cost = self._budget.cost(call)
        if not cost:
            listener.go_on(call)
            return
        place = above(call.tid)
        whose = place.line or -_process(call.tid)
        with self._lock:
            if whose in self._refused:
                listener.fail(call, errno.EPERM)
                return
            if whose in self._waiting:
                self._waiting[whose][1].append(call)
                return
            spent = self._budget.spend(call.tid, path, cost, place)
            if spent is None or self._mode != HOLD:
                listener.go_on(call)
            else:
                self._waiting[whose] = threading.Event(), [call]
                words = (call, place, spent, listener, whose)
                threading.Thread(
                    target=self._ask, args=words, name="deletions", daemon=True
                ).start()
                return
        if spent is not None:
            self._alert("deletions", f"{spent.count} files taken away, now {spent.path}", call.tid)
            self._budget.allow(place)

    def look(self, listener: Listener) -> None:
        """Withdraw the questions of callers that are gone."""
        with self._lock:
            for gone, calls in self._waiting.values():
                if not any(listener.waits(call) for call in calls):
                    gone.set()

    def _ask(self, call: Call, place: Place, spent: Spent, listener: Listener, whose: int) -> None:
        gone = self._waiting[whose][0]
        refused: Refused | None = None
        yes = False
        try:
            cwd = ""
            with suppress(OSError):
                cwd = os.readlink(f"/proc/{call.tid}/cwd")
            held = question(spent, self._budget.most, self._asker, command_line(call.tid), cwd)
            refused = self._judge.hold(held, call.tid, place.record, self._approver(gone))
            yes = refused is None
        except GateshError as error:
            self._alert("deletions", error.message, call.tid)
        if refused is not None:
            with suppress(OSError):
                self._say(process_of(call.tid), refused.message)
        with self._lock:
            _, calls = self._waiting.pop(whose)
            if yes:
                self._budget.allow(place)
            else:
                self._refused.add(whose)
            for each in calls:
                if yes:
                    listener.go_on(each)
                else:
                    listener.fail(each, errno.EPERM)


def _process(tid: int) -> int:
    try:
        return process_of(tid)
    except OSError:
        return tid
