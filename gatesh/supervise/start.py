"""The processes of a session: guard, supervisor, agent.

guard          what the person started: their shell's job; waits, and ends what is left when the supervisor dies
 └ supervisor  keeper and gate; a process group of its own, not to be traced, not to be signalled from below
    └ agent    in a process group of its own on a terminal, with the filter on

Where the person's terminal is held for cards (overlay.front) the guard has a second child, the relay, and the
supervisor leads a session on the agent's own terminal. Else all are in the session of the person's terminal.
Either way ^C, ^Z, fg and bg work on the agent.
Over 400 lines: what each process does between fork and exec has to be read together.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from enum import Enum

from gatesh.errors import ConfigError, GateshError
from gatesh.overlay.front import BACKGROUND, FOREGROUND
from gatesh.run.bash import leave_as
from gatesh.session import process
from gatesh.supervise import bpf, closing, kernel, opener
from gatesh.supervise.supervisor import BLOCKED, FORWARDED, GUARD_GONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from gatesh.overlay.front import Front
    from gatesh.supervise.closing import Reply, Request

_MOST_ROUNDS = 500  # of ending descendants: each round ends all that are there
_AGENT_STOPPED = signal.SIGTSTP  # what the supervisor tells the guard with
_HUNG_UP_S = 5.0  # how long an agent has to end without its terminal
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_ATTENDED = FORWARDED | {signal.SIGCHLD, _AGENT_STOPPED, FOREGROUND}


def ignore_the_rest() -> None:
    """Ignore every signal that nothing here waits for: whoever opened a file may have its owner sent any."""
    kept = {*BLOCKED, signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE,
            signal.SIGILL, signal.SIGABRT, signal.SIGSYS, signal.SIGTRAP}  # fmt: skip
    for number in signal.valid_signals() - kept:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)


class Guard:
    """What the supervisor knows of its guard."""

    __slots__ = ("_told", "front", "mask", "pid")

    def __init__(self, pid: int, mask: set[signal.Signals], told: int, front: Front | None) -> None:
        """Keep its pid, the signal mask that the person's shell gave it, where it reads from, its relay."""
        self.pid, self.mask, self._told, self.front = pid, mask, told, front

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the processes outside the supervisor that its tree must not harm."""
        return (self.pid, self.front.pid) if self.front else (self.pid,)

    def agent_is(self, pid: int) -> None:
        """Tell it which process group the person's terminal belongs to."""
        os.write(self._told, b"%d\n" % pid)

    def go_on(self, agent: int, *, foreground: bool) -> None:
        """Have an agent on a terminal of its own go on."""
        if self.front:
            self.front.go_on(agent, foreground=foreground)

    def over(self) -> None:
        """Give the person's terminal back: the agent has ended."""
        if self.front:
            self.front.over()

    def agent_stopped(self) -> None:
        """Have it stop, as the agent did."""
        os.kill(self.pid, _AGENT_STOPPED)


class Child:
    """The agent's process, forked and waiting: it starts when it is told to."""

    def __init__(self, command: list[str], env: dict[bytes, bytes], guard: Guard) -> None:
        """Fork it; the guard and this process are what its tree must not harm."""
        self._here, there = socket.socketpair()
        self.closed_again, told = os.pipe2(os.O_CLOEXEC)  # a line for each path
        supervisor = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            self._here.close()
            os.close(self.closed_again)
            _become(command, env, there, (*guard.pids, supervisor), guard.mask, told)
        there.close()
        os.close(told)
        guard.agent_is(self.pid)

    def close(self, wanted: Request) -> Reply:
        """Have paths closed to it and all below, once, before it starts."""
        return closing.request(self._here, wanted)

    def start(self, filters: Filter) -> tuple[int, ...]:
        """Let it put on the filter and start. Raises ConfigError.

        Return the listener where it has one, and what the opener is told by where there is one.
        """
        self._here.send(filters.name.encode())
        said, descriptors, _, _ = socket.recv_fds(self._here, 4096, 2)
        self._here.close()
        if said != _DONE:
            why = said.decode("utf-8", "replace")
            raise ConfigError(f"the agent could not be put below the gate: {why or 'it ended'}")
        return tuple(descriptors)


class Filter(Enum):
    """What is put on the agent before it starts; with a budget it tells of deletions too.

    What is named hands over every call that names a file.
    """

    FREE = "free"  # nothing at all
    BARE = "bare"  # nothing, on a tree that is gated all the same
    TOLD = "notify"
    TOLD_ALL = "notify budget"
    NAMED = "notify named"
    NAMED_ALL = "notify named budget"
    TRACED = "trace"
    TRACED_ALL = "trace budget"


_DONE = b"done"


