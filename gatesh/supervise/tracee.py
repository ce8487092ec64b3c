"""One program that is about to start: stopped at PTRACE_EVENT_EXEC, looked at, let go or made to leave.

All of ptrace belongs to one thread: the one that seized.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct

from gatesh.supervise import kernel

_SEIZE, _INTERRUPT, _LISTEN, _DETACH, _CONTINUE = 0x4206, 0x4207, 0x4208, 17, 7
_SYSCALL, _GET_MESSAGE, _GET_SET, _SET_SET, _POKE = 24, 0x4201, 0x4204, 0x4205, 5
_NT_PRSTATUS, _NT_ARM_SYSCALL = 1, 0x404
_OPTIONS = 0x10 | 0x100000  # TRACEEXEC, EXITKILL: a held program dies with the supervisor
_WITH_CHILDREN = 0x02 | 0x04 | 0x08 | 0x80  # TRACEFORK, TRACEVFORK, TRACECLONE; TRACESECCOMP
_EVENT_EXEC, _EVENT_SECCOMP, _EVENT_STOP = 4, 7, 128
_GET_CALL, _CALL_OF_FILTER = 0x420E, 3
_CALL = struct.Struct("=B3xI2Q7QI4x")  # op arch ip sp nr args[6] data
ALL = 0x60000000  # __WALL, and __WNOTHREAD: what other threads have started is theirs to wait for


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
    def call(self) -> bool:
        """Claim that a filter has told of a call, which waits."""
        return self.event == _EVENT_SECCOMP

    @property
    def by_signal(self) -> bool:
        """Claim that a signal like SIGSTOP stopped all of its process."""
        return self.event == _EVENT_STOP and self.signal != signal.SIGTRAP

    @property
    def nothing_new(self) -> bool:
        """Claim that it stopped because it was interrupted: the exec failed."""
        return self.event == _EVENT_STOP and self.signal == signal.SIGTRAP


def seize(tid: int) -> None:
    """Begin to trace a thread that waits for an answer; raises OSError."""
    kernel.ptrace(_SEIZE, tid, 0, _OPTIONS)


def seize_tree(pid: int) -> None:
    """Begin to trace a process, and whatever it will start; raises OSError."""
    kernel.ptrace(_SEIZE, pid, 0, _OPTIONS | _WITH_CHILDREN)


def go_on(tid: int, number: int = 0) -> None:
    """Let it run on, still traced, with a signal; one that is dead is no error."""
    _quietly(_CONTINUE, tid, number)


def call_of(tid: int) -> tuple[int, int, tuple[int, ...]]:
    """Return architecture, number and arguments of the call that a filter has told of; raises OSError."""
    info = ctypes.create_string_buffer(_CALL.size)
    kernel.ptrace(_GET_CALL, tid, _CALL.size, ctypes.addressof(info))
    op, arch, _, _, number, *arguments, _ = _CALL.unpack(info.raw)
    if op != _CALL_OF_FILTER:
        raise OSError(errno.ESRCH, "it waits for something else")
    return arch, number, tuple(arguments)


def fail_call(tid: int, number: int) -> None:
    """Let the call that a filter has told of fail with an error number; where that cannot be, kill it."""
    try:
        _skip(tid, -number)
        go_on(tid)
    except (OSError, KeyError):
        kill(tid)


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
        return os.waitpid(pid, ALL | os.WNOHANG | os.WUNTRACED)
    except ChildProcessError:
        return 0, 0


def leave_with(pid: int, status: int) -> int | None:
    """Make a program that stands at its exec leave with `status`, before it runs an instruction of its own.

    Where its registers cannot be set it is killed: it must not run. Returns its wait status if it has died.
    """
    try:
        kernel.ptrace(_SYSCALL, pid)  # out of execve, to where registers may be set
        _, ended = os.waitpid(pid, ALL)
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


class _Registers:
    """The registers of a program that stands still, of its own width."""

    def __init__(self, pid: int, kind: int = _NT_PRSTATUS) -> None:
        self._pid, self._kind = pid, kind
        self._bytes = ctypes.create_string_buffer(272)
        self._span = _Span(ctypes.addressof(self._bytes), len(self._bytes))
        kernel.ptrace(_GET_SET, pid, kind, ctypes.addressof(self._span))
        self.size = self._span.size
        self.word: type[ctypes.c_uint64 | ctypes.c_uint32] = ctypes.c_uint64
        self.machine = platform.machine()
        if self.machine == "x86_64" and self.size == 17 * 4:
            self.word = ctypes.c_uint32

    def __getitem__(self, place: int) -> int:
        return int(self._at(place).value)

    def __setitem__(self, place: int, value: int) -> None:
        self._at(place).value = value

    def _at(self, place: int) -> ctypes.c_uint64 | ctypes.c_uint32:
        return self.word.from_buffer(self._bytes, place * ctypes.sizeof(self.word))

    def write(self) -> None:
        kernel.ptrace(_SET_SET, self._pid, self._kind, ctypes.addressof(self._span))


def _leave(pid: int, status: int) -> None:
    """Set the registers to exit_group(status) and put the instruction for it where it stands."""
    registers = _Registers(pid)
    if registers.machine == "aarch64" and registers.size == 272:
        where, instruction = 32, 0xD4000001  # svc #0
        values = {8: 94, 0: status}
    elif registers.size == 27 * 8 and registers[17] == 0x33:
        where, instruction = 16, 0x0B0F050F  # syscall; ud2
        values = {10: 231, 14: status, 15: 2**64 - 1}
    elif registers.machine == "x86_64" and registers.size == 17 * 4:
        where, instruction = 12, 0x0B0F80CD  # int 0x80; ud2
        values = {6: 252, 0: status, 11: 2**32 - 1}
    else:
        raise KeyError(registers.size)
    for place, value in values.items():
        registers[place] = value
    kernel.ptrace(_POKE, pid, registers[where], instruction)
    registers.write()


def _skip(tid: int, result: int) -> None:
    """Have the call that it stands at not made, and return `result`."""
    registers = _Registers(tid)
    if registers.machine == "aarch64" and registers.size == 272:
        number = _Registers(tid, _NT_ARM_SYSCALL)
        number.word = ctypes.c_uint32
        number[0] = 2**32 - 1
        number.write()
        values = {0: result}
    elif registers.size == 27 * 8:
        values = {15: 2**64 - 1, 10: result}
    elif registers.machine == "x86_64" and registers.size == 17 * 4:
        values = {11: 2**32 - 1, 6: result}
    else:
        raise KeyError(registers.size)
    for place, value in values.items():
        registers[place] = value
    registers.write()


def _quietly(request: int, pid: int, data: int) -> None:
    try:
        kernel.ptrace(request, pid, 0, data)
    except ProcessLookupError:
        return
