"""The system calls that Python has no function for, and the numbers of each machine.

Sources: seccomp(2), seccomp_unotify(2), ptrace(2), pidfd_getfd(2), prctl(2), and the kernel's
include/uapi/linux/{seccomp,ptrace,audit}.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
import threading

from gatesh._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long
_libc.syscall.restype = ctypes.c_long

PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
CAP_SYS_PTRACE, CAP_SYS_ADMIN = 19, 21
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19

_SECCOMP_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_WAIT_KILLABLE_RECV = 1 << 5
_AT_FDCWD, _AT_SYMLINK_NOFOLLOW = -100, 0x100
_STATX_INO, _STATX_BTIME, _STATX_MNT_ID = 0x100, 0x800, 0x1000
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438  # the same on every machine
_OPENAT2 = 437
_CAPABILITIES_3 = 0x20080522  # the third version
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
_RESET_ON_FORK = 1  # SCHED_FLAG_RESET_ON_FORK
_TURN_NS = 100_000  # the shortest there is


class Machine(Value):
    """What differs between machines: `compat` is the 32-bit calling convention the kernel also takes."""

    arch: int  # AUDIT_ARCH_*
    calls: dict[str, int]
    compat_arch: int
    compat_calls: dict[str, int]
    x32: bool = False  # calls with bit 30 set are a third convention

    def execs(self, arch: int) -> tuple[int, int]:
        """Return the numbers of the calls that start a program."""
        calls = self.calls if arch == self.arch else self.compat_calls
        return calls["execve"], calls["execveat"]


_I386 = {
    "execve": 11, "execveat": 358, "kill": 37, "tkill": 238, "tgkill": 270, "rt_sigqueueinfo": 178,
    "rt_tgsigqueueinfo": 335, "pidfd_open": 434, "pidfd_send_signal": 424, "prlimit64": 340,
    "unlink": 10, "unlinkat": 301, "rmdir": 40, "rename": 38, "renameat": 302, "renameat2": 353,
    "truncate": 92, "ftruncate": 93, "open": 5, "openat": 295, "openat2": 437, "creat": 8,
    "io_uring_setup": 425, "truncate64": 193, "ftruncate64": 194,
    "setpgid": 57, "fcntl": 55, "fcntl64": 221, "ioctl": 54,
    "clone": 120, "clone3": 435, "seccomp": 354, "fallocate": 324,
    "connect": 362, "sendto": 369, "sendmsg": 370, "sendmmsg": 345, "socketcall": 102,
    "link": 9, "linkat": 303, "mount": 21, "umount2": 52, "pivot_root": 217, "chroot": 61, "setns": 346,
    "unshare": 310, "open_by_handle_at": 342, "fanotify_init": 338, "prctl": 172,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fspick": 433, "open_tree_attr": 467,
    "landlock_create_ruleset": 444,
}  # fmt: skip
_X86_64 = {
    "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129,
    "rt_tgsigqueueinfo": 297, "pidfd_open": 434, "pidfd_send_signal": 424, "prlimit64": 302,
    "unlink": 87, "unlinkat": 263, "rmdir": 84, "rename": 82, "renameat": 264, "renameat2": 316,
    "truncate": 76, "ftruncate": 77, "open": 2, "openat": 257, "openat2": 437, "creat": 85,
    "io_uring_setup": 425,
    "setpgid": 109, "fcntl": 72, "ioctl": 16,
    "clone": 56, "clone3": 435, "seccomp": 317, "fallocate": 285,
    "connect": 42, "sendto": 44, "sendmsg": 46, "sendmmsg": 307,
    "link": 86, "linkat": 265, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308,
    "unshare": 272, "open_by_handle_at": 304, "fanotify_init": 300, "prctl": 157,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fspick": 433, "open_tree_attr": 467,
    "landlock_create_ruleset": 444,
}  # fmt: skip
_GENERIC = {
    "execve": 221, "execveat": 281, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138,
    "rt_tgsigqueueinfo": 240, "pidfd_open": 434, "pidfd_send_signal": 424, "prlimit64": 261,
    "unlinkat": 35, "renameat": 38, "renameat2": 276, "truncate": 45, "ftruncate": 46, "openat": 56,
    "openat2": 437, "io_uring_setup": 425,
    "setpgid": 154, "fcntl": 25, "ioctl": 29,
    "clone": 220, "clone3": 435, "seccomp": 277, "fallocate": 47,
    "connect": 203, "sendto": 206, "sendmsg": 211, "sendmmsg": 269,
    "linkat": 37, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "setns": 268,
    "unshare": 97, "open_by_handle_at": 265, "fanotify_init": 262, "prctl": 167,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fspick": 433, "open_tree_attr": 467,
    "landlock_create_ruleset": 444,
}  # fmt: skip
_ARM = {
    "execve": 11, "execveat": 387, "kill": 37, "tkill": 238, "tgkill": 268, "rt_sigqueueinfo": 178,
    "rt_tgsigqueueinfo": 363, "pidfd_open": 434, "pidfd_send_signal": 424, "prlimit64": 369,
    "unlink": 10, "unlinkat": 328, "rmdir": 40, "rename": 38, "renameat": 329, "renameat2": 382,
    "truncate": 92, "ftruncate": 93, "open": 5, "openat": 322, "openat2": 437, "creat": 8,
    "io_uring_setup": 425, "truncate64": 193, "ftruncate64": 194,
    "setpgid": 57, "fcntl": 55, "fcntl64": 221, "ioctl": 54,
    "clone": 120, "clone3": 435, "seccomp": 383, "fallocate": 352,
    "connect": 283, "sendto": 290, "sendmsg": 296, "sendmmsg": 374,
    "link": 9, "linkat": 330, "mount": 21, "umount2": 52, "pivot_root": 218, "chroot": 61, "setns": 375,
    "unshare": 337, "open_by_handle_at": 371, "fanotify_init": 367, "prctl": 172,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fspick": 433, "open_tree_attr": 467,
    "landlock_create_ruleset": 444,
}  # fmt: skip
MACHINES = {
    "x86_64": Machine(0xC000003E, _X86_64, 0x40000003, _I386, x32=True),
    "aarch64": Machine(0xC00000B7, _GENERIC, 0x40000028, _ARM),
}


def machine() -> Machine:
    """Return the numbers of this machine; raises OSError where gatesh does not know them."""
    try:
        return MACHINES[platform.machine()]
    except KeyError as error:
        raise OSError(errno.ENOSYS, "gatesh does not know this machine's system calls") from error


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; raises OSError."""
    _checked(_libc.prctl(option, value, 0, 0, 0), "prctl")


