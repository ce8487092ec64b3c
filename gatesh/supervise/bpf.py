"""The filter: which system calls of the tree come to the supervisor, and which are refused outright.

Classic BPF over `struct seccomp_data` (number, arch, instruction pointer, six 64-bit arguments). The program is
written as a list of tests with labels, and assembled once per session.
"""

from __future__ import annotations

import errno
import os
import struct
from signal import SIGKILL, SIGSTOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.supervise.kernel import Machine

ALLOW = 0x7FFF0000
TRACE = 0x7FF00000
NOTIFY = 0x7FC00000
KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _JUMP = 0x20, 0x15, 0x35, 0x45, 0x06, 0x05
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_CLONE_UNTRACED = 0x00800000
_NEW_LISTENER = 1 << 3
_LOST = 0x02 | 0x08 | 0x10  # modes of fallocate(2) after which content is gone

# Calls that name a process in their first argument, and could end or cripple it. Those of the first kind take
# any of its threads for it, so the supervisor looks whose it is; the others compare.
_AIMED_AT_THREADS = ("kill", "tkill", "rt_sigqueueinfo", "prlimit64")
_AIMED = ("tgkill", "rt_tgsigqueueinfo", "pidfd_open")
_F_SETSIG = 10  # whoever owns a file is sent this signal when it is ready
_TYPING = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: what a person's shell would take for typed
EXECS = ("execve", "execveat")
# Calls that take a file or what is in it away; and those of which one argument has to say so: a bit of it.
REMOVALS = (
    "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "truncate", "truncate64", "ftruncate",
    "ftruncate64", "creat", "openat2",
)  # fmt: skip
SOME_REMOVE = {"open": (1, os.O_TRUNC), "openat": (2, os.O_TRUNC), "fallocate": (1, _LOST)}
_SOCKETCALLS = {"connect": 3, "sendto": 11}  # of socketcall(2), on i386 alone
_FASTOPEN = {"sendmsg": 2, "sendmmsg": 3}  # the argument that says MSG_FASTOPEN
_MSG_FASTOPEN = 0x20000000
CONNECTIONS = ("connect", "sendto", "socketcall", *_FASTOPEN)
# Calls that name a file to open, cut, take away or link, where paths are closed without mounts; and those
# that would lead to files past them. Others are not known there: openat2 and clone3, whose flags are in memory,
# have older siblings; a Landlock of the caller's would not hold whoever opens in its place.
NAMING = (
    "open", "openat", "creat", "truncate", "truncate64", "unlink", "unlinkat", "rmdir", "rename", "renameat",
    "renameat2", "link", "linkat",
)  # fmt: skip
_PAST_NAMES = (
    "io_uring_setup", "open_by_handle_at", "open_tree", "open_tree_attr", "mount", "umount2", "move_mount",
    "fsopen", "fspick", "pivot_root", "chroot", "setns", "fanotify_init",
)  # fmt: skip
_UNKNOWN = ("openat2", "clone3", "landlock_create_ruleset")
_PR_SET_DUMPABLE = 4
_OWN_MOUNTS = 0x00020000 | 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER


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
    machine: Machine,
    protected: Iterable[int],
    groups: Iterable[int],
    *,
    budget: bool,
    connections: bool = False,
    traced: bool = False,
    named: bool = False,
) -> bytes:
    """Return the filter for a tree that must not harm the processes `protected` or their `groups`.

    With `budget` deletions and truncations are told to the supervisor too, with `connections` what programs
    connect to, with `named` all that names a file. Where the tree is `traced` calls are told to the tracer,
    which meets every exec anyway; and nothing may leave it.
    """
    made = _Program()
    made.load(_ARCH)
    made.test(_EQUAL, machine.arch, "native")
    made.test(_EQUAL, machine.compat_arch, "compat")
    made.end(KILL)
    groups = tuple(groups)
    targets = [*protected, -1, *(-group for group in groups)]
    for name, calls in (("native", machine.calls), ("compat", machine.compat_calls)):
        part = _Part(made, name, calls)
        made.label(name)
        made.load(_NUMBER)
        if name == "native" and machine.x32:
            made.test(_AT_LEAST, _X32, f"{name} x32")
        if named:
            part.naming()
        part.dispatch(budget=budget, connections=connections, traced=traced)
        if named:
            part.names()
        part.aimed(targets, groups)
        if budget:
            part.some_remove()
        if connections:
            part.connections()
        if traced:
            part.leaving()
        part.ends(TRACE if traced else NOTIFY)
    return made.assemble()


