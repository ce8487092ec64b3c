"""Whether this kernel lets us gate programs, shown by doing it once: a version number proves nothing."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

from gatesh.supervise import bpf, kernel, tracee
from gatesh.supervise.listener import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LEFT = 126
_MOST_S = 5.0
_WHY = {
    errno.EBUSY: "another program gates this process already (a filter above has the one listener)",
    errno.EINVAL: "this kernel is older than 5.19",
    errno.ENOSYS: "this kernel or container has no seccomp",
}


def obstacle() -> str:
    """Return why programs cannot be gated here; empty where one was stopped at its exec and made to leave."""
    try:
        machine = kernel.machine()
    except OSError as error:
        return str(error.strerror)
    here, there = socket.socketpair()
    pid = os.fork()
    if not pid:
        _start(there, machine)
    there.close()
    why = "a program could not be stopped at its exec"
    try:
        said, descriptors, _, _ = socket.recv_fds(here, 64, 1)
        if descriptors:
            status = _gate(pid, Listener(descriptors[0]))
            os.close(descriptors[0])
            return "" if status == _LEFT << 8 else why
        number = int(said or b"0")
        why = _WHY.get(number, f"seccomp: {os.strerror(number)}")
    except (OSError, ValueError) as error:
        why = f"{why}: {error}"
    finally:
        here.close()
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return why


def _start(there: socket.socket, machine: kernel.Machine) -> NoReturn:
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        listener = kernel.listen(bpf.program(machine, (), (), budget=False), machine.seccomp)
        socket.send_fds(there, [b"0"], [listener])
        os.execv(sys.executable, [sys.executable, "-c", ""])
    except OSError as error:
        there.send(b"%d" % (error.errno or 0))
    os._exit(1)


def _gate(pid: int, listener: Listener) -> int:
    """Stop the program at its exec and make it leave; return its wait status."""
    until = time.monotonic() + _MOST_S
    if not select.select([listener.descriptor], (), (), _MOST_S)[0]:
        return -1
    call = listener.receive()
    if call is None:
        return -1
    tracee.seize(call.tid)
    listener.go_on(call)
    while time.monotonic() < until:
        found, status = tracee.wait(pid)
        if not found:
            time.sleep(0.0005)
        elif not os.WIFSTOPPED(status):
            return status
        elif tracee.Stop(status).new_program:
            ended = tracee.leave_with(pid, _LEFT)
            if ended is not None:
                return ended
        else:
            return -1
    return -1
