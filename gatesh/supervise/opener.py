"""The opener: makes calls that name a file in the place of their callers, but for files that are closed.

A process of its own, between the tree and what the supervisor knows: it has no other file open, and can answer
while that decides. All calls of the tree that name files go through it, one after the other; so nothing that it
has looked at can be renamed or linked by the tree before it is opened. What was opened is what was looked at:
the descriptor that the path led to is opened, not the path once more.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import stat
from contextlib import suppress

from gatesh.scope.closed import Names, Shut
from gatesh.supervise import kernel
from gatesh.supervise.led import Led, caller, terminal
from gatesh.supervise.listener import Call, Listener
from gatesh.supervise.named import CUT, LINK, OPEN, REMOVE, REMOVE_FOLDER, SIZE, Task, unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from gatesh.supervise.led import Probed

_MOST_TASK = 3 * 4096
_MOST_TRIES = 40
_LOOK_S = 0.5  # how often an open that blocks looks whether somebody still waits for it
_OURS = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY  # said in another way
_TMPFILE = os.O_TMPFILE & ~os.O_DIRECTORY
_SYMLINK_FOLLOW, _EMPTY_PATH = 0x400, 0x1000
_KEPT = {
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGILL,
    signal.SIGFPE,
}
_SERIAL = frozenset((4, 166, 188, 204))  # devices that wait for somebody at the other end


def start() -> tuple[socket.socket, int]:
    """Start it as nobody's child but the supervisor's; return what tells it, and its pid. Raises OSError."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    between = os.fork()
    if not between:
        here.close()
        _detach(there)
    there.close()
    os.waitpid(between, 0)
    pid = int(here.recv(32) or b"0")
    if not pid:
        raise OSError(errno.ECHILD, "the opener ended")
    return here, pid


def _detach(there: socket.socket) -> NoReturn:
    try:
        if os.fork():
            os._exit(0)
        os.setsid()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        os.chdir("/")
        for number in range(1, signal.NSIG):  # its own children nobody waits for either
            if number not in _KEPT:
                with suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.closerange(3, there.fileno())
        os.closerange(there.fileno() + 1, 1 << 20)
        there.send(b"%d" % os.getpid())
        _serve(there)
    except BaseException:  # noqa: BLE001  it must not go on as what it was forked from
        os._exit(1)
    os._exit(0)


def _serve(there: socket.socket) -> None:
    head, descriptors, _, _ = socket.recv_fds(there, SIZE.size, 1)
    if not descriptors:
        return
    (size,) = SIZE.unpack(head)
    data = b""
    while len(data) < size:
        piece = there.recv(1 << 16)
        if not piece:
            return
        data += piece
    paths, globs, roots, cwd = json.loads(data)
    opener = Opener(Listener(descriptors[0]), Shut(tuple(paths), tuple(globs), tuple(roots), cwd))
    while task := there.recv(_MOST_TASK):
        opener.answer(unpacked(task))


