"""The loop of the supervisor: every exec below the agent is stopped, decided on, and let go or ended.

    execve → notification → seize → go on → stop at the exec → image → judge → let go | hold | leave with 126

One thread, the main one, owns the listener and all of ptrace. A decision that waits for a person is made in a
thread of its own; until then the new program stands still, and everything else runs on: the exec has happened,
so whoever started the program has long returned.
Over 400 lines: it is one loop, and each step hands its program to the next.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import struct
import threading
import time
from collections import deque
from contextlib import suppress

from gatesh.errors import AuditError, Exit, GateshError
from gatesh.model import Opened, Refused, Verdict
from gatesh.overlay.front import BACKGROUND, FOREGROUND
from gatesh.supervise import kernel, tracee
from gatesh.supervise.absent import Absent
from gatesh.supervise.covered import Place, below
from gatesh.supervise.ends import Ends, parent, ready
from gatesh.supervise.image import image, process_of
from gatesh.supervise.record import Syncs, durable
from gatesh.supervise.tracee import Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.gate import Approver
    from gatesh.supervise.connections import Connections
    from gatesh.supervise.deletions import Deletions
    from gatesh.supervise.image import Image
    from gatesh.supervise.judge import Judge
    from gatesh.supervise.listener import Call, Listener
    from gatesh.supervise.record import Records

_LOOK_S = 0.2  # how often held programs are looked at
_BUSY_S = 1.0  # how long that may be put off while there is something to do
_SOON_S = 0.05  # how long end rows wait for others
_SAY_S = 2.0  # how long a refusal waits for room on a program's stderr
_WITHDRAW_S = 2.0  # how long the end of a session waits until its questions are withdrawn
_SIGNAL = struct.Struct("=IiiI112x")  # signalfd_siginfo: number, errno, code, pid
_FATAL = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
GUARD_GONE = signal.SIGPWR  # what the kernel sends the supervisor when the guard dies
# What comes over the guard, or from whoever knows this process: it is meant for the agent.
FORWARDED = frozenset(
    (
        signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
        signal.SIGALRM, signal.SIGCONT, signal.SIGWINCH,
    )
)  # fmt: skip
BLOCKED = FORWARDED | {
    signal.SIGCHLD, GUARD_GONE, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, FOREGROUND, BACKGROUND,
}  # fmt: skip


class _Held:
    """A program that stands at its exec until somebody has answered."""

    __slots__ = ("above", "approved", "gone", "opened", "pid", "refused", "settled")

    def __init__(self, pid: int, opened: Opened | None, above: Place) -> None:
        self.pid, self.opened, self.above = pid, opened, above
        self.gone = threading.Event()
        self.refused: Refused | None = None
        self.approved = self.settled = False


class Supervisor:
    """Serves one tree until its first process has ended."""

    def __init__(
        self,
        listener: Listener,
        judge: Judge,
        approver: Callable[[threading.Event], Approver],
        records: Records,
        alert: Callable[[str, str, int], None],
        agent: int,
        stopped: Callable[[], None],
        go_on: Callable[[bool], None],
        deletions: Deletions | None = None,
        connections: Connections | None = None,
    ) -> None:
        """Take the parts; signals in BLOCKED must be blocked in every thread.

        `approver` makes one that withdraws its question when the event is set; `stopped` is told that the
        agent was stopped, as by ^Z, and `go_on` whether it goes on in the foreground.
        """
        self._listener, self._judge, self._approver = listener, judge, approver
        self._records, self._alert = records, alert
        self._agent, self._agent_stopped, self._go_on = agent, stopped, go_on
        self._machine = kernel.machine()
        # Threads on their way through execve, and where they belong.
        self._starting: dict[int, Place] = {}
        self._absent = Absent(self._machine)
        self._held: dict[int, _Held] = {}
        self._asking: list[threading.Thread] = []
        self._answered: deque[_Held] = deque()
        self._places: dict[int, Place] = {}  # pid → what stands below it
        self._first = Place()
        self._deletions, self._connections = deletions, connections
        self._syncs = Syncs(records)
        self._status: int | None = None
        self._wakes, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._signals = kernel.signal_descriptor(BLOCKED)
        self._poll = select.epoll()
        for descriptor in (listener.descriptor, self._wakes, self._signals):
            self._poll.register(descriptor, select.EPOLLIN)
        self._ends = Ends(self._poll, records.end)

    def serve(self) -> int:
        """Serve the tree; return the wait status of the agent when it has ended."""
        work = {
            self._listener.descriptor: self._notified,
            self._signals: self._signalled,
            self._wakes: self._settle_answered,
        }
        looked = time.monotonic()
        while self._status is None:
            found = self._poll.poll(_SOON_S if self._ends.fresh else _LOOK_S, 64)
            for descriptor, events in found:
                if descriptor in work:
                    if events & select.EPOLLIN:
                        work[descriptor]()
                    elif descriptor == self._listener.descriptor:
                        self._poll.unregister(descriptor)  # nobody is left to call
                else:
                    self._places.pop(self._ends.ended(descriptor), None)
            now = time.monotonic()
            if not found or now - looked > _BUSY_S:
                self._at_leisure()
                looked = now
        return self._status

    def enter(self, pid: int, place: Place) -> None:
        """Take it that what a running program starts from now on belongs there; for any thread."""
        self._places[pid] = place

    def finish(self) -> None:
        """Withdraw what is still asked, and write how what has ended since ended."""
        for held in self._held.values():
            held.gone.set()
        until = time.monotonic() + _WITHDRAW_S
        for asking in self._asking:
            asking.join(max(0, until - time.monotonic()))
        self._ends.finish()

    def _at_leisure(self) -> None:
        self._ends.fresh = False
        try:
            self._records.flush()
        except AuditError as error:
            self._alert("end-rows", f"end rows were lost: {error.message}", os.getpid())
        if self._deletions is not None:
            self._deletions.look(self._listener)
        for pid, held in list(self._held.items()):
            if not held.settled and _dying(pid):
                held.gone.set()  # its agent sent a signal: nobody waits for it any more

    def _signalled(self) -> None:
        for number, _, _, _ in _SIGNAL.iter_unpack(os.read(self._signals, 64 * _SIGNAL.size)):
            if number == signal.SIGCHLD:
                self._collect()
            elif number == GUARD_GONE:
                raise GateshError("the guard of this session was killed; its programs are ended")
            elif number in (FOREGROUND, BACKGROUND):
                self._go_on(number == FOREGROUND)
            elif number in FORWARDED and self._status is None:
                with suppress(OSError):
                    self._forward(number)

    def _forward(self, number: int) -> None:
        if number == signal.SIGCONT:  # a terminal stops a whole group
            os.killpg(os.getpgid(self._agent), number)
        else:
            os.kill(self._agent, number)

    # -- on the way to the stop ----------------------------------------------------------------------

    def _notified(self) -> None:
        call = self._listener.receive()
        if call is None:
            return
        if call.number not in self._machine.execs(call.arch):
            self._called(call)
            return
        missing = self._absent.error(call)
        if missing:
            self._listener.fail(call, missing)
        else:
            self._starts(call)

    def _starts(self, call: Call) -> None:
        """Have a caller stop again once its new program is loaded."""
        try:
            tracee.seize(call.tid)
        except OSError as error:
            # Traced by somebody else (strace, gdb), or it cannot be traced: nobody could tell what starts.
            if self._listener.fail(call, errno.EACCES):
                self._alert("untraceable", f"an exec was refused: {error}", call.tid)
            return
        self._listener.go_on(call)
        with suppress(OSError):  # it is dead: waitpid will say so
            tracee.interrupt(call.tid)  # an exec that fails has to stop, too
        self._starting[call.tid] = self._above(call.tid)  # while the kernel loads the program

    def _called(self, call: Call) -> None:
        """Answer a call that starts no program."""
        if self._deletions is not None and self._deletions.counts(call):
            self._deletions.counted(call, self._above, self._listener)
        elif self._listener.hands_over(call):
            self._listener.go_on(call)
        elif self._connections is not None and self._connections.counts(call):
            self._connections.noted(call, self._above, self._listener)
        else:
            self._aimed(call)

    def _aimed(self, call: Call) -> None:
        """Let a signal or a limit through, unless it is for a thread of ours."""
        target = call.arguments[0] & 0xFFFFFFFF
        if os.path.lexists(f"/proc/self/task/{target}"):
            self._listener.fail(call, errno.EPERM)
        else:
            self._listener.go_on(call)

    def _collect(self) -> None:
        """Take every change of a tracee or child."""
        while True:
            pid, status = tracee.wait(-1)
            if not pid:
                return
            if os.WIFSTOPPED(status):
                self._stopped(pid, Stop(status))
            else:
                self._gone(pid, status)

    def _gone(self, pid: int, status: int) -> None:
        self._starting.pop(pid, None)
        if pid in self._held:
            self._held.pop(pid).gone.set()
        if pid == self._agent:
            self._status = status

    def _stopped(self, pid: int, stop: Stop) -> None:
        if stop.new_program:
            self._arrived(pid, self._started(pid))
        elif pid not in self._starting and pid not in self._held:
            if pid == self._agent:  # not traced: its terminal, or somebody, stopped it
                self._agent_stopped()
        elif stop.nothing_new and pid in self._starting:
            del self._starting[pid]
            tracee.detach(pid)
        else:
            tracee.pass_on(pid, stop)

    # -- at the stop ----------------------------------------------------------------------------------

    def _started(self, pid: int) -> Place | None:
        """Return where the program belongs that stands at its exec: where the thread did that called it."""
        place = self._starting.pop(pid, None)
        if self._starting:
            with suppress(OSError):
                place = self._starting.pop(tracee.former(pid), place)
        return place

    def _arrived(self, pid: int, above: Place | None = None) -> None:
        """Decide on the program that stands at its exec."""
        above = above or self._above(pid)
        try:
            found = self._image(pid)
            opened = self._judge.open(found, above)
        except (ProcessLookupError, FileNotFoundError):
            self._drop(pid)  # it is gone; if it is not, it does not run
        except GateshError as error:
            self._hold(_Held(pid, None, above), Refused(Exit.FAILED, error.lines()))
        except Exception as error:  # noqa: BLE001  promise 3: what breaks here runs nothing
            self._alert("defect", f"an exec could not be decided on: {error!r}", pid)
            lines = GateshError(repr(error), "this is a defect of gatesh, please report it").lines()
            self._hold(_Held(pid, None, above), Refused(Exit.FAILED, lines))
        else:
            if opened.decision.verdict is not Verdict.ALLOW:
                self._hold(_Held(pid, opened, above), None)
            elif not durable(opened) or self._syncs.at_once():
                self._let_go(pid, opened, below(opened, above, approved=False))
            else:
                held = self._held[pid] = _Held(pid, opened, above)
                self._syncs.add(lambda failed: self._synced(held, failed))

    def _hold(self, held: _Held, refused: Refused | None) -> None:
        held.refused = refused
        self._held[held.pid] = held
        asking = threading.Thread(target=self._settle, args=(held,), name="held", daemon=True)
        asking.start()
        self._asking = [*(one for one in self._asking if one.is_alive()), asking]

    def _synced(self, held: _Held, failed: AuditError | None) -> None:
        """Have it let go, its row being on the disk: in the thread of Syncs."""
        if failed is not None:
            held.refused = Refused(Exit.FAILED, failed.lines())
        self._settled(held)

    def _settle(self, held: _Held) -> None:
        """Wait for an answer, and say no where it is one: in a thread of its own."""
        try:
            if held.opened is not None:
                self._records.sync()
                approver = self._approver(held.gone)
                held.refused = self._judge.settle(held.opened, held.above, approver)
                held.approved = held.refused is None
        except GateshError as error:
            held.refused = Refused(Exit.FAILED, error.lines())
        except Exception as error:  # noqa: BLE001  promise 3
            held.refused = Refused(Exit.FAILED, f"gatesh: error: {error!r}\n")
        self._settled(held)

    def _settled(self, held: _Held) -> None:
        held.settled = True
        if held.refused is not None:
            with suppress(OSError):  # it has no stderr: the status has to say it all
                say(held.pid, held.refused.message)
        self._answered.append(held)
        os.write(self._wake, b"\0")

    def _settle_answered(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wakes, 4096)
        while self._answered:
            held = self._answered.popleft()
            if self._held.get(held.pid) is not held:
                continue  # it died in the meantime: nothing is let go
            del self._held[held.pid]
            if held.refused is None and held.opened is not None:
                place = below(held.opened, held.above, approved=held.approved)
                self._let_go(held.pid, held.opened, place)
                continue
            self._turn_away(held.pid, held.refused.status if held.refused else 126)

    def _let_go(self, pid: int, opened: Opened, place: Place) -> None:
        if not self._first.record:
            self._first = place.but(approved=())
        descriptor = -1
        with suppress(OSError):  # dead, or no descriptors are left: nobody will know how it ends
            descriptor = self._ends.know(pid)
        self._release(pid)
        if descriptor >= 0:
            self._ends.watch(pid, descriptor, opened.record)
            self._places[pid] = place

    # What another way of gating does otherwise.

    def _image(self, pid: int) -> Image:
        return image(pid)

    def _release(self, pid: int) -> None:
        tracee.detach(pid)

    def _turn_away(self, pid: int, status: int) -> None:
        ended = tracee.leave_with(pid, status)
        if ended is not None:
            self._gone(pid, ended)

    def _drop(self, pid: int) -> None:
        tracee.kill(pid)

    # -- the tree -------------------------------------------------------------------------------------

    def _above(self, pid: int) -> Place:
        """Return the place of a program: what itself or the nearest of its ancestors was let go as.

        Where those have ended it belongs to the agent, and nothing that was approved covers it.
        """
        first = pid
        for steps in range(64):
            place = self._places.get(pid)
            if (
                place is not None
            ):  # what git starts itself it forks for; a hook of its is a program by then
                forked = not place.git or (steps == 1 and _is_process(first))
                return place if forked else place.but(git="")
            pid = parent(pid)
            if pid <= 1:
                break
        return self._first


def _is_process(tid: int) -> bool:
    """Claim that it is no further thread: its process may be another program than its parent."""
    try:
        return process_of(tid) == tid
    except OSError:
        return False


def _dying(pid: int) -> bool:
    """Claim that a signal waits which will end it: the image is new, so nothing handles it."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            masks = dict(line.split(":\t") for line in file if line.startswith(("Sig", "Shd")))
    except (OSError, ValueError):
        return False
    pending = int(masks["SigPnd"], 16) | int(masks["ShdPnd"], 16)
    deliverable = pending & ~int(masks["SigBlk"], 16) & ~int(masks["SigIgn"], 16)
    return any(deliverable >> (number - 1) & 1 for number in _FATAL)


def say(pid: int, text: str) -> None:
    """Write to a program's own stderr, which may be a socket; where there is no room, not."""
    descriptor = kernel.copy_descriptor(pid, 2)
    try:
        if ready(descriptor, select.POLLOUT, _SAY_S):
            os.write(descriptor, text.encode("utf-8", "replace")[:4096])
    finally:
        os.close(descriptor)