class _Part:
    """The tests for one calling convention."""

    def __init__(self, made: _Program, name: str, calls: dict[str, int]) -> None:
        self._made, self._name, self._calls = made, name, calls

    def _go(self, call: str, where: str) -> None:
        """Go to a label where this is that call."""
        if call in self._calls:
            self._made.test(_EQUAL, self._calls[call], f"{self._name} {where}")

    def _when(self, argument: int, kind: int, value: int, yes: str, no: str = "") -> None:
        self._made.load(_ARGUMENTS + 8 * argument)
        labels = (f"{self._name} {label}" if label else "" for label in (yes, no))
        self._made.test(kind, value, *labels)

    def naming(self) -> None:
        """Tell of the calls that name a file, before anything else does; the number is loaded."""
        for call in NAMING:
            self._go(call, f"{call} of a name" if call in SOME_REMOVE else "notify")
        for call in _PAST_NAMES:
            self._go(call, "forbidden")
        for call in ("unshare", "clone"):
            self._go(call, "own mounts")
        self._go("prctl", "prctl")
        for call in _UNKNOWN:
            self._go(call, "unknown")

    def names(self) -> None:
        """Tell of opens, but for those by which nothing can be read: what such a descriptor leads to is told.

        And refuse namespaces in which names lead elsewhere. Nobody could read a path from a program that has
        hidden its memory (PR_SET_DUMPABLE): it is told that it has.
        """
        self._made.label(f"{self._name} prctl")
        self._when(0, _EQUAL, _PR_SET_DUMPABLE, "", "allow")
        self._when(1, _EQUAL, 0, "as if", "allow")
        for call in ("open", "openat"):
            if call in self._calls:
                self._made.label(f"{self._name} {call} of a name")
                self._when(SOME_REMOVE[call][0], _ANY_BIT, os.O_PATH, "allow", "notify")
        self._made.label(f"{self._name} own mounts")
        self._when(0, _ANY_BIT, _OWN_MOUNTS, "forbidden", "allow")

    def dispatch(self, *, budget: bool, connections: bool, traced: bool) -> None:
        """Tell the calls that matter from all others; the number is loaded."""
        for call in EXECS:
            if not traced:
                self._go(call, "notify")
        for call in _AIMED_AT_THREADS:
            self._go(call, "thread")
        for call in _AIMED:
            self._go(call, "aimed")
        self._go("setpgid", "group")
        self._go("pidfd_send_signal", "unknown")
        self._go("fcntl", "fcntl")
        self._go("fcntl64", "fcntl")
        self._go("ioctl", "ioctl")
        if traced:
            self._go("clone", "clone")
            self._go(
                "clone3", "unknown"
            )  # its flags are in memory; without it programs use clone(2)
            self._go("seccomp", "seccomp")
        if budget:
            self._go("io_uring_setup", "forbidden")
            for call in REMOVALS:
                self._go(call, "notify")
            for call in SOME_REMOVE:
                self._go(call, call)
        if connections:
            self._go("connect", "notify")
            self._go("sendto", "sendto")
            self._go("socketcall", "socketcall")
            for call in _FASTOPEN:
                self._go(call, call)
        self._made.end(ALLOW)

    def aimed(self, targets: Iterable[int], groups: Iterable[int]) -> None:
        """Refuse what would end, stop or join the processes that are protected, or type for a person."""
        made, name = self._made, self._name
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
        self._when(1, _EQUAL, _F_SETSIG, "", "allow")
        made.load(_ARGUMENTS + 16)
        for number in (SIGKILL, SIGSTOP):
            made.test(_EQUAL, number, f"{name} forbidden")
        made.end(ALLOW)
        made.label(f"{name} ioctl")
        made.load(_ARGUMENTS + 8)
        for request in _TYPING:
            made.test(_EQUAL, request, f"{name} forbidden")
        made.end(ALLOW)

    def some_remove(self) -> None:
        """Tell of the calls that take something away where an argument says so."""
        for call, (argument, bits) in SOME_REMOVE.items():
            if call in self._calls:
                self._made.label(f"{self._name} {call}")
                self._when(argument, _ANY_BIT, bits, "notify")
                self._made.end(ALLOW)

    def connections(self) -> None:
        """Tell of data that goes to an address of its own."""
        made, name = self._made, self._name
        made.label(f"{name} sendto")
        self._when(4, _EQUAL, 0, "", "notify")
        made.load(_ARGUMENTS + 8 * 4 + 4)
        made.test(_EQUAL, 0, f"{name} allow", f"{name} notify")
        for call, argument in _FASTOPEN.items():
            made.label(f"{name} {call}")
            self._when(argument, _ANY_BIT, _MSG_FASTOPEN, "notify", "allow")
        if "socketcall" in self._calls:
            made.label(f"{name} socketcall")
            made.load(_ARGUMENTS)
            for number in _SOCKETCALLS.values():
                made.test(_EQUAL, number, f"{name} notify")
            made.end(ALLOW)

    def leaving(self) -> None:
        """Refuse to start what would not be traced, and a listener that would answer before the tracer."""
        self._made.label(f"{self._name} clone")
        self._when(0, _ANY_BIT, _CLONE_UNTRACED, "forbidden", "allow")
        self._made.label(f"{self._name} seccomp")
        self._when(1, _ANY_BIT, _NEW_LISTENER, "busy", "allow")

    def ends(self, told: int) -> None:
        """End with what was found."""
        made, name = self._made, self._name
        for label, action in (
            ("allow", ALLOW),
            ("forbidden", refuse(errno.EPERM)),
            ("busy", refuse(errno.EBUSY)),
            ("notify", told),
            ("unknown", refuse(errno.ENOSYS)),  # without pidfd_send_signal programs use kill(2)
            ("as if", refuse(0)),
            ("x32", refuse(errno.ENOSYS)),
        ):
            made.label(f"{name} {label}")
            made.end(action)
