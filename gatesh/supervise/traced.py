"""ptrace alone, where the kernel gives us no listener: the whole tree is traced from its first program on.

    fork, clone → traced too;  exec → stop, decide, go on;  a call that a filter tells of → stop, answer

A filter without a listener still refuses what the one with it refuses, and stops the calls that are counted; it
also keeps everything inside (no clone that is not traced). Without any filter that is what is missing. Every
signal and every thread costs two stops, and no debugger works inside.
"""

from __future__ import annotations

import os
from collections import deque

from gatesh.supervise import tracee
from gatesh.supervise.listener import Call, Listener
from gatesh.supervise.supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.supervise.tracee import Stop


class Stops(Listener):
    """What a listener is for notifications: the calls that wait, and what can be said about them.

    Answers may come from any thread; ptrace belongs to one, which is woken over `descriptor`.
    """

    def __init__(self) -> None:
        """Nothing waits yet."""
        super().__init__(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
        self._waiting: dict[int, int] = {}  # tid → id of its call
        self._answers: deque[tuple[Call, int]] = deque()
        self._last = 0

    def stopped(self, tid: int) -> Call:
        """Return the call at which a thread stands; raises OSError."""
        arch, number, arguments = tracee.call_of(tid)
        self._last += 1
        self._waiting[tid] = self._last
        return Call(self._last, tid, number, arch, arguments)

    def go_on(self, call: Call) -> bool:
        """Let the kernel make the call."""
        return self.fail(call, 0)

    def fail(self, call: Call, number: int) -> bool:
        """Let the call fail with an error number; False where nobody waits any more."""
        if not self.waits(call):
            return False
        self._answers.append((call, number))
        os.eventfd_write(self.descriptor, 1)
        return True

    def waits(self, call: Call) -> bool:
        """Claim that the caller still waits."""
        return self._waiting.get(call.tid) == call.id

    def forget(self, tid: int) -> None:
        """Take note that a thread is gone."""
        self._waiting.pop(tid, None)

    def answer(self) -> None:
        """Do what was said: in the thread that traces."""
        while self._answers:
            call, number = self._answers.popleft()
            if self._waiting.get(call.tid) != call.id:
                continue
            del self._waiting[call.tid]
            if number:
                tracee.fail_call(call.tid, number)
            else:
                tracee.go_on(call.tid)


class Traced(Supervisor):
    """Serves a tree by ptrace alone; `listener` must be Stops."""

    _listener: Stops

    def _notified(self) -> None:
        os.eventfd_read(self._listener.descriptor)
        self._listener.answer()

    def _stopped(self, pid: int, stop: Stop) -> None:
        if stop.new_program:
            self._listener.forget(tracee.former(pid))
            self._arrived(pid)
        elif stop.call:
            try:
                call = self._listener.stopped(pid)
            except OSError:
                tracee.kill(pid)  # nobody knows what it would do
                return
            self._called(call)
            self._listener.answer()
        elif stop.by_signal:
            tracee.pass_on(pid, stop)
            if pid == self._agent:
                self._agent_stopped()
        else:
            tracee.go_on(pid, 0 if stop.event else stop.signal)

    def _gone(self, pid: int, status: int) -> None:
        self._listener.forget(pid)
        super()._gone(pid, status)

    def _release(self, pid: int) -> None:
        tracee.go_on(pid)
