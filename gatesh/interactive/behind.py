"""The bash behind the interactive door: its terminal, its command lines, and what it says of itself.

It reads its command lines from fd 0, and fd 0 is a socket that only the door writes to. A line is handed over
as `{ LINE⏎} </dev/pts/N`, so that whatever it runs has the terminal there, and keys go to the terminal alone:
bash never reads a command from them, whether its prompt's hook (behind.bash) is alive or not. What is left to
the hook is to say that a line has ended, and what the next one will find: status, prompt, variables, aliases.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import select
import signal
import socket
import struct
import termios
import time
from typing import NoReturn

from gatesh._value import Value
from gatesh.errors import RunError
from gatesh.run.bash import BASH

SIOCOUTQ = 0x5411  # bytes that the other end has not read yet
_FIELDS = {"prompt": 8, "plain": 0, "answer": 1}  # of what it says
_PATIENCE_S = 5.0  # with what it is asked at its prompt


class LostError(RunError):
    """The bash behind takes no further line; another has to be started."""


class Report(Value):
    """What bash says when a line has ended."""

    status: int
    prompt: str  # PS1 as bash would print it
    continuation: str  # PS2
    options: str  # $- and the names of the shell's options
    variables: str  # as `declare -p` prints them
    aliases: str  # as `alias -p` does
    functions: tuple[str, ...]  # their names

    @property
    def expands_history(self) -> bool:
        """Claim that `!` is history expansion's."""
        return self.options.endswith(":expanded")

    @property
    def vi(self) -> bool:
        """Claim that lines are to be edited as in vi."""
        return ":vi:" in self.options


