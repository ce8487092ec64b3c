"""One program that is about to start: stopped at PTRACE_EVENT_EXEC, looked at, let go or made to leave.

All of ptrace belongs to one thread: the one that seized.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal

from gatesh.supervise import kernel

_SEIZE, _INTERRUPT, _LISTEN, _DETACH, _CONTINUE = 0x4206, 0x4207, 0x4208, 17, 7
_SYSCALL, _GET_MESSAGE, _GET_SET, _SET_SET, _POKE = 24, 0x4201, 0x4204, 0x4205, 5
_NT_PRSTATUS = 1
_OPTIONS = 0x10 | 0x100000  # TRACEEXEC, EXITKILL: a held program dies with the supervisor
_EVENT_EXEC, _EVENT_STOP = 4, 128
_ALL = 0x60000000  # __WALL, and __WNOTHREAD: what other threads have started is theirs to wait for


class Stop:
    """Why a tracee stands still, as waitpid(2) tells it."""

    __slots__ = ("event", "signal")

    def __init__(self, status: int) -> None:
        """Take the status apart."""
        self.event = status >> 16
        self.signal = os.WSTOPSIG(status)

    @property
    def new_program(self) -> bool:
        """Claim that the new image is loaded, and has not run an instruction."""
        return self.event == _EVENT_EXEC

    @property
    def nothing_new(self) -> bool:
        """Claim that it stopped because it was interrupted: the exec failed."""
        return self.event == _EVENT_STOP and self.signal == signal.SIGTRAP


def seize(tid: int) -> None:
    """Begin to trace a thread that waits for an answer; raises OSError."""
    kernel.ptrace(_SEIZE, tid, 0, _OPTIONS)


def interrupt(tid: int) -> None:
    """Have it stop as soon as it can: where the exec fails, too."""
    kernel.ptrace(_INTERRUPT, tid)


def detach(pid: int, number: int = 0) -> None:
    """Let it run, with a signal; one that is dead is no error."""
    _quietly(_DETACH, pid, number)


def pass_on(pid: int, stop: Stop) -> None:
    """Let a stop that is not ours have its effect."""
    if stop.event == _EVENT_STOP:  # stopped by a signal like SIGSTOP: it stays so until SIGCONT
        _quietly(_LISTEN, pid, 0)
    else:
        _quietly(_CONTINUE, pid, 0 if stop.event else stop.signal)


def former(pid: int) -> int:
    """Return which thread made the exec: it has taken its leader's number since."""
    message = ctypes.c_ulong()
    kernel.ptrace(_GET_MESSAGE, pid, 0, ctypes.addressof(message))
    return message.value


def wait(pid: int) -> tuple[int, int]:
    """Return (pid, status) of a tracee that changed, or (0, 0); -1 looks at all, children too."""
    try:
        return os.waitpid(pid, _ALL | os.WNOHANG | os.WUNTRACED)
    except ChildProcessError:
        return 0, 0


def leave_with(pid: int, status: int) -> int | None:
    """Make a program that stands at its exec leave with `status`, before it runs an instruction of its own.

    Where its registers cannot be set it is killed: it must not run. Returns its wait status if it has died.
    """
    try:
        kernel.ptrace(_SYSCALL, pid)  # out of execve, to where registers may be set
        _, ended = os.waitpid(pid, _ALL)
        if not os.WIFSTOPPED(ended):
            return ended
        _leave(pid, status)
        detach(pid)
    except (OSError, KeyError):
        kill(pid)
    return None


def kill(pid: int) -> None:
    """Kill a tracee: where nothing can be known about it, it must not run."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    detach(pid)


class _Span(ctypes.Structure):
    _fields_ = (("base", ctypes.c_size_t), ("size", ctypes.c_size_t))


def _leave(pid: int, status: int) -> None:
    """Set the registers to exit_group(status) and put the instruction for it where it stands."""
    registers = ctypes.create_string_buffer(272)
    span = _Span(ctypes.addressof(registers), len(registers))
    kernel.ptrace(_GET_SET, pid, _NT_PRSTATUS, ctypes.addressof(span))
    size = span.size
    word: type[ctypes.c_uint64 | ctypes.c_uint32] = ctypes.c_uint64
    if platform.machine() == "aarch64" and size == 272:
        where, instruction = 32 * 8, 0xD4000001  # svc #0
        values = {8 * 8: 94, 0: status}
    elif size == 27 * 8 and word.from_buffer(registers, 17 * 8).value == 0x33:
        where, instruction = 16 * 8, 0x0B0F050F  # syscall; ud2
        values = {10 * 8: 231, 14 * 8: status, 15 * 8: 2**64 - 1}
    elif platform.machine() == "x86_64" and size == 17 * 4:
        where, instruction, word = 12 * 4, 0x0B0F80CD, ctypes.c_uint32  # int 0x80; ud2
        values = {6 * 4: 252, 0: status, 11 * 4: 2**32 - 1}
    else:
        raise KeyError(size)
    for offset, value in values.items():
        word.from_buffer(registers, offset).value = value
    kernel.ptrace(_POKE, pid, word.from_buffer(registers, where).value, instruction)
    kernel.ptrace(_SET_SET, pid, _NT_PRSTATUS, ctypes.addressof(span))


def _quietly(request: int, pid: int, data: int) -> None:
    try:
        kernel.ptrace(request, pid, 0, data)
    except ProcessLookupError:
        return
