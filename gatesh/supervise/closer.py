"""Closes again what was replaced: a process of its own in the tree's namespaces, with power over their mounts.

A mount lies over a file, not over a name: when an editor outside of the tree saves a closed file by putting
another in its place, that one is open. So is a file that is off-limits and was not there. The closer is told by
inotify(7) and covers it. No signal of the tree reaches it, and nobody there may trace it: it has capabilities
that they have not.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress

from gatesh.supervise import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ADDED = 0x080 | 0x100  # IN_MOVED_TO, IN_CREATE
_OVERFLOW = 0x4000
_EVENT = struct.Struct("=iIII")  # watch mask cookie length
_MOST = 65_536


def start(paths: list[str], cover: Callable[[str], bool], told: int) -> tuple[int, str]:
    """Start it; return its pid, and why some of it cannot be: 0 where nothing can be watched.

    `cover` puts something over a path; what was covered goes to `told`, a line each.
    """
    hear, tell = os.pipe2(os.O_CLOEXEC)
    between = os.fork()
    if not between:
        _detach(paths, cover, told, tell)
    os.close(tell)
    with open(hear, "rb") as file:
        pid, _, why = file.read().decode("utf-8", "replace").partition(" ")
    os.waitpid(between, 0)
    return int(pid or 0), why or ("" if pid else "it ended")


def _detach(paths: list[str], cover: Callable[[str], bool], told: int, tell: int) -> None:
    """Be nobody's child but the supervisor's, who takes in what is left behind; then watch."""
    try:
        if os.fork():
            os._exit(0)
        os.setsid()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        os.chdir("/")
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        watched = _Watched(paths, cover)
        kept = {0, 1, 2, told, tell, watched.descriptor}
        for name in os.listdir("/proc/self/fd"):
            if int(name) not in kept:
                with suppress(OSError):
                    os.close(int(name))
        os.write(tell, f"{os.getpid()} {watched.missed}".encode())
        os.close(tell)
        for path in watched.covered():
            os.write(told, os.fsencode(path.replace("\n", "?")) + b"\n")
    except OSError as error:
        with suppress(OSError):
            os.write(tell, f"0 {error}".encode())
    finally:
        os._exit(1)


class _Watched:
    """The folders of some paths."""

    def __init__(self, paths: list[str], cover: Callable[[str], bool]) -> None:
        self._paths, self._cover = frozenset(paths), cover
        self.descriptor = kernel.inotify()
        self._folders: dict[int, list[str]] = {}  # of one watch: the same may have several names
        self.missed = ""
        for folder in sorted({os.path.dirname(path) for path in paths}):
            try:
                watch = kernel.watch(self.descriptor, folder, _ADDED)
            except FileNotFoundError:
                continue  # nothing can appear there
            except OSError as error:
                self.missed = f"{folder}: {os.strerror(error.errno or 0)}"
                continue
            self._folders.setdefault(watch, []).append(folder)

    def covered(self) -> Iterator[str]:
        """Cover what appears, for ever; yield what was covered."""
        while True:
            for path in self._appeared(os.read(self.descriptor, _MOST)):
                with suppress(OSError):
                    if self._cover(path):
                        yield path

    def _appeared(self, data: bytes) -> Iterator[str]:
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if mask & _OVERFLOW:
                yield from self._paths
            for folder in self._folders.get(watch, ()):
                path = f"{folder.rstrip('/')}/{name}"
                if path in self._paths:
                    yield path