class Behind:
    """One bash on a terminal of its own."""

    def __init__(
        self, env: dict[bytes, bytes], rc: str, options: list[bytes], size: tuple[int, int]
    ) -> None:
        """Start it; `rc` is bash text that it runs before its first prompt, on its terminal."""
        self.master, self.terminal = os.openpty()
        self.tty = os.ttyname(self.terminal)
        self.mark = secrets.token_hex(8)
        self.resize(size)
        self.lines, other = socket.socketpair()
        self._name = f"socket:[{os.fstat(other.fileno()).st_ino}]"
        self._said, self._ticket = b"", 0
        startup = _startup(self.tty, self.mark, rc)
        self.pid = os.fork()
        if self.pid == 0:
            _become(self.terminal, other, startup, options, env)
        other.close()
        self._startup = startup  # bash opens it by this number
        self.ended = os.pidfd_open(self.pid)

    # -- what it is told ---------------------------------------------------------------------------------

    def submit(self, text: str) -> None:
        """Hand over a line; bash must be at its prompt. The very text runs, with fd 0 on the terminal."""
        self._send(f"go:{self._next()}\n{text}\0 {{ {text}\n}} <{self.tty}\n")

    def fail(self, status: int) -> None:
        """Let `$?` be what a line would have left that bash does not get."""
        self._send(f"skip:{self._next()}\n\0 (__gatesh_skip {status})\n")

    def edit_no_more(self) -> None:
        """Take readline out of the way again, where a line has switched it on."""
        self._send(f"skip:{self._next()}\n\0 __gatesh_plain\n")

    def look_for_hook(self) -> None:
        """Leave a line behind that brings the prompt's hook back; with the hook alive it is answered there."""
        self._send(" __gatesh_lost\n\0")

    def ask(self, what: str, text: str) -> str:
        """Ask bash at its prompt: functions, expand, complete, history. Empty where it takes too long."""
        self._send(f"{what}\n{text}\0")
        until = time.monotonic() + _PATIENCE_S
        while True:
            said = self._message()
            if said and said[0] == "answer":
                return said[1]
            if said is None and not self._more(until - time.monotonic()):
                self.interrupt()  # its hook begins anew
                return ""

    def _next(self) -> int:
        """Return the number of the next line: what bash says after an earlier one does not end this one."""
        self._ticket += 1
        return self._ticket

    def _send(self, text: str) -> None:
        self.lines.sendall(text.encode("utf-8", "surrogateescape"))

    @property
    def taken(self) -> bool:
        """Claim that bash has read all it was sent."""
        raw = fcntl.ioctl(self.lines.fileno(), SIOCOUTQ, b"\0" * 4)
        return not any(raw)

    # -- what it says ------------------------------------------------------------------------------------

    def _more(self, most_s: float) -> bool:
        """Take what it says within that time; False where there is nothing."""
        if not select.select([self.lines], [], [], max(0.0, most_s))[0]:
            return False
        data = self.lines.recv(1 << 16)
        self._said += data
        return bool(data)

    def _message(self) -> list[str] | None:
        """Return the next whole message: its kind and its fields."""
        kind = self._said.partition(b"\0")[0].decode("utf-8", "replace")
        if b"\0" in self._said and kind not in _FIELDS:
            raise LostError("the bash behind said something unknown", "here is a new shell")
        parts = self._said.split(b"\0", 1 + _FIELDS.get(kind, 0))
        if len(parts) < 2 + _FIELDS.get(kind, 0):
            return None
        self._said = parts.pop()
        return [part.decode("utf-8", "surrogateescape") for part in parts]

    def hear(self) -> Report | str | None:
        """Return what has been said by now: a report, "plain" (readline is on), or nothing yet."""
        self._more(0)
        while (said := self._message()) is not None:
            if said[0] == "plain":
                return "plain"
            if (
                said[0] == "prompt"
                and said[1] == str(self._ticket)
                and said[2].isdigit()
                and self._is_between()
            ):
                status, prompt, continuation, options, variables, aliases, functions = said[2:]
                names = tuple(line.rpartition(" ")[2] for line in functions.splitlines())
                return Report(int(status), prompt, continuation, options, variables, aliases, names)
        return None

    # -- where it is -------------------------------------------------------------------------------------

    @property
    def cwd(self) -> str:
        """Return its working directory, as the kernel knows it."""
        try:
            return os.readlink(f"/proc/{self.pid}/cwd")
        except OSError:
            return "/"

    @property
    def at_prompt(self) -> bool:
        """Claim that no line is running: fd 0 is the socket."""
        return self._points_to(0) == self._name

    def _is_between(self) -> bool:
        """Claim that no line is running, which would keep the socket at 10 or above, and could speak too."""
        try:
            numbers = os.listdir(f"/proc/{self.pid}/fd")
        except OSError:
            return False
        return self.at_prompt and not any(
            int(number) > 2 and self._points_to(number) == self._name for number in numbers
        )

    @property
    def replaced(self) -> bool:
        """Claim that it is not this bash any more (`exec`): the socket is gone, and keys would be commands."""
        # While bash moves it from one number to another, one look may miss it.
        return not any(self._has_socket() for _ in range(3))

    def _has_socket(self) -> bool:
        try:
            numbers = os.listdir(f"/proc/{self.pid}/fd")
        except OSError:
            return False
        return any(self._points_to(number) == self._name for number in numbers)

    def _points_to(self, number: int | str) -> str:
        try:
            return os.readlink(f"/proc/{self.pid}/fd/{number}")
        except OSError:
            return ""

    # -- its terminal ------------------------------------------------------------------------------------

    def resize(self, size: tuple[int, int]) -> None:
        """Give its terminal this many columns and rows."""
        columns, rows = size
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def typed_ahead(self) -> bytes:
        """Take back what was typed and nobody has read."""
        modes = termios.tcgetattr(self.terminal)
        raw = [*modes[:3], modes[3] & ~termios.ICANON, *modes[4:]]
        termios.tcsetattr(self.terminal, termios.TCSANOW, raw)
        count = struct.unpack("i", fcntl.ioctl(self.terminal, termios.FIONREAD, b"\0" * 4))[0]
        found = os.read(self.terminal, count) if count else b""
        termios.tcsetattr(self.terminal, termios.TCSANOW, modes)
        return found.replace(b"\n", b"\r")

    def interrupt(self) -> None:
        """Let bash drop what it is reading."""
        os.kill(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """Return its wait status."""
        return os.waitpid(self.pid, 0)[1]

    def hang_up(self) -> None:
        """End it as a terminal that goes away does, and at last by force."""
        for number in (signal.SIGHUP, signal.SIGCONT):
            os.kill(self.pid, number)
        for descriptor in (self.master, self.terminal, self._startup):
            os.close(descriptor)
        self.lines.close()
        if not select.select([self.ended], [], [], _PATIENCE_S / 10)[0]:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.ended)


def _startup(tty: str, mark: str, rc: str) -> int:
    """Return a file, to be found by its number alone, with what bash reads first."""
    with open(f"{os.path.dirname(__file__)}/behind.bash", encoding="utf-8") as file:
        hook = file.read()
    text = f"""__gatesh_tty={tty} __gatesh_mark={mark}
{hook}
{{ {rc}
}} <"$__gatesh_tty"
__gatesh_plain
__gatesh_attach
"""
    number = os.memfd_create("startup", os.MFD_CLOEXEC)
    os.write(number, text.encode())
    return number


def _become(
    terminal: int,
    lines: socket.socket,
    startup: int,
    options: list[bytes],
    env: dict[bytes, bytes],
) -> NoReturn:
    """Become bash in the child."""
    try:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for number, source in ((0, lines.fileno()), (1, terminal), (2, terminal)):
            os.dup2(source, number)
        for caught in (
            signal.SIGPIPE,
            signal.SIGXFSZ,
            signal.SIGINT,
            signal.SIGQUIT,
            signal.SIGTERM,
            signal.SIGTSTP,
        ):
            signal.signal(caught, signal.SIG_DFL)
        path = b"/proc/%d/fd/%d" % (os.getppid(), startup)
        os.execve(BASH, [b"bash", b"--rcfile", path, *options, b"-i"], env)  # noqa: S606
    finally:
        os._exit(127)
