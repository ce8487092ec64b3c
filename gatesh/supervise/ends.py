"""How programs end: a pidfd of each that was let go, and the kernel asked for its exit status.

The status is known to parents alone, and to whoever holds a pidfd on a kernel that keeps it (6.15 and later,
PIDFD_GET_INFO); elsewhere the record says when it ended, not how.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import time

from gatesh.model import Ran
from gatesh.session import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, struct pidfd_info of 64 bytes)
_EXIT = 1 << 3  # given once the process has been reaped
_ASKED = struct.pack("=Q56x", _EXIT)


class Ends:
    """The programs that run, and the records that end with them: one process may have made several."""

    def __init__(self, poll: select.epoll, log_end: Callable[[int, Ran], None]) -> None:
        """Take the poll that the descriptors are registered with."""
        self._poll, self._log_end = poll, log_end
        self.fresh = False  # end rows were given since anybody set this to false
        # Where the kernel keeps the status, wait until it is there: the hang-up comes with the reaping.
        me = os.pidfd_open(os.getpid())
        self._events = 0 if _info(me) is not None else select.EPOLLIN
        os.close(me)
        self._pids: dict[int, int] = {}  # pid → pidfd
        self._running: dict[int, tuple[int, list[tuple[int, int]]]] = {}

    def know(self, pid: int) -> int:
        """Return the descriptor that is `pid`, whoever has that number later; raises OSError if it is dead."""
        return self._pids.get(pid) or os.pidfd_open(pid)

    def watch(self, pid: int, descriptor: int, record: int) -> None:
        """Write an end row for `record` when the process ends."""
        started = record, time.monotonic_ns()
        if self._pids.get(pid) == descriptor:
            self._running[descriptor][1].append(started)
            return
        self._poll.register(descriptor, self._events)
        self._pids[pid] = descriptor
        self._running[descriptor] = pid, [started]

    def ended(self, descriptor: int) -> int:
        """Write the end rows of a process that has ended, and return what its pid was."""
        self._poll.unregister(descriptor)
        pid, records = self._running.pop(descriptor)
        del self._pids[pid]
        status = _status(descriptor)
        os.close(descriptor)
        now = time.monotonic_ns()
        self.fresh = True
        for record, started in records:
            self._log_end(record, Ran(status, now - started))
        return pid

    def finish(self) -> None:
        """Write the end rows of what has ended since anybody looked."""
        for descriptor in list(self._running):
            if ready(descriptor, select.POLLIN):
                self.ended(descriptor)


def ready(descriptor: int, events: int, most_s: float = 0) -> bool:
    """Wait until one of some events has come; select(2) knows no descriptor beyond a thousand."""
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(poll.poll(most_s * 1000))


def parent(pid: int) -> int:
    """Return the parent of a process, or of the process that a thread belongs to; 0 where it is gone.

    Asked of a pidfd where the kernel answers there (6.13): the text in /proc takes ten times as long.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # a thread has none
        info = None
    else:
        info = _info(descriptor)
        os.close(descriptor)
    if info is None:
        found = process(pid)
        return found.ppid if found else 0
    return int.from_bytes(info[24:28], sys.byteorder)


def _status(descriptor: int) -> int | None:
    info = _info(descriptor)
    if info is None or not struct.unpack_from("=Q", info, 0)[0] & _EXIT:
        return None
    return int(struct.unpack_from("=i", info, 60)[0])


def _info(descriptor: int) -> bytes | None:
    try:
        return fcntl.ioctl(descriptor, _GET_INFO, _ASKED)
    except OSError:
        return None
