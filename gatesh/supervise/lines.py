"""The lines of a person's shell below `gatesh run`: recorded as they are entered, and above what they start.

bash stops before it runs one, and the line is read where its editor holds it (editor.py). What may run, runs.
Any other bash itself tells (lines.bash), in a fork, which drops it where it is refused: one that is held, has
several rows, or is changed by the history. Whoever takes the hook away has the shell's programs decided on as
before, below the last line that was told.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
import time
from contextlib import suppress
from shlex import quote

from gatesh.errors import GateshError, InputError
from gatesh.model import CommandLine, Door, Ran, Refused, Verdict
from gatesh.supervise.covered import Place, below
from gatesh.supervise.editor import Editor
from gatesh.supervise.image import environment_of
from gatesh.supervise.supervisor import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.audit.store import SqliteLog
    from gatesh.gate import Approver
    from gatesh.model import Opened
    from gatesh.supervise.judge import Judge

# Who asks, and the last line of the history, where that has any.
_NUMBERED = re.compile(r"(\d+)\s+(?:(\d+)[* ] (.*))?", re.DOTALL)
_MOST = 1 << 20  # bytes of a line
_PAUSE_MS = 10  # between two keys, in which what is typed is decided on ahead
_MOST_EXPECTED = 1000  # characters
_LEFT_OUT = "# a line that the shell's history leaves out"
_UNREADABLE = "# a line with control characters in it"


def prepare(folder: str, startup: str) -> list[str]:
    """Make what the shell and `Lines` speak through in `folder`; return the shell's words in front."""
    with open(f"{os.path.dirname(__file__)}/lines.bash", encoding="utf-8") as file:
        hook = file.read()
    for name in ("lines", "seen", "asked"):
        os.mkfifo(f"{folder}/{name}", 0o600)
    with open(f"{folder}/startup", "w", encoding="utf-8") as file:
        file.write(
            f"__gatesh_folder={folder} __gatesh_program={quote(_program())}\n{hook}\n{startup}\n"
            "PROMPT_COMMAND[9973]=__gatesh_done\nPS0=$__gatesh_asks'$__gatesh_output'${PS0-}\n"
        )
    return ["--init-file", f"{folder}/startup"]


def _program() -> str:
    """Return the path of gatesh, which may have been called by another name."""
    found = os.path.join(os.path.dirname(sys.executable), "gatesh")
    return found if os.path.exists(found) else os.path.abspath(sys.argv[0])


