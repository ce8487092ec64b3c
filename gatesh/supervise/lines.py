"""The lines of a person's shell below `gatesh run`: recorded as they are entered, and above what they start.

bash itself tells them (lines.bash) before it runs them, and drops what is refused. Whoever takes the hook away
has the shell's programs decided on as before, below the last line that was told.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from contextlib import suppress
from shlex import quote

from gatesh.errors import GateshError, InputError
from gatesh.model import CommandLine, Door, Ran, Refused, Verdict
from gatesh.supervise.judge import Place, below
from gatesh.supervise.supervisor import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.audit.store import SqliteLog
    from gatesh.gate import Approver
    from gatesh.supervise.judge import Judge

_NUMBERED = re.compile(r"\s*(\d+)[* ] (.*)", re.DOTALL)
_MOST = 1 << 20  # bytes of a line
_LEFT_OUT = "# a line that the shell's history leaves out"
_UNREADABLE = "# a line with control characters in it"


def prepare(folder: str, startup: str) -> list[str]:
    """Make what the shell and `Lines` speak through in `folder`; return the shell's words in front."""
    with open(f"{os.path.dirname(__file__)}/lines.bash", encoding="utf-8") as file:
        hook = file.read()
    for name in ("lines", "seen"):
        os.mkfifo(f"{folder}/{name}", 0o600)
    with open(f"{folder}/startup", "w", encoding="utf-8") as file:
        file.write(
            f"__gatesh_folder={folder} __gatesh_program={quote(_program())}\n{hook}\n{startup}\n"
            "PROMPT_COMMAND[9973]=__gatesh_done\nPS0='$(__gatesh_line)$__gatesh_output'${PS0-}\n"
        )
    return ["--init-file", f"{folder}/startup"]


def _program() -> str:
    """Return the path of gatesh, which may have been called by another name."""
    found = os.path.join(os.path.dirname(sys.executable), "gatesh")
    return found if os.path.exists(found) else os.path.abspath(sys.argv[0])


class Lines:
    """Takes what the shell tells, in a thread of its own."""

    def __init__(
        self,
        folder: str,
        shell: int,
        judge: Judge,
        log: SqliteLog,
        approver: Callable[[threading.Event], Approver],
        enter: Callable[[int, Place], None],
    ) -> None:
        """Serve the shell `shell`; `enter` is told where what it starts belongs from now on."""
        self._shell, self._judge, self._log = shell, judge, log
        self._approver, self._enter = approver, enter
        self._told = os.open(f"{folder}/lines", os.O_RDWR | os.O_CLOEXEC)
        self._seen = os.open(f"{folder}/seen", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._number = ""
        self._open: tuple[int, int] | None = None  # a line's record, and when it began
        threading.Thread(target=self._serve, name="lines", daemon=True).start()

    def _serve(self) -> None:
        waiting = b""
        while True:
            waiting += os.read(self._told, 1 << 16)
            *told, waiting = waiting.split(b"\0")
            for one in told:
                self._take(one.decode("utf-8", "surrogateescape"))
            if len(waiting) > _MOST:
                waiting = b""

    def _take(self, told: str) -> None:
        found = _NUMBERED.fullmatch(told.rstrip("\n"))
        if found:
            text = found[2] if found[1] != self._number else _LEFT_OUT
            self._number = found[1]
            os.write(self._seen, b"yes\n" if self._may_run(text) else b"no\n")
        elif told[:1] == "E" and told[1:].isdigit():
            self.finish(int(told[1:]) << 8)

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
        cwd = os.readlink(f"/proc/{self._shell}/cwd")
        line = CommandLine(text, cwd, _environment(self._shell), Door.TERMINAL)
        opened, place = self._judge.told(line), Place()
        held = opened.decision.verdict is not Verdict.ALLOW
        if held:
            refused = self._judge.settle(opened, place, self._approver(threading.Event()))
            if refused:
                return refused
        self._open = opened.record, time.monotonic_ns()
        self._enter(self._shell, below(opened, place, approved=held))
        return None


def _environment(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/environ", "rb") as file:
        entries = (entry.partition(b"=") for entry in file.read().split(b"\0"))
        return {os.fsdecode(name): os.fsdecode(value) for name, equals, value in entries if equals}
