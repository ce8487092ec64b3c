"""Programs that are not there: a shell's walk along PATH, most of whose steps fail, answered without noise."""

from __future__ import annotations

import os

from gatesh.supervise import kernel
from gatesh.supervise.elsewhere import root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.supervise.kernel import Machine
    from gatesh.supervise.listener import Call

_MOST = 4096  # paths that are remembered


class Absent:
    """Which execs would find no file."""

    def __init__(self, machine: Machine) -> None:
        """Take the numbers of this machine's calls."""
        self._machine = machine
        self._there: set[bytes] = set()  # should one be gone by now, its exec fails, and no more

    def error(self, call: Call) -> int:
        """Return the error of an exec whose path is not there; 0 where it is, or nobody can tell.

        If it is there a moment later, all that happens is that the exec failed.
        """
        if call.number != self._machine.calls["execve"] or call.arch != self._machine.arch:
            return 0
        try:
            path = kernel.read_string(call.tid, call.arguments[0])
        except OSError:
            return 0
        if path in self._there or not path or path.startswith((b"/proc/", b"/dev/")):
            return 0  # the last may mean the caller
        absolute = path[:1] == b"/"
        try:
            os.stat(path if absolute else b"/proc/%d/cwd/%s" % (call.tid, path))
        except (FileNotFoundError, NotADirectoryError) as error:
            return 0 if root_of(call.tid) or not error.errno else error.errno
        except (OSError, ValueError):
            return 0
        if absolute and len(self._there) < _MOST:
            self._there.add(path)
        return 0
