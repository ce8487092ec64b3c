"""The listener of the filter: system calls of the tree that wait for an answer (seccomp_unotify(2)).

A caller stands still from its call to the answer. Linux 6.6 and later wake whoever waits for the other on the
very processor where that other one goes to sleep, if they are told so: it need not be woken from its own sleep
then. A step along PATH that fails takes 16 µs so, and 64 otherwise. A call that goes on runs beside us instead.
"""

from __future__ import annotations

import errno
import fcntl
import struct

from gatesh._value import Value

_RECEIVE, _SEND, _STILL_THERE = 0xC0502100, 0xC0182101, 0x40082102
_ADD, _AND_ANSWER = 0x40182103, 1 << 1
_SET_FLAGS, _WAKE_HERE = 0x40082104, 1  # SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
_CONTINUE = 1
_NOTICE = struct.Struct("=QIIiIQ6Q")  # id pid flags nr arch ip args[6]
_ANSWER = struct.Struct("=QqiI")
_ADDED = struct.Struct("=QIIII")  # id flags srcfd newfd newfd_flags


class Call(Value):
    """A system call that waits: `tid` is the thread that makes it."""

    id: int
    tid: int
    number: int
    arch: int
    arguments: tuple[int, ...]


class Listener:
    """The descriptor, and what can be said over it. A caller that died in the meantime is no error."""

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor."""
        self.descriptor = descriptor
        self._buffer = bytearray(_NOTICE.size)
        self._wakes_here = True
        self._wake(here=True)

    def receive(self) -> Call | None:
        """Return the next call; None where its caller is gone already."""
        self._buffer[:] = bytes(_NOTICE.size)  # the kernel wants zeros
        try:
            fcntl.ioctl(self.descriptor, _RECEIVE, self._buffer)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                return None
            raise
        id_, tid, _, number, arch, _, *arguments = _NOTICE.unpack(self._buffer)
        return Call(id_, tid, number, arch, tuple(arguments))

    def hands_over(self, call: Call) -> bool:  # noqa: ARG002  Named does
        """Claim that a call is made by another than its caller when it goes on."""
        return False

    def go_on(self, call: Call) -> bool:
        """Let the kernel make the call; False where nobody waits any more."""
        self._wake(here=False)
        waits = self._send(_ANSWER.pack(call.id, 0, 0, _CONTINUE))
        self._wake(here=True)
        return waits

    def fail(self, call: Call, number: int) -> bool:
        """Let the call fail with an error number."""
        return self._send(_ANSWER.pack(call.id, 0, -number, 0))

    def done(self, call: Call) -> bool:
        """Let the call return 0: it has been made in the caller's place."""
        return self._send(_ANSWER.pack(call.id, 0, 0, 0))

    def give(self, call: Call, descriptor: int, flags: int) -> bool:
        """Let the call return a copy of a descriptor of ours; raises OSError where it cannot."""
        words = _ADDED.pack(call.id, _AND_ANSWER, descriptor, 0, flags)
        try:
            fcntl.ioctl(self.descriptor, _ADD, words)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def waits(self, call: Call) -> bool:
        """Claim that the caller still waits: its pid has not been given to another process."""
        try:
            fcntl.ioctl(self.descriptor, _STILL_THERE, struct.pack("=Q", call.id))
        except OSError:
            return False
        return True

    def _wake(self, *, here: bool) -> None:
        if self._wakes_here:
            try:
                fcntl.ioctl(self.descriptor, _SET_FLAGS, _WAKE_HERE if here else 0)
            except OSError:  # an older kernel
                self._wakes_here = False

    def _send(self, answer: bytes) -> bool:
        try:
            fcntl.ioctl(self.descriptor, _SEND, answer)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True
