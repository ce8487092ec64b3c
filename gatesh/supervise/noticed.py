"""Notifications alone, where ptrace is refused: a program is decided on before it is loaded.

The caller waits in execve until somebody has answered, and a refusal is EACCES. What it hands over is read
from its memory: a thread of the caller, or whoever shares that memory, could change it after we looked.
"""

from __future__ import annotations

import errno
import os
import sys

from gatesh.errors import GateshError
from gatesh.supervise import kernel
from gatesh.supervise.elsewhere import folder_of, root_of
from gatesh.supervise.image import Image, input_of, process_of
from gatesh.supervise.supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.supervise.listener import Call

_AT_FDCWD = -100 & 0xFFFFFFFF
_MOST_STRING, _MOST_ALL = 1 << 17, 4 << 20
_MOST_SCRIPTS = 5  # interpreters of interpreters; the kernel takes as many
_OWN = {
    b"/proc/self/": b"/", b"/proc/thread-self/": b"/", b"/dev/fd/": b"/fd/", b"/dev/stdin": b"/fd/0",
}  # fmt: skip


class Noticed(Supervisor):
    """Serves a tree by notifications alone: what stands at its exec here has not been replaced yet."""

    def __init__(self, *parts: Any) -> None:
        """Take the parts, as Supervisor does."""
        super().__init__(*parts)
        self._calls: dict[int, Call] = {}  # pid → its execve

    def _starts(self, call: Call) -> None:
        try:
            pid = process_of(call.tid)
        except OSError:
            return  # it is gone
        earlier = self._calls.get(pid)
        if earlier is not None and self._listener.waits(earlier):
            self._listener.fail(call, errno.EAGAIN)  # of another of its threads: one at a time
            return
        self._calls[pid] = call
        self._arrived(pid)

    def _image(self, pid: int) -> Image:
        try:
            call = self._calls[pid]
            at = call.number != self._machine.execs(call.arch)[0]
            return wanted(call, pid, at=at, wide=call.arch == self._machine.arch)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise GateshError(f"what it wants to start cannot be read: {error}") from error

    def _release(self, pid: int) -> None:
        self._listener.go_on(self._calls.pop(pid))

    def _turn_away(self, pid: int, status: int) -> None:  # noqa: ARG002  it has not begun
        self._listener.fail(self._calls.pop(pid), errno.EACCES)

    def _drop(self, pid: int) -> None:
        self._listener.fail(self._calls.pop(pid), errno.ENOENT)

    def _at_leisure(self) -> None:
        super()._at_leisure()
        for pid, held in list(self._held.items()):
            if not held.settled and not self._listener.waits(self._calls[pid]):
                held.gone.set()


def wanted(call: Call, pid: int, *, at: bool, wide: bool) -> Image:
    """Return what a caller of execve would become, or of execveat, where it is called `at` a folder.

    `wide` says that its pointers have 64 bits. Raises OSError where it cannot be read.
    """
    path, strings, more = _told(call, at=at)
    memory, width = _Memory(call.tid), 8 if wide else 4
    arguments = list(memory.strings(strings, width))
    environment = b"\0".join([*memory.strings(more, width), b""])
    for _ in range(_MOST_SCRIPTS):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            found, real = os.fstat(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")
            interpreter = _interpreter(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        if not interpreter:
            break
        arguments = [*interpreter, os.fsencode(real), *arguments[1:]]
        path = interpreter[0]
    else:
        raise OSError(errno.ELOOP, "too many interpreters")
    root = root_of(call.tid)
    cwd = folder_of(call.tid, root)
    return Image(
        pid, real, found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns,
        b"\0".join([*arguments, b""]), environment, cwd,
        input_of(f"/proc/{call.tid}/fd/0"), os.fsdecode(path), root,
    )  # fmt: skip


def _told(call: Call, *, at: bool) -> tuple[bytes, int, int]:
    """Return the file that is named, as this process can open it, and where arguments and environment are.

    `at` says that it is execveat: a folder comes first.
    """
    here = b"/proc/%d" % call.tid
    folder, where, strings, more = (call.arguments if at else (_AT_FDCWD, *call.arguments))[:4]
    path = kernel.read_string(call.tid, where)
    number = folder & 0xFFFFFFFF
    base = here + (b"/cwd" if number == _AT_FDCWD else b"/fd/%d" % number)
    if not path:
        return base, strings, more
    for own, instead in _OWN.items():  # these mean the caller
        if path.startswith(own):
            return here + instead + path[len(own) :], strings, more
    return (here + b"/root" if path[:1] == b"/" else base + b"/") + path, strings, more


class _Memory:
    """A caller's memory, each page of which is read once."""

    def __init__(self, tid: int) -> None:
        self._tid = tid
        self._pages: dict[int, bytes] = {}

    def _from(self, address: int) -> bytes:
        page, at = divmod(address, kernel.PAGE)
        if page not in self._pages:
            self._pages[page] = kernel.read(self._tid, page * kernel.PAGE, kernel.PAGE)
        return self._pages[page][at:]

    def number(self, address: int, width: int) -> int:
        raw = self._from(address)[:width]
        if len(raw) < width:  # it lies across two pages
            raw += self._from(address + len(raw))[: width - len(raw)]
        return int.from_bytes(raw, sys.byteorder)

    def string(self, address: int) -> bytes:
        found = b""
        while len(found) <= _MOST_STRING:
            part, end, _ = self._from(address).partition(b"\0")
            found, address = found + part, address + len(part)
            if end:
                return found
        raise OSError(errno.E2BIG, "a string is too long")

    def strings(self, address: int, width: int) -> Iterator[bytes]:
        """Return the strings that an array of pointers leads to."""
        size = 0
        while address and (pointer := self.number(address, width)):
            text = self.string(pointer)
            size += len(text) + width
            if size > _MOST_ALL:
                raise OSError(errno.E2BIG, "its arguments are too long")
            yield text
            address += width


def _interpreter(path: str) -> list[bytes]:
    """Return the words behind `#!`, as the kernel takes them; none where it is no script."""
    try:
        with open(path, "rb", buffering=0) as file:
            first = file.read(256)
    except PermissionError:
        return []  # a program need not be readable
    if not first.startswith(b"#!"):
        return []
    return first[2:].split(b"\n")[0].strip().split(None, 1)
