"""A filter under which a program can start no other: for a helper that reads what an agent may have written.

git runs what a repository's settings name, and those can change between our look at them and git's.

Only the program itself, or what becomes it, can put a filter on. A process that forks to do so copies its
page tables and may have threads, so a few words of perl do it, which Debian's essential packages and git's
own bring along, four times as fast in a keeper; where there is no perl, the fork does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PERL = "/usr/bin/perl"
_LAUNCHER = """my $filter = pack "H*", shift;
syscall({prctl}, 38, 1, 0, 0, 0) == 0 or exit 125;
syscall({prctl}, 22, 2, pack("S x![P] P", length($filter) / 8, $filter), 0, 0) == 0 or exit 125;
exec {{$ARGV[0]}} @ARGV; exit 125"""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_CLONE_THREAD, _X32 = 0x10000, 0x40000000
# AUDIT_ARCH_*, clone, and the calls that can do nothing but make a process; clone3 has one number everywhere.
_MACHINES = {
    "x86_64": (0xC000003E, 56, (57, 58)),
    "aarch64": (0xC00000B7, 220, ()),
}
_PRCTL = {"x86_64": 157, "aarch64": 167}
_CLONE3 = 435


def alone(argv: Sequence[str]) -> tuple[list[str], Callable[[], None] | None]:
    """Return the words that start a program childless, and what is to be called before where they do not."""
    launcher = _launcher()
    return [*launcher, *argv], None if launcher else _childless()


@lru_cache(1)
def _launcher() -> tuple[str, ...]:
    machine = platform.machine()
    if machine not in _MACHINES or not os.access(_PERL, os.X_OK):
        return ()
    text = _LAUNCHER.format(prctl=_PRCTL[machine])
    return _PERL, "-e", text, _program(*_MACHINES[machine]).hex()


@lru_cache(1)
def _childless() -> Callable[[], None] | None:
    """Return what makes the process that calls it childless, whatever it becomes; None on other machines.

    To be called between fork and exec: everything is made beforehand. It raises OSError.
    """
    known = _MACHINES.get(platform.machine())
    if known is None:
        return None
    code = _program(*known)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    place = ctypes.create_string_buffer(filter_, len(filter_))

    def become(_kept: object = buffer) -> None:
        where = ctypes.addressof(place)
        if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
            _PR_SET_SECCOMP, _MODE_FILTER, where, 0, 0
        ):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    return become


def _program(arch: int, clone: int, forks: tuple[int, ...]) -> bytes:
    """Return the filter: threads may be made, processes not; clone3 hides its flags, so clone(2) it is."""
    tests = [(_EQUAL, number, "refuse", "") for number in forks]
    if forks:
        tests.insert(0, (_AT_LEAST, _X32, "refuse", ""))
    code: list[tuple[int, int, str, str]] = [
        (_LOAD, _ARCH, "", ""), (_EQUAL, arch, "", "refuse"), (_LOAD, _NUMBER, "", ""),
        *tests, (_EQUAL, _CLONE3, "unknown", ""), (_EQUAL, clone, "", "allow"),
        (_LOAD, _FIRST_ARGUMENT, "", ""), (_ANY_BIT, _CLONE_THREAD, "allow", "refuse"),
    ]  # fmt: skip
    ends = {"allow": _ALLOW, "refuse": _REFUSE | errno.EPERM, "unknown": _REFUSE | errno.ENOSYS}
    labels = {name: len(code) + at for at, name in enumerate(ends)}
    made = b""
    for at, (kind, value, yes, no) in enumerate(code):
        jumps = [labels[name] - at - 1 if name else 0 for name in (yes, no)]
        made += struct.pack("=HBBI", kind, *jumps, value)
    return made + b"".join(struct.pack("=HBBI", _RETURN, 0, 0, action) for action in ends.values())