def react_quickly() -> None:
    """Ask for short turns on the processor, and so for early ones, for this thread alone.

    Whoever waits for its answer has made both processors busy, as a build does. sched_setattr(2) takes the
    length of a turn from everybody since Linux 6.12; before that, and elsewhere, nothing changes.
    """
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, _RESET_ON_FORK, nice, 0, _TURN_NS, 0, 0)
    _libc.syscall(_SCHED_SETATTR[platform.machine()], 0, wanted, 0)


def unshare(flags: int) -> None:
    """Leave what this process shares with others; raises OSError."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, flags: int) -> None:
    """Put a part of the tree of files over another, or change what was put there; raises OSError."""
    names = os.fsencode(source), os.fsencode(target)
    _checked(_libc.mount(*names, None, ctypes.c_ulong(flags), None), "mount")


def inotify() -> int:
    """Return a descriptor that tells what happens in folders; raises OSError."""
    return _checked(_libc.inotify_init1(os.O_CLOEXEC), "inotify")


def watch(descriptor: int, folder: str, mask: int) -> int:
    """Have it tell of a folder too; return the number of that watch. Raises OSError."""
    found = _libc.inotify_add_watch(descriptor, os.fsencode(folder), ctypes.c_uint32(mask))
    return _checked(found, "inotify")


def give_up_capabilities() -> None:
    """Have no power beyond this user's, and gain none by starting a program; raises OSError."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)  # of this thread
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def may_filter() -> bool:
    """Claim that this process may filter programs that gain privileges, and trace them meanwhile."""
    wanted = 1 << CAP_SYS_ADMIN | 1 << CAP_SYS_PTRACE
    return capabilities() & wanted == wanted


def capabilities() -> int:
    """Return the capabilities of this process, a bit for each."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        found = next((line for line in file if line.startswith("CapPrm:")), "CapPrm: 0")
    return int(found.split()[1], 16)


def put_filter(program: bytes, number: int, *, listen: bool) -> int:
    """Put a filter on this thread, for good; with `listen`, return the descriptor of its listener.

    `number` is that of seccomp(2). Raises OSError.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = ctypes.create_string_buffer(16)
    ctypes.c_ushort.from_buffer(fprog).value = len(program) // 8
    ctypes.c_size_t.from_buffer(fprog, 8).value = ctypes.addressof(buffer)
    flags = _NEW_LISTENER | _WAIT_KILLABLE_RECV if listen else 0
    return _checked(_libc.syscall(number, _SECCOMP_SET_MODE_FILTER, flags, fprog), "seccomp")


def born_ns(path: str) -> int:
    """Return when a file was made; 0 where nobody knows."""
    found = ctypes.create_string_buffer(256)  # struct statx
    try:
        if _libc.statx(_AT_FDCWD, os.fsencode(path), _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, found):
            return 0
    except (AttributeError, ValueError):
        return 0  # an old libc; no path
    known = ctypes.c_uint32.from_buffer(found).value & _STATX_BTIME
    seconds = ctypes.c_int64.from_buffer(found, 80).value
    return seconds * 10**9 + ctypes.c_uint32.from_buffer(found, 88).value if known else 0


