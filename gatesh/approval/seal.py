"""Close what lets others of the same user into an approver: its memory, and its terminal.

Not dumpable: no ptrace, no pidfd_getfd, no /proc/PID/fd for processes of the same user. Exclusive
(TIOCEXCL): nobody of the same user can open the terminal to draw on it or take keys from it; root can.
"""

from __future__ import annotations

import ctypes
import fcntl
import resource
import termios

_PR_SET_DUMPABLE = 4


def seal_process() -> bool:
    """Make this process not dumpable, without core files; return whether the kernel took it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    taken: int = libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return taken == 0


def hold_terminal(fd: int) -> bool:
    """Let nobody else open this terminal; return whether the kernel took it."""
    return _ioctl(fd, termios.TIOCEXCL)


def release_terminal(fd: int) -> bool:
    """Undo hold_terminal: at exit, and while suspended."""
    return _ioctl(fd, termios.TIOCNXCL)


def _ioctl(fd: int, request: int) -> bool:
    try:
        fcntl.ioctl(fd, request)
    except OSError:
        return False
    return True