class Opener:
    """Makes calls, for whoever makes them."""

    def __init__(self, listener: Listener, shut: Shut) -> None:
        """Take the listener, and what is closed."""
        self._listener, self._names = listener, Names(shut)
        self._led = Led(shut.paths, self._names.closed)
        os.umask(0)
        self._own = caller(os.getpid()).identity
        self._acting: kernel.Identity | None = None
        self._is_root = os.geteuid() == 0 or kernel.capabilities() != 0
        self._made: dict[int, Callable[[Task], None]] = {
            OPEN: self._open, CUT: self._cut, REMOVE: self._remove, LINK: self._link,
        }  # fmt: skip

    def answer(self, task: Task) -> None:
        """Make a call, and let its caller go on; what breaks here fails the call."""
        call = Call(task.id, task.tid, 0, 0, ())
        try:
            if self._is_root:
                self._act_as(caller(task.tid).identity)
            self._made.get(task.what, self._rename)(task)
        except OSError as error:
            self._listener.fail(call, error.errno or errno.EACCES)
        except Exception:  # noqa: BLE001  promise 3: what breaks here opens nothing
            self._listener.fail(call, errno.EACCES)
        finally:
            self._led.let_go()

    def _act_as(self, who: kernel.Identity) -> None:
        if who != self._acting:
            self._acting = None  # where that fails half of it may have been done
            kernel.act_as(who)
            self._acting = who

    def _base(self, tid: int, at: int, path: bytes) -> int:
        """Return the folder that a path is below: also of a program that has its memory hidden, as root."""
        try:
            return self._led.base(tid, at, path)
        except PermissionError:
            if not self._is_root:
                raise
        who = self._acting
        self._act_as(self._own)
        try:
            return self._led.base(tid, at, path)
        finally:
            if who:
                self._act_as(who)

    def _done(self, task: Task) -> None:
        self._listener.done(Call(task.id, task.tid, 0, 0, ()))

    # -- opening ---------------------------------------------------------------------------------------

    def _open(self, task: Task) -> None:
        base, path, flags = self._base(task.tid, task.at, task.path), task.path, task.flags
        if flags & os.O_CREAT and flags & os.O_EXCL:
            self._created(task, base, path, alone=True)
            return
        for _ in range(_MOST_TRIES):
            try:
                found = self._led.probe(task.tid, base, path, follow=not flags & os.O_NOFOLLOW)
            except FileNotFoundError:
                if not flags & os.O_CREAT:
                    raise
            else:
                self._open_again(task, found)
                return
            with suppress(FileExistsError):  # somebody was quicker: that is opened
                base, path = self._created(task, base, path, alone=False)
            if not path:
                return
        raise OSError(errno.ELOOP, "too many links")

    def _created(self, task: Task, base: int, path: bytes, *, alone: bool) -> tuple[int, bytes]:
        """Make a file and hand it over; return where a link leads that is in its place."""
        folder, name, full = self._led.parent(task.tid, base, path)
        if name.endswith(b"/") or name in (b"", b".", b".."):
            raise OSError(errno.EISDIR, "a folder")
        if self._names.closed(full):
            raise PermissionError(errno.EACCES, "it is closed")
        if not alone:
            with suppress(OSError):
                return folder, os.readlink(name, dir_fd=folder)
        flags = task.flags & ~_OURS | os.O_CREAT | os.O_EXCL | os.O_NOCTTY | os.O_CLOEXEC
        os.umask(caller(task.tid).umask)
        try:
            made = self._led.keep(os.open(name, flags, task.more, dir_fd=folder))
        finally:
            os.umask(0)
        self._give(task, made)
        return -1, b""

    def _open_again(self, task: Task, found: Probed) -> None:
        """Open what a path led to as it was wanted, and hand it over."""
        flags = task.flags
        mode = found.status.st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, "a link")
        if stat.S_ISDIR(mode) and flags & os.O_CREAT:
            raise IsADirectoryError(errno.EISDIR, "a folder")
        path = f"/proc/self/fd/{found.descriptor}"
        if stat.S_ISCHR(mode) and found.status.st_rdev == os.makedev(5, 0):
            path = terminal(task.tid)
        flags = flags & ~_OURS | os.O_NOCTTY | os.O_CLOEXEC
        if _may_wait(found, flags):
            self._wait_for(task, path, flags)
            return
        if flags & _TMPFILE:
            os.umask(caller(task.tid).umask)
        try:
            opened = self._led.keep(os.open(path, flags, task.more))
        finally:
            os.umask(0)
        self._give(task, opened)

    def _wait_for(self, task: Task, path: str, flags: int) -> None:
        """Open what waits for somebody at its other end: in a process that ends with its caller."""
        if os.fork():
            return
        try:
            call = Call(task.id, task.tid, 0, 0, ())

            def look(*_: object) -> None:
                if not self._listener.waits(call):
                    os._exit(0)

            signal.signal(signal.SIGALRM, look)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGALRM,))
            signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)
            try:
                opened = os.open(path, flags)
            except OSError as error:
                self._listener.fail(call, error.errno or errno.EACCES)
            else:
                self._give(task, opened)
        finally:
            os._exit(0)

    def _give(self, task: Task, descriptor: int) -> None:
        call = Call(task.id, task.tid, 0, 0, ())
        self._listener.give(call, descriptor, task.flags & os.O_CLOEXEC)

    # -- what else names a file ------------------------------------------------------------------------

    def _cut(self, task: Task) -> None:
        base = self._base(task.tid, task.at, task.path)
        found = self._led.probe(task.tid, base, task.path, follow=True)
        if stat.S_ISFIFO(found.status.st_mode):
            raise OSError(errno.EINVAL, "no file")
        os.truncate(f"/proc/self/fd/{found.descriptor}", task.more)
        self._done(task)

    def _remove(self, task: Task) -> None:
        if task.flags & ~REMOVE_FOLDER:
            raise OSError(errno.EINVAL, "what it says is unknown")
        base = self._base(task.tid, task.at, task.path)
        folder, name, full = self._led.parent(task.tid, base, task.path)
        if self._names.closed(full):
            raise PermissionError(errno.EACCES, "it is closed")
        if task.flags & REMOVE_FOLDER:
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
        self._done(task)

    def _rename(self, task: Task) -> None:
        source, name = self._free(task.tid, task.at, task.path)
        target, new = self._free(task.tid, task.to, task.new)
        kernel.rename(source, name, target, new, task.flags)
        self._done(task)

    def _free(self, tid: int, at: int, path: bytes) -> tuple[int, bytes]:
        """Return the folder of a name, and the name, where it may be renamed."""
        folder, name, full = self._led.parent(tid, self._base(tid, at, path), path)
        if self._names.holds(full):
            raise PermissionError(errno.EACCES, "it is closed, or something below it is")
        return folder, name

    def _link(self, task: Task) -> None:
        if task.flags & ~(_SYMLINK_FOLLOW | _EMPTY_PATH):
            raise OSError(errno.EINVAL, "what it says is unknown")
        base = self._base(task.tid, task.at, task.path)
        if task.flags & _EMPTY_PATH and not task.path:
            found = self._led.look(base)
        else:
            follow = bool(task.flags & _SYMLINK_FOLLOW)
            found = self._led.probe(task.tid, base, task.path, follow=follow)
        below = self._base(task.tid, task.to, task.new)
        folder, name, full = self._led.parent(task.tid, below, task.new)
        if self._names.closed(full):
            raise PermissionError(errno.EACCES, "it is closed")
        os.link(f"/proc/self/fd/{found.descriptor}", name, dst_dir_fd=folder)
        self._done(task)


def _may_wait(found: Probed, flags: int) -> bool:
    """Claim that to open something may take until somebody opens its other end."""
    mode = found.status.st_mode
    if flags & os.O_NONBLOCK:
        return False
    if stat.S_ISFIFO(mode):
        return flags & os.O_ACCMODE != os.O_RDWR
    return stat.S_ISCHR(mode) and os.major(found.status.st_rdev) in _SERIAL
