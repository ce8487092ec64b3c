"""An agent's own terminal, and the process that relays between it and the person's.

    guard ── control ──▶ relay ◀── keeper ── supervisor
                           │ master              │ slave, its controlling terminal and its agent's
                   the person's terminal ········ the agent's

The relay is in the guard's process group, so that it may read where the person's job may. It is not dumpable,
no signal of the tree reaches it, and the person's terminal is open to nobody else while it holds it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import socket
import stat
import termios
from contextlib import suppress

from gatesh.approval.seal import hold_terminal, release_terminal
from gatesh.session import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SUSPEND, RESUME, DONE = b"s", b"r", b"d"
FOREGROUND = signal.SIGRTMIN + 1  # relay → guard → supervisor: the person has called the job back
BACKGROUND = signal.SIGRTMIN + 2  # guard → supervisor: it goes on behind the person's shell
_LET_GO_S = 2.0  # how long the relay has to put the person's terminal back


def opened(notify: str = "") -> Front | None:
    """Open a terminal for the agent where the person's can be held for it; None where it cannot.

    What the agent writes has to come through us, or it would draw over a card: where it goes into a pipe,
    whose reader may write to the terminal, or where we are in the background, nobody is asked here.
    """
    try:
        outer = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    ours = _on_terminal()
    piped = any(
        stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        for mode in (_mode(number) for number in (1, 2) if number not in ours)
    )
    if not ours or piped or os.tcgetpgrp(outer) != os.getpgrp():
        os.close(outer)
        return None
    return Front(outer, ours, notify)


def _on_terminal() -> tuple[int, ...]:
    """Return which of the standard descriptors are the controlling terminal."""
    me = process(os.getpid())
    tty = me.tty if me else 0
    device = os.makedev((tty >> 8) & 0xFFF, (tty & 0xFF) | ((tty >> 12) & 0xFFF00))
    return tuple(n for n in (0, 1, 2) if stat.S_ISCHR(_mode(n)) and os.fstat(n).st_rdev == device)


def _mode(number: int) -> int:
    try:
        return os.fstat(number).st_mode
    except OSError:
        return 0


class Front:
    """The terminal of one session, its relay, and what each of its processes holds of it."""

    def __init__(self, outer: int, ours: tuple[int, ...], notify: str) -> None:
        """Make the agent's terminal like the person's: the same modes, the same size."""
        self._outer, self._ours, self._notify = outer, ours, notify
        self._saved = termios.tcgetattr(outer)
        self._master, self._slave = pty.openpty()
        termios.tcsetattr(self._slave, termios.TCSANOW, self._saved)
        size = fcntl.ioctl(outer, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        self.keeper, self._asked = socket.socketpair()
        self._control, self._commanded = socket.socketpair()
        # A byte for each time that the person has typed: whoever reads along may look what there is now.
        self.typed, self._types = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._holder = 0  # the group that had the agent's terminal before it was put behind
        self.pid = 0  # the relay's

    # -- the guard's part -----------------------------------------------------------------------------

    def start(self, mask: set[signal.Signals]) -> None:
        """Fork the relay; `mask` is the person's shell's, for what it starts itself.

        From here on nobody else can open the person's terminal: before there is an agent.
        """
        hold_terminal(self._outer)
        self.pid = os.fork()
        if self.pid:
            os.close(self._master)
            os.close(self._types)
            self._asked.close()
            self._commanded.close()
            return
        status = 1
        try:
            os.close(self._slave)
            os.close(self.typed)
            self.keeper.close()
            self._control.close()
            self._relay(mask)
            status = 0
        except OSError:
            pass  # the terminal is gone: closing the agent's tells it so
        except BaseException as error:  # noqa: BLE001  the guard ends the session
            self.restore()
            os.write(2, f"gatesh: error: the terminal: {error!r}\r\n".encode())
        os._exit(status)

    def _relay(self, mask: set[signal.Signals]) -> None:
        from gatesh.overlay.relay import Relay

        notify = self._notifier(mask)
        Relay(self._outer, self._master, self._asked, self._commanded, self._types, notify).run()

    def _notifier(self, mask: set[signal.Signals]) -> Callable[[str], None]:
        """Return what runs the command of the person's choice, outside the tree."""
        import subprocess

        def notify(text: str) -> None:
            if self._notify:
                subprocess.Popen(  # noqa: S603
                    ["/bin/sh", "-c", self._notify],
                    env=os.environ | {"GATESH_NOTICE": text},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, mask),  # noqa: PLW1509  one thread
                )

        return notify

    def parted(self) -> None:
        """Close what belongs to the supervisor: it has been forked."""
        os.close(self._slave)
        os.close(self.typed)
        self.keeper.close()

    def suspend(self) -> None:
        """Have the relay put the person's terminal back; return when it has."""
        self._control.settimeout(_LET_GO_S)
        with suppress(OSError):
            self._control.send(SUSPEND)
            self._control.recv(1)

    def resume(self) -> None:
        """Have the relay take the person's terminal again."""
        with suppress(OSError):
            self._control.send(RESUME)

    def restore(self) -> None:
        """Put the person's terminal back, where the relay could not."""
        with suppress(OSError, termios.error):
            termios.tcsetattr(self._outer, termios.TCSADRAIN, self._saved)
        release_terminal(self._outer)

    # -- the supervisor's part --------------------------------------------------------------------------

    def join(self) -> None:
        """Lead a session on the agent's terminal: the agent is a job of it, which can be stopped."""
        os.setsid()
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        for number in self._ours:
            os.dup2(self._slave, number)
        for descriptor in (self._slave, self._outer):
            os.close(descriptor)
        self._control.close()

    def over(self) -> None:
        """Have the relay put the person's terminal back at once: what is typed from now on is their shell's."""
        with suppress(OSError):
            self.keeper.shutdown(socket.SHUT_RDWR)

    def go_on(self, agent: int, *, foreground: bool) -> None:
        """Have a stopped agent go on: as the person's job does, before or behind their shell.

        Behind it, it must not read: the agent's terminal belongs to us then. SIGTTOU must be blocked.
        """
        with suppress(OSError):
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            holder = os.tcgetpgrp(terminal)
            if not foreground and holder != os.getpgrp():
                self._holder = holder
                os.tcsetpgrp(terminal, os.getpgrp())
            elif foreground and holder == os.getpgrp():
                with suppress(OSError):  # that group has ended meanwhile
                    os.tcsetpgrp(terminal, self._holder)
            os.close(terminal)
        with suppress(OSError):  # with its terminal gone it has to end by itself
            os.killpg(os.getpgid(agent), signal.SIGCONT)