def _become(
    command: list[str],
    env: dict[bytes, bytes],
    there: socket.socket,
    protected: tuple[int, ...],
    mask: set[signal.Signals],
    told: int,
) -> NoReturn:
    """Put on the filter, hand over its listener, and become the agent."""
    try:
        gains = kernel.may_filter()  # else what gains privileges gains none here
        closer = closing.serve(there, told)
        protected = (*protected, closer) if closer else protected
        name = there.recv(16).decode()
        if not name:
            os._exit(125)  # the supervisor has given up
        wanted = Filter[name]
        tasks = None
        if "named" in wanted.value:
            tasks, pid = opener.start()
            protected = (*protected, pid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        groups = {os.getpgid(pid) for pid in protected}
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # or the supervisor could not trace its first exec
        _lead()
        if wanted is Filter.FREE:
            there.send(_DONE)
            _start(command, env, mask)
        with suppress(OSError):  # root's agent: it must not trace or read its guards
            kernel.prctl(kernel.PR_CAPBSET_DROP, kernel.CAP_SYS_PTRACE)
        _put_on(wanted, protected, groups, there, tasks, gains=gains)
    except OSError as error:
        with suppress(OSError):
            there.send(str(error).encode())
        os._exit(125)
    _start(command, env, mask)


def _put_on(
    wanted: Filter,
    protected: tuple[int, ...],
    groups: set[int],
    there: socket.socket,
    tasks: socket.socket | None,
    *,
    gains: bool,
) -> None:
    """Put on the filter, and say so; hand over its listener where it has one, and the opener's `tasks`."""
    if wanted is Filter.BARE:
        there.send(_DONE)
        return
    kind, *more = wanted.value.split()
    machine = kernel.machine()
    program = bpf.program(
        machine, protected, groups, budget="budget" in more, connections=True,
        traced=kind == "trace", named="named" in more,
    )  # fmt: skip
    if not gains:  # root's tree keeps sudo and its like: who traces it may see them start
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    listener = kernel.put_filter(program, machine.calls["seccomp"], listen=kind == "notify")
    if kind == "notify":
        given = [listener, tasks.detach()] if tasks else [listener]
        socket.send_fds(there, [_DONE], given)
        for descriptor in given:
            os.close(descriptor)
    else:
        there.send(_DONE)


def _start(command: list[str], env: dict[bytes, bytes], mask: set[signal.Signals]) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them for itself
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvpe(os.fsencode(command[0]), list(map(os.fsencode, command)), env)
    except OSError as error:
        text = f"gatesh: error: {command[0]}: {error.strerror}\n"
        os.write(2, text.encode("utf-8", "surrogateescape"))
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def attend(child: Child, guard: Guard) -> int:
    """Wait for an agent that is not gated, hand signals on, and stop with it; return its wait status."""
    while True:
        got = signal.sigwaitinfo(BLOCKED - {_AGENT_STOPPED, signal.SIGTTIN, signal.SIGTTOU})
        if got.si_signo == GUARD_GONE:
            raise GateshError("the guard of this session was killed; its programs are ended")
        if got.si_signo in (FOREGROUND, BACKGROUND):
            guard.go_on(child.pid, foreground=got.si_signo == FOREGROUND)
            continue
        if got.si_signo != signal.SIGCHLD:
            with suppress(OSError):
                os.kill(child.pid, got.si_signo)
            continue
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if not pid:
                break
            if pid == child.pid and not os.WIFSTOPPED(status):
                return status
            if pid == child.pid:
                guard.agent_stopped()


def _lead() -> None:
    """Lead a process group, on the terminal where the person's job has it."""
    terminal = _Terminal()
    mine = terminal.is_ours()
    os.setpgid(0, 0)
    if mine:
        terminal.give(os.getpgrp())
    terminal.close()


class _Terminal:
    """The controlling terminal, where there is one; SIGTTOU must be blocked."""

    def __init__(self) -> None:
        try:
            self._fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError:
            self._fd = -1

    def is_ours(self) -> bool:
        """Claim that the guard's process group, or ours, is in the foreground."""
        try:
            return os.tcgetpgrp(self._fd) in (os.getpgrp(), _group(os.getppid()), _guard_group())
        except OSError:
            return False

    def give(self, group: int) -> None:
        """Put a process group into the foreground."""
        with suppress(OSError):
            os.tcsetpgrp(self._fd, group)

    def holder(self) -> int:
        """Return the process group in the foreground; 0 where that cannot be told."""
        try:
            return os.tcgetpgrp(self._fd)
        except OSError:
            return 0

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.close(self._fd)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _guard_group() -> int:
    supervisor = process(os.getppid())
    return _group(supervisor.ppid) if supervisor else 0


def guarded(supervise: Callable[[Guard], int], front: Front | None = None) -> NoReturn:
    """Run `supervise` in a child, given its guard; end as it says, and never before its tree.

    `supervise` returns the wait status to end with. `front` is the agent's own terminal.
    """
    guard = os.getpid()
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
    numbers = {signal.Signals(number) for number in mask}
    terminal = _Terminal()
    if front:
        front.start(numbers)
    hear, tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    supervisor = os.fork()
    if not supervisor:
        os.close(hear)
        terminal.close()
        _supervise(supervise, Guard(guard, numbers, tell, front))
    os.close(tell)
    if front:
        front.parted()
    ignore_the_rest()
    status = _Attending(supervisor, terminal, hear, front).until_ended()
    end_descendants()
    if front:
        front.restore()
    if terminal.holder() not in (0, os.getpgrp()) and not _alive(terminal.holder()):
        terminal.give(os.getpgrp())  # else whoever started us could not read from it
    leave_as(status)


class _Attending:
    """The guard at work: hands signals on, stops when the agent has been stopped, outlives its children."""

    def __init__(
        self, supervisor: int, terminal: _Terminal, hear: int, front: Front | None
    ) -> None:
        self._supervisor, self._terminal, self._hear, self._front = (
            supervisor,
            terminal,
            hear,
            front,
        )
        self._agent = 0
        self._status: int | None = None
        self._relays = front is not None
        self._until = 0.0  # when an agent is ended that stays without its terminal
        self._ended = False

    def until_ended(self) -> int:
        """Wait for the supervisor, then for the relay, which has the last output to write."""
        while self._status is None or self._relays:
            got = self._next()
            if got is None:  # the agent did not end with its terminal
                os.kill(self._supervisor, signal.SIGKILL)
            elif got.si_signo == signal.SIGCHLD:
                self._collect()
            elif got.si_signo == _AGENT_STOPPED:
                if got.si_pid == self._supervisor:
                    self._stop()
            elif got.si_signo in _ENDING and self._status is not None:
                return self._status  # whoever waits for its last output has enough
            elif got.si_signo != signal.SIGWINCH or got.si_pid:
                with suppress(ProcessLookupError):
                    os.kill(self._supervisor, self._for_supervisor(got.si_signo))
        return self._status

    def _next(self) -> signal.struct_siginfo | None:
        """Wait for a signal; None is returned once, where the agent outlives its terminal by too much."""
        alone = self._front is not None and not self._relays and self._status is None
        if not alone or self._ended:
            return signal.sigwaitinfo(_ATTENDED)
        now = time.monotonic()
        self._until = self._until or now + _HUNG_UP_S
        left = self._until - now
        got = signal.sigtimedwait(_ATTENDED, left) if left > 0 else None
        self._ended = got is None
        return got

    def _collect(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._relays = False
                self._status = 125 << 8 if self._status is None else self._status
                return
            if not pid:
                return
            if pid == self._supervisor:
                self._status = status
            elif self._front and pid == self._front.pid:
                self._relays = False

    def _stop(self) -> None:
        """Stop, as the agent did, until the person's shell has us go on; then have the agent go on."""
        with suppress(BlockingIOError):
            self._agent = int(os.read(self._hear, 64) or self._agent)
        if self._front:
            self._front.suspend()
        _stop_myself()
        # Here `fg` or `bg` has continued us; where it was `fg`, the terminal is ours to hand on.
        if self._front:
            self._front.resume()
            if (
                signal.SIGCONT not in signal.sigpending()
            ):  # we have not stopped: the agent does not, either
                os.kill(self._supervisor, FOREGROUND)
            return  # else the SIGCONT that did it says the rest
        if self._terminal.holder() == os.getpgrp():
            self._terminal.give(_group(self._agent))
        with suppress(ProcessLookupError):
            os.kill(self._supervisor, signal.SIGCONT)

    def _for_supervisor(self, number: int) -> int:
        """Return what the supervisor is told: an agent on a terminal of its own goes on in its way."""
        if number == signal.SIGCONT and self._front:
            return FOREGROUND if self._terminal.holder() == os.getpgrp() else BACKGROUND
        return number


def _stop_myself() -> None:
    """Stop as ^Z does: not where there is no shell that could have us go on, as after a hang-up."""
    os.kill(os.getpid(), signal.SIGTSTP)
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTSTP,))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _supervise(supervise: Callable[[Guard], int], guard: Guard) -> NoReturn:
    status = 125
    try:
        if guard.front:
            guard.front.join()
        else:
            os.setpgid(0, 0)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, GUARD_GONE)
        if os.getppid() == guard.pid:
            leave_as(supervise(guard))
    except GateshError as error:
        os.write(2, error.lines().encode("utf-8", "replace"))
        status = error.status
    except BaseException as error:  # noqa: BLE001  the tree dies with its supervisor
        os.write(2, f"gatesh: error: {type(error).__name__}: {error}\n".encode())
    end_descendants()
    os._exit(status)


def end_descendants() -> None:
    """Kill everything below this process: it is a sub-reaper, so nothing below it can leave."""
    me, pause_s, empty = os.getpid(), 0.0005, 0
    for _ in range(_MOST_ROUNDS):
        left = _descendants(me)
        # Twice: while we looked, one may have gone over to us from a parent that ended.
        empty = empty + 1 if not left else 0
        if empty > 1:
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.05)


def _descendants(top: int) -> list[int]:
    """Return all processes below `top`, zombies that only it can reap included."""
    above = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := process(int(name))) is not None:
            above[found.pid] = found.ppid
    left = []
    for pid, first in above.items():
        at, steps = first, 0
        while at not in (top, 0) and steps < len(above):
            at, steps = above.get(at, 0), steps + 1
        if at == top:
            left.append(pid)
    return left