def mount_of(path: str) -> bytes:
    """Return the file that a path leads to, and through which mount; empty where nobody knows.

    A mount belongs to one mount namespace, and its number is not given again while it is there (Linux 5.8).
    """
    found = ctypes.create_string_buffer(256)  # struct statx
    wanted = _STATX_INO | _STATX_MNT_ID
    try:
        if _libc.statx(_AT_FDCWD, os.fsencode(path), 0, wanted, found):
            return b""
    except AttributeError:  # an old libc
        return b""
    raw = found.raw
    known = int.from_bytes(raw[:4], sys.byteorder) & wanted
    return raw[32:40] + raw[136:152] if known == wanted else b""


def signal_descriptor(mask: Iterable[int]) -> int:
    """Return a descriptor that says which of these signals came; they must be blocked. Raises OSError."""
    wanted = ctypes.create_string_buffer(128)  # sigset_t
    _libc.sigemptyset(wanted)
    for number in mask:
        _libc.sigaddset(wanted, number)
    return _checked(_libc.signalfd(-1, wanted, os.O_NONBLOCK | os.O_CLOEXEC), "signalfd")


def ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    """Make one request about a tracee; raises OSError."""
    return _checked(_libc.ptrace(request, pid, address, data), "ptrace")


class _Span(ctypes.Structure):
    _fields_ = (("base", ctypes.c_size_t), ("size", ctypes.c_size_t))


PAGE = 4096  # what is read at once; pages may be larger
_buffer = ctypes.create_string_buffer(PAGE)
_reading = threading.Lock()  # there is one buffer, and most often one thread
_here = _Span(ctypes.addressof(_buffer), PAGE)
_there = _Span(0, 0)
_read = _libc.process_vm_readv
_spans = ctypes.byref(_here), ctypes.byref(_there)


def read(pid: int, address: int, size: int) -> bytes:
    """Return `size` bytes of another process, at most a page of them; raises OSError."""
    with _reading:
        return _part(pid, address, size)


def _part(pid: int, address: int, size: int) -> bytes:
    _there.base, _here.size, _there.size = address, size, size
    return ctypes.string_at(
        _buffer, _checked(_read(pid, _spans[0], 1, _spans[1], 1, 0), "process_vm_readv")
    )


def read_string(pid: int, address: int, most: int = 4096) -> bytes:
    """Return a string of another process, page by page, up to its NUL; raises OSError."""
    found = b""
    with _reading:
        while len(found) < most:
            part = _part(pid, address, PAGE - address % PAGE)
            end = part.find(b"\0")
            if end >= 0:
                return found + part[:end]
            found += part
            address += len(part)
    raise OSError(errno.ENAMETOOLONG, "a string without an end")


class Identity(Value):
    """Whom the kernel asks for when a file is opened."""

    user: int
    group: int
    groups: tuple[int, ...]
    capabilities: int  # that count


def open_by(folder: int, path: bytes, flags: int, resolve: int) -> int:
    """Open a path below a folder's descriptor, resolved as openat2(2) is told; raises OSError."""
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, resolve)
    return _checked(_libc.syscall(_OPENAT2, folder, path, how, len(how)), "openat2")


def rename(source: int, name: bytes, target: int, new: bytes, flags: int) -> None:
    """Rename below two folders, as renameat2(2) is told; raises OSError."""
    _checked(_libc.renameat2(source, name, target, new, ctypes.c_uint(flags)), "renameat2")


def act_as(who: Identity) -> None:
    """Be somebody else where files are opened, until `act_as` is told otherwise; raises OSError."""
    _weigh(-1)
    if os.getgroups() != list(who.groups):
        os.setgroups(who.groups)
    for change, number in ((_libc.setfsgid, who.group), (_libc.setfsuid, who.user)):
        change(ctypes.c_uint(number))
        if change(-1) & 0xFFFFFFFF != number:
            raise OSError(errno.EPERM, "another user's files cannot be opened")
    _weigh(who.capabilities)


def _weigh(wanted: int) -> None:
    """Have those of this process's capabilities count that are wanted."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    _checked(_libc.capget(header, sets), "capget")
    for at, part in ((0, wanted), (3, wanted >> 32)):
        sets[at] = sets[at + 1] & part & 0xFFFFFFFF
    _checked(_libc.capset(header, sets), "capset")


def copy_descriptor(pid: int, number: int) -> int:
    """Return a copy of another process's descriptor: also of a socket; raises OSError."""
    pidfd = _checked(_libc.syscall(_PIDFD_OPEN, pid, 0), "pidfd_open")
    try:
        return _checked(_libc.syscall(_PIDFD_GETFD, pidfd, number, 0), "pidfd_getfd")
    finally:
        os.close(pidfd)
