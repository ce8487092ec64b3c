"""The one bash behind a session on standard input: it gets a text when that was decided on.

bash reads its script from a socket of ours, and each text stands in a group whose standard input is the
caller's: what a command reads, it reads there. `$?`, traps, functions and variables are as if bash had read
the text itself. When bash has read the empty line behind a text, that has run. The group's redirection makes a
file that is named after the status of the text before; if there is none, bash has taken the text for a part of
something else, and is killed. A socket, because it cannot be opened by way of /proc: nobody but us adds to the
script. What duplicates bash's own end of it (`<&10`) could take bytes away, and is refused (doors/stdin.py).
"""

from __future__ import annotations

import _signal
import _socket
import _thread
import fcntl
import os
import select
import shutil
import tempfile
import termios
import time

from gatesh.errors import RunError
from gatesh.run.bash import BASH, attend, blocked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_GRACE_S = 2.0
_LOOK_S, _MOST_S = 0.0002, 0.01  # how often we look whether a text has run: soon at first
_STDIN, _MARK = 198, 197  # descriptors, closed again before a command starts
_GROUP = b"{ %b\n} 0<&%d %d<&- %d>|'%b'\"$?\" %d>&-\n\n"


class EndedError(Exception):
    """bash has ended: `wait_status` says how, `before` is the status of the text before its last."""

    def __init__(self, wait_status: int, before: int | None) -> None:
        """Keep both."""
        super().__init__(wait_status)
        self.wait_status, self.before = wait_status, before


class Behind:
    """bash, waiting for texts."""

    def __init__(
        self, words: list[bytes], name: bytes, env: dict[bytes, bytes], folder: str
    ) -> None:
        """Start it with these arguments; its marks go to a folder of its own in `folder`."""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._marks = tempfile.mkdtemp(prefix="stdin-", dir=folder)
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._script, reads = ours.detach(), theirs.detach()
        ended_r, ended_w = os.pipe()
        self._ended = ended_r
        self._status: list[int] = []
        self._reads = f"socket:[{os.fstat(reads).st_ino}]"
        mask = blocked()
        self.pid = os.fork()
        if not self.pid:
            _become(words, name, env, reads, mask)
        os.close(reads)
        _thread.start_new_thread(self._attend, (ended_w,))

    def _attend(self, ended: int) -> None:
        self._status.append(attend(self.pid))
        os.close(ended)  # whoever polls it sees that

    @property
    def cwd(self) -> bytes:
        """Return the folder that bash works in now."""
        return os.readlink(b"/proc/%d/cwd" % self.pid)

    def run(self, text: bytes) -> int:
        """Have bash run a text and wait for it; return the exit status of the text before.

        Raises EndedError where bash ended meanwhile, RunError where it did not run it.
        """
        nonce = os.urandom(8).hex()  # nobody can have made that file beforehand
        marks = os.fsencode(f"{self._marks}/{nonce}-").replace(b"'", b"'\\''")
        group = _GROUP % (text, _STDIN, _STDIN, _MARK, marks, _MARK)
        try:
            while group:
                group = group[os.write(self._script, group) :]
        except (BrokenPipeError, ConnectionResetError):
            self.end()
        ended = self._wait()
        before = self._before(nonce)
        # After a syntax error it has read all, and is about to end.
        if ended or (before is None and select.select([self._ended], [], [], _GRACE_S)[0]):
            self.end(before)
        if before is None:
            os.kill(self.pid, _signal.SIGKILL)
            raise RunError("bash took the line for a part of another; it was ended")
        return before

    def _wait(self) -> bool:
        """Wait until all that was written has been read; claim that bash has ended instead."""
        pause = _LOOK_S
        while not select.select([self._ended], [], [], pause)[0]:
            left = fcntl.ioctl(self._script, termios.TIOCOUTQ, b"\0\0\0\0")
            if not int.from_bytes(left, "little") and self._is_between():
                return False
            pause = min(pause * 1.5, _MOST_S)
        return True

    def _is_between(self) -> bool:
        """Claim that bash is in no group, where a command may read the script at another number."""
        try:
            links = [
                os.readlink(f"/proc/{self.pid}/fd/{n}") for n in os.listdir(f"/proc/{self.pid}/fd")
            ]
        except OSError:  # it ends, or one was closed meanwhile
            return False
        return links.count(self._reads) == 1

    def finish(self, text: bytes) -> NoReturn:
        """Have bash read a text that is not complete as its last, and raise EndedError."""
        try:
            os.write(self._script, text)
        finally:
            self.end()

    def _before(self, nonce: str) -> int | None:
        """Return the status that the last group's mark names, and remove the mark."""
        names = os.listdir(self._marks)
        for name in names:
            os.unlink(f"{self._marks}/{name}")
        found = [name.partition("-")[2] for name in names if name.startswith(f"{nonce}-")]
        return int(found[0]) if found else None

    def wait_for(self, descriptor: int) -> None:
        """Wait until there is something to read; raises EndedError where bash ends first."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        if self._ended in dict(poll.poll()):
            self.end()

    def end(self, before: int | None = None) -> NoReturn:
        """Give it no more texts, wait for its end, and raise EndedError."""
        os.close(self._script)
        poll = select.poll()
        poll.register(self._ended, select.POLLIN)
        poll.poll()
        while not self._status:
            time.sleep(0.001)
        shutil.rmtree(self._marks, ignore_errors=True)
        raise EndedError(self._status[0], before)


def _become(
    words: list[bytes], name: bytes, env: dict[bytes, bytes], script: int, mask: set[int]
) -> NoReturn:
    """Become bash, that dies with us: standard input is the script, the caller's waits in another place."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(1, int(_signal.SIGKILL))
        os.dup2(0, _STDIN)
        os.dup2(script, 0)
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python ignores them for itself
            _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        # A socket as standard input is taken for rshd's, which would have bash read ~/.bashrc.
        os.execve(BASH, [name, b"--norc", *words], env)
    finally:
        os._exit(125)
