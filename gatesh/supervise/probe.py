"""How far this kernel lets us gate programs, shown by doing it once: a version number proves nothing.

exec-gate: a listener tells of every exec, ptrace stops it once it is loaded; ptrace: the whole tree is traced
from its first program on; notification: a listener alone, decided on before it is loaded; advisory: neither,
shims for shells.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

from gatesh._value import Value
from gatesh.supervise import bpf, kernel, tracee
from gatesh.supervise.listener import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from gatesh.supervise.listener import Call

EXEC_GATE, PTRACE, NOTIFICATION, ADVISORY = "exec-gate", "ptrace", "notification", "advisory"
_LEFT = 126
_MOST_S = 5.0
_WHY = {
    errno.EBUSY: "another program gates this process already (a filter above has the one listener)",
    errno.EINVAL: "this kernel is older than 5.19",
    errno.ENOSYS: "this kernel or container has no seccomp",
}


class Level(Value):
    """What gates programs here, and why nothing better does."""

    name: str
    why: str = ""
    filtered: bool = True  # a filter keeps the tree from its guards


def level() -> Level:
    """Return the first level that was seen to work."""
    try:
        kernel.machine()
    except OSError as error:
        return Level(ADVISORY, str(error.strerror), filtered=False)
    why = _tried("notify", _by_notice)
    if not why:
        return Level(EXEC_GATE)
    for filtered in (True, False):
        if not _tried("trace" if filtered else "", _by_trace):
            return Level(PTRACE, why, filtered=filtered)
    if not _tried("notify", _by_reading):
        return Level(NOTIFICATION, why)
    return Level(ADVISORY, why, filtered=False)


def _tried(filters: str, gate: Callable[[int, int], int]) -> str:
    """Return why a program that a child starts could not be stopped; empty where it was made to leave."""
    here, there = socket.socketpair()
    pid = os.fork()
    if not pid:
        _start(there, filters)
    there.close()
    why = "a program could not be stopped at its exec"
    try:
        if filters != "notify":
            tracee.seize_tree(pid)
        here.send(b"go")
        said, descriptors, _, _ = socket.recv_fds(here, 64, 1)
        if said != b"0":
            number = int(said or b"0")
            return _WHY.get(number, f"seccomp: {os.strerror(number)}")
        status = gate(pid, descriptors[0] if descriptors else -1)
        for descriptor in descriptors:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        return f"{why}: {error}"
    else:
        return "" if status == _LEFT << 8 else why
    finally:
        here.close()
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            _reap(pid)


def _reap(pid: int) -> None:
    while not os.WIFEXITED(status := os.waitpid(pid, tracee.ALL)[1]) and not os.WIFSIGNALED(status):
        pass


def _start(there: socket.socket, filters: str) -> NoReturn:
    """Put on a filter and start a program: as a child of this one, where it is traced."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        there.recv(8)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if filters:
            machine = kernel.machine()
            program = bpf.program(machine, (), (), budget=False, traced=filters == "trace")
            number = machine.calls["seccomp"]
            listener = kernel.put_filter(program, number, listen=filters == "notify")
        if filters == "notify":
            socket.send_fds(there, [b"0"], [listener])
        else:
            there.send(b"0")
            below = os.fork()
            if below:
                os._exit(os.waitstatus_to_exitcode(os.waitpid(below, 0)[1]))
        os.execv(sys.executable, [sys.executable, "-c", ""])
    except OSError as error:
        there.send(b"%d" % (error.errno or 0))
        os._exit(_LEFT if error.errno == errno.EACCES else 1)
    os._exit(1)


def _told(descriptor: int) -> tuple[Listener, Call]:
    """Return the exec that the listener tells of; raises OSError."""
    listener = Listener(descriptor)
    call = None
    if select.select([descriptor], (), (), _MOST_S)[0]:
        call = listener.receive()
    if call is None:
        raise OSError(errno.ETIME, "no exec came")
    return listener, call


def _by_notice(pid: int, descriptor: int) -> int:
    """Stop the program at its exec and make it leave; return the wait status of `pid`."""
    listener, call = _told(descriptor)
    tracee.seize(call.tid)
    listener.go_on(call)
    return _by_trace(pid, -1)


def _by_reading(pid: int, descriptor: int) -> int:
    """Read what is to start from the caller's memory, and let it fail."""
    listener, call = _told(descriptor)
    kernel.read_string(call.tid, call.arguments[0])
    os.close(kernel.copy_descriptor(call.tid, 2))
    listener.fail(call, errno.EACCES)
    return os.waitpid(pid, 0)[1]


def _by_trace(pid: int, _: int) -> int:
    """Make the program leave that stops at its exec: `pid`, or one below it."""
    until = time.monotonic() + _MOST_S
    while time.monotonic() < until:
        found, status = tracee.wait(-1)
        if not found:
            time.sleep(0.0005)
        elif not os.WIFSTOPPED(status):
            if found == pid:
                return status
        elif (stop := tracee.Stop(status)).new_program:
            ended = tracee.leave_with(found, _LEFT)
            if found == pid and ended is not None:
                return ended
        else:
            tracee.go_on(found, 0 if stop.event else stop.signal)
    return -1
