"""The filter: which system calls of the tree come to the supervisor, and which are refused outright.

Classic BPF over `struct seccomp_data` (number, arch, instruction pointer, six 64-bit arguments). The program is
written as a list of tests with labels, and assembled once per session.
"""

from __future__ import annotations

import errno
import struct
from signal import SIGKILL, SIGSTOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.supervise.kernel import Machine

ALLOW = 0x7FFF0000
NOTIFY = 0x7FC00000
KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _JUMP = 0x20, 0x15, 0x35, 0x45, 0x06, 0x05
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_O_TRUNC = 0o1000

# Calls that name a process in their first argument, and could end or cripple it. Those of the first kind take
# any of its threads for it, so the supervisor looks whose it is; the others compare.
_AIMED_AT_THREADS = ("kill", "tkill", "rt_sigqueueinfo", "prlimit64")
_AIMED = ("tgkill", "rt_tgsigqueueinfo", "pidfd_open")
_F_SETSIG = 10  # whoever owns a file is sent this signal when it is ready
EXECS = ("execve", "execveat")
# Calls that take a file away, and the argument that says whether an open does.
REMOVALS = (
    "unlink",
    "unlinkat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "truncate",
    "truncate64",
    "creat",
)
OPENS = {"open": 1, "openat": 2}


def refuse(number: int) -> int:
    """Return the action that fails a call with an error number."""
    return _ERRNO | number


class _Program:
    """Instructions whose jumps name labels; forward only, as BPF wants it."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, str, str]] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        self._labels[name] = len(self._code)

    def load(self, offset: int) -> None:
        self._code.append((_LOAD, offset, "", ""))

    def test(self, kind: int, value: int, yes: str, no: str = "") -> None:
        self._code.append((kind, value & 0xFFFFFFFF, yes, no))

    def jump(self, name: str) -> None:
        self._code.append((_JUMP, 0, name, ""))

    def end(self, action: int) -> None:
        self._code.append((_RETURN, action, "", ""))

    def assemble(self) -> bytes:
        """Return the program; a conditional jump reaches 255 instructions, `ja` any number."""
        out = b""
        for at, (code, value, yes, no) in enumerate(self._code):
            if code == _JUMP:
                out += struct.pack("=HBBI", code, 0, 0, self._labels[yes] - at - 1)
                continue
            jumps = [self._labels[name] - at - 1 if name else 0 for name in (yes, no)]
            if max(jumps) > 255:  # pragma: no cover  the program below is short
                raise OverflowError("a jump too far for BPF")
            out += struct.pack("=HBBI", code, *jumps, value)
        return out


def program(
    machine: Machine, protected: Iterable[int], groups: Iterable[int], *, budget: bool
) -> bytes:
    """Return the filter for a tree that must not harm the processes `protected` or their `groups`.

    With `budget`, deletions and truncations are told to the supervisor too.
    """
    made = _Program()
    made.load(_ARCH)
    made.test(_EQUAL, machine.arch, "native")
    made.test(_EQUAL, machine.compat_arch, "compat")
    made.end(KILL)
    groups = tuple(groups)
    targets = [*protected, -1, *(-group for group in groups)]
    for name, calls in (("native", machine.calls), ("compat", machine.compat_calls)):
        made.label(name)
        made.load(_NUMBER)
        if name == "native" and machine.x32:
            made.test(_AT_LEAST, _X32, f"{name} x32")
        for call in EXECS:
            made.test(_EQUAL, calls[call], f"{name} notify")
        for call in _AIMED_AT_THREADS:
            made.test(_EQUAL, calls[call], f"{name} thread")
        for call in _AIMED:
            made.test(_EQUAL, calls[call], f"{name} aimed")
        made.test(_EQUAL, calls["setpgid"], f"{name} group")
        made.test(_EQUAL, calls["pidfd_send_signal"], f"{name} unknown")
        for call in ("fcntl", "fcntl64"):
            if call in calls:
                made.test(_EQUAL, calls[call], f"{name} fcntl")
        if budget:
            made.test(_EQUAL, calls["io_uring_setup"], f"{name} forbidden")
            for call in REMOVALS:
                if call in calls:
                    made.test(_EQUAL, calls[call], f"{name} notify")
            for call in OPENS:
                if call in calls:
                    made.test(_EQUAL, calls[call], f"{name} {call}")
        made.end(ALLOW)
        for kind in ("thread", "aimed"):
            made.label(f"{name} {kind}")
            made.load(_ARGUMENTS)
            for target in targets:
                made.test(_EQUAL, target, f"{name} forbidden")
            if kind == "thread":
                made.test(_EQUAL, 0, f"{name} allow")  # its own group; its own limits
                made.test(_AT_LEAST, 1 << 31, f"{name} allow")  # another group
                made.jump(f"{name} notify")
            made.end(ALLOW)
        made.label(f"{name} group")
        made.load(_ARGUMENTS + 8)
        for group in groups:
            made.test(_EQUAL, group, f"{name} forbidden")
        made.end(ALLOW)
        made.label(f"{name} fcntl")
        made.load(_ARGUMENTS + 8)
        made.test(_EQUAL, _F_SETSIG, "", f"{name} allow")
        made.load(_ARGUMENTS + 16)
        for number in (SIGKILL, SIGSTOP):
            made.test(_EQUAL, number, f"{name} forbidden")
        made.label(f"{name} allow")
        made.end(ALLOW)
        if budget:
            for call, argument in OPENS.items():
                if call in calls:
                    made.label(f"{name} {call}")
                    made.load(_ARGUMENTS + 8 * argument)
                    made.test(_ANY_BIT, _O_TRUNC, f"{name} notify")
                    made.end(ALLOW)
        made.label(f"{name} forbidden")
        made.end(refuse(errno.EPERM))
        made.label(f"{name} notify")
        made.end(NOTIFY)
        made.label(f"{name} unknown")  # without it programs use kill(2)
        made.label(f"{name} x32")
        made.end(refuse(errno.ENOSYS))
    return made.assemble()
