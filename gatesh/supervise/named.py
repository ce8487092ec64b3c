"""Calls that name a file, where paths are closed without mounts: handed to the opener, who makes them.

Such a call may not simply go on: its path is in the caller's memory, which another thread can change once it
was looked at. So the path is read once, here, and the opener makes the call with it.
"""

from __future__ import annotations

import errno
import json
import os
import struct

from gatesh._value import Value
from gatesh.supervise import bpf, kernel
from gatesh.supervise.listener import Call, Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from gatesh.scope.closed import Shut

OPEN, CUT, REMOVE, RENAME, LINK = range(5)
HERE = -100  # AT_FDCWD
REMOVE_FOLDER = 0x200  # AT_REMOVEDIR
SIZE = struct.Struct("=I")
PIECE = 1 << 15
_TASK = struct.Struct("=QiBiiIq")  # id tid what at to flags more


class Task(Value):
    """A call to be made in the place of its caller."""

    id: int
    tid: int
    what: int
    at: int  # the folder that the path is below
    to: int  # the same of the second path
    flags: int
    more: int  # mode, or size
    path: bytes
    new: bytes = b""

    def packed(self) -> bytes:
        """Return it as it is sent."""
        head = (self.id, self.tid, self.what, self.at, self.to, self.flags, self.more)
        return _TASK.pack(*head) + self.path + b"\0" + self.new


def unpacked(data: bytes) -> Task:
    """Return what `packed` returned."""
    path, _, new = data[_TASK.size :].partition(b"\0")
    call, tid, what, at, to, flags, more = _TASK.unpack_from(data)
    return Task(call, tid, what, at, to, flags, more, path, new)


class _Form(Value):
    """Which arguments of a call say what; -1: none."""

    what: int
    path: int
    at: int = -1
    new: int = -1
    to: int = -1
    flags: int = -1
    more: int = -1
    always: int = 0  # flags that it has without saying so


_FORMS = {
    "open": _Form(OPEN, 0, flags=1, more=2),
    "openat": _Form(OPEN, 1, at=0, flags=2, more=3),
    "creat": _Form(OPEN, 0, more=1, always=os.O_CREAT | os.O_WRONLY | os.O_TRUNC),
    "truncate": _Form(CUT, 0, more=1),
    "truncate64": _Form(CUT, 0, more=1),
    "unlink": _Form(REMOVE, 0),
    "rmdir": _Form(REMOVE, 0, always=REMOVE_FOLDER),
    "unlinkat": _Form(REMOVE, 1, at=0, flags=2),
    "rename": _Form(RENAME, 0, new=1),
    "renameat": _Form(RENAME, 1, at=0, new=3, to=2),
    "renameat2": _Form(RENAME, 1, at=0, new=3, to=2, flags=4),
    "link": _Form(LINK, 0, new=1),
    "linkat": _Form(LINK, 1, at=0, new=3, to=2, flags=4),
}


class Named(Listener):
    """A listener that lets no call go on that names a file: the opener makes it."""

    def __init__(
        self, descriptor: int, opener: socket.socket, machine: kernel.Machine, shut: Shut
    ) -> None:
        """Take the listener's descriptor, and tell the opener what is closed."""
        super().__init__(descriptor)
        self._opener, self._machine = opener, machine
        self._names = {
            (arch, calls[name]): name
            for arch, calls in (
                (machine.arch, machine.calls),
                (machine.compat_arch, machine.compat_calls),
            )
            for name in bpf.NAMING
            if name in calls
        }
        data = json.dumps([shut.paths, shut.globs, shut.roots, shut.cwd]).encode()
        _send_descriptor(opener, SIZE.pack(len(data)), descriptor)
        for at in range(0, len(data), PIECE):
            opener.send(data[at : at + PIECE])

    def hands_over(self, call: Call) -> bool:
        """Claim that a call names a file."""
        return (call.arch, call.number) in self._names

    def go_on(self, call: Call) -> bool:
        """Let the kernel make the call, or have it made; False where nobody waits any more."""
        if not self.hands_over(call):
            return super().go_on(call)
        try:
            task = self._task(call)
        except OSError as error:
            return self.fail(call, error.errno or errno.EFAULT)
        if not self.waits(call):  # then that was another's memory
            return False
        try:
            self._opener.send(task.packed())
        except OSError:
            return self.fail(call, errno.EACCES)
        return True

    def _task(self, call: Call) -> Task:
        name = self._names[call.arch, call.number]
        form, given = _FORMS[name], call.arguments
        return Task(
            call.id,
            call.tid,
            form.what,
            _signed(given[form.at]) if form.at >= 0 else HERE,
            _signed(given[form.to]) if form.to >= 0 else HERE,
            (given[form.flags] & 0xFFFFFFFF if form.flags >= 0 else 0) | form.always,
            self._more(name, form, call),
            kernel.read_string(call.tid, given[form.path]),
            kernel.read_string(call.tid, given[form.new]) if form.new >= 0 else b"",
        )

    def _more(self, name: str, form: _Form, call: Call) -> int:
        if form.more < 0:
            return 0
        if form.what != CUT:
            return call.arguments[form.more] & 0o7777
        if name == "truncate64":  # in two halves; ARM begins with an even argument
            first = 2 if self._machine.arch == kernel.MACHINES["aarch64"].arch else 1
            low, high = call.arguments[first : first + 2]
            return _signed(high) << 32 | low & 0xFFFFFFFF
        size = call.arguments[form.more]
        return size - (1 << 64) if size >> 63 else size


def _signed(number: int) -> int:
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def _send_descriptor(there: socket.socket, data: bytes, descriptor: int) -> None:
    import socket

    socket.send_fds(there, [data], [descriptor])