class Lines:
    """Takes what the shell tells, in a thread of its own; in another it is asked before each line.

    A line that the history leaves out (a blank in front, HISTIGNORE, `set +o history`) is the person's to hide:
    it is recorded as left out. What the editor holds counts once it was what the shell told of an earlier line.
    """

    def __init__(
        self,
        folder: str,
        shell: int,
        judge: Judge,
        log: SqliteLog,
        approver: Callable[[threading.Event], Approver],
        enter: Callable[[int, Place], None],
        keys: int = -1,
    ) -> None:
        """Serve the shell `shell`; `enter` is told where what it starts belongs from now on.

        `keys` has something to read whenever the person has typed.
        """
        self._shell, self._judge, self._log = shell, judge, log
        self._approver, self._enter = approver, enter
        self._told = os.open(f"{folder}/lines", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._seen = os.open(f"{folder}/seen", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._asked, self._keys = f"{folder}/asked", keys
        self._waiting = b""
        self._number: str | None = None  # of the history's last line, where no editor tells
        self._open: tuple[int, int] | None = None  # a line's record, and when it began
        self._editor: Editor | None = None
        self._looked = False
        self._shown = ""  # what was decided on ahead
        self._trusted = False  # once, what it said was what the shell told
        self._expected = ""
        self._held: tuple[str, Opened] | None = (
            None  # what was decided on, and is to be asked about
        )
        self._gone = threading.Event()  # of the line that is asked about
        self._lock = threading.Lock()  # what the shell has told is taken in its order
        for serve in (self._serve, self._serve_asked):
            threading.Thread(target=serve, name="lines", daemon=True).start()

    def _serve(self) -> None:
        poll, pause = select.poll(), None
        for descriptor in {self._told, self._keys} - {-1}:
            poll.register(descriptor, select.POLLIN)
        while True:
            found = dict(poll.poll(pause))
            if self._keys in found:
                with suppress(BlockingIOError):
                    if not os.read(self._keys, 4096):
                        poll.unregister(self._keys)  # the relay is gone
            with self._lock:
                self._take_all()
                if not found:
                    self._expect()
            pause = _PAUSE_MS if self._keys in found else None

    def _serve_asked(self) -> None:
        try:
            with suppress(OSError):
                while True:
                    self._answer()
        finally:
            self._stand_aside()

    def _answer(self) -> None:
        """Answer once the shell stands before a line: 1 where it may run, 0 where it has to tell it.

        It reads the answer to its end; the next line finds another pipe, so that none is taken for another's.
        """
        os.mkfifo(f"{self._asked}.next", 0o600)
        answer = os.open(self._asked, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.rename(f"{self._asked}.next", self._asked)
            self._gone.set()  # it goes on to this line: nobody waits for an answer to one before
            with self._lock:
                self._take_all()
                known = self._runs_at_once()
            with suppress(OSError):
                os.write(answer, b"1" if known else b"0")
        finally:
            os.close(answer)

    def _stand_aside(self) -> None:
        """Have the shell tell each line: somebody has taken away what it asks through."""
        with suppress(OSError), open(f"{self._asked}.gone", "w", encoding="ascii"):
            waited_for = os.open(self._asked, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
            os.rename(f"{self._asked}.gone", self._asked)  # where it reads nothing from now on
            os.close(waited_for)

    def _expect(self) -> None:
        """Decide ahead on what is typed at the moment: when it is submitted, that is done."""
        if self._trusted and self._editor is not None:
            with suppress(Exception):  # what ails it is met again, and said, once that runs
                text = self._editor.shown()
                if text and text != self._shown and len(text) <= _MOST_EXPECTED:
                    self._shown = text
                    self._judge.expect(self._line(text))

    def _take_all(self) -> None:
        with suppress(BlockingIOError):
            self._waiting += os.read(self._told, 1 << 16)
        *told, self._waiting = self._waiting.split(b"\0")
        for one in told:
            self._take(one.decode("utf-8", "surrogateescape"))
        if len(self._waiting) > _MOST:
            self._waiting = b""

    def _runs_at_once(self) -> bool:
        """Claim that what was typed may run; it is recorded then. What has to be asked about is kept."""
        self._held, self._expected = None, ""
        try:
            editor = self._found()
            typed = editor.typed() if editor else ""
            if not typed:
                return False
            if not self._trusted:
                self._expected = typed
                return False
            opened = self._decide(typed)
        except Exception:  # noqa: BLE001  the shell tells it, and is told why not
            return False
        if opened.decision.verdict is not Verdict.ALLOW:
            self._held = typed, opened
            return False
        self._begun(opened, approved=False)
        return True

    def _found(self) -> Editor | None:
        """Return where this bash keeps its line, which is looked for once."""
        if not self._looked:
            self._looked = True
            with suppress(OSError, ValueError):
                self._editor = Editor(self._shell)
        return self._editor

    def _take(self, told: str) -> None:
        found = _NUMBERED.fullmatch(told.rstrip("\n"))
        if found:
            who, number, last = found.groups()
            text = self._running(number, last or "")
            self._number = number
            self._trusted = self._trusted or text == self._expected
            said = "yes" if self._may_run(text) else "no"
            with suppress(BlockingIOError):  # nobody has read any for long
                os.write(self._seen, f"{who} {said}\n".encode())
        elif told[:1] == "E" and told[1:].isdigit():
            with suppress(GateshError):  # the next line meets it too, and says so
                self.finish(int(told[1:]) << 8)

    def _running(self, number: str | None, last: str) -> str:
        """Return the line that runs: the last of the history, unless that leaves it out."""
        editor = self._found()
        if editor is None:
            return last if number and number != self._number else _LEFT_OUT
        try:
            typed = editor.typed()
            if typed and last.endswith(typed):
                return typed  # without the date, where HISTTIMEFORMAT is readonly
            if not number:
                return typed or _LEFT_OUT  # the history keeps nothing
            return last if editor.runs(last) else _LEFT_OUT
        except OSError:  # it is another program now, or gone
            self._looked, self._editor = False, None
            return last if number and number != self._number else _LEFT_OUT

    def _may_run(self, text: str) -> bool:
        """Decide on a line and record it; ask where it must."""
        try:
            refused = self._begin(text)
        except InputError:
            return self._may_run(_UNREADABLE)
        except GateshError as error:
            refused = Refused(error.status, error.lines())
        except OSError:  # the shell is gone
            return False
        except Exception as error:  # noqa: BLE001  what cannot be decided on does not run, nor wait for ever
            refused = Refused(125, f"gatesh: error: this line cannot be decided on: {error!r}\n")
        if refused:
            with suppress(OSError):
                say(self._shell, refused.message)
        return refused is None

    def finish(self, status: int) -> None:
        """Write how the line ended that ended the shell."""
        if self._open:
            record, began_ns = self._open
            self._open = None
            self._log.end(record, Ran(status, time.monotonic_ns() - began_ns))

    def _begin(self, text: str) -> Refused | None:
        held, self._held = self._held, None
        opened = held[1] if held and held[0] == text else self._decide(text)
        asks = opened.decision.verdict is not Verdict.ALLOW
        if asks:
            self._gone = threading.Event()
            refused = self._judge.settle(opened, Place(), self._approver(self._gone))
            if refused:
                return refused
        self._begun(opened, approved=asks)
        return None

    def _decide(self, text: str) -> Opened:
        return self._judge.told(self._line(text))

    def _line(self, text: str) -> CommandLine:
        cwd = os.readlink(f"/proc/{self._shell}/cwd")
        return CommandLine(text, cwd, environment_of(self._shell), Door.TERMINAL)

    def _begun(self, opened: Opened, *, approved: bool) -> None:
        self._open = opened.record, time.monotonic_ns()
        self._enter(self._shell, below(opened, Place(), approved=approved))
