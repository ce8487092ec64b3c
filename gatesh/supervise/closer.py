"""Closes again what was replaced: a process of its own in the tree's namespaces, with power over their mounts.

A mount lies over a file, not over a name: when an editor outside of the tree saves a closed file by putting
another in its place, that one is open. So is a file that is off-limits and was not there, or that fits a glob.
The closer is told by inotify(7) and covers it; for globs it watches each folder below where one is meant. No
signal of the tree reaches it, and nobody there may trace it: it has capabilities that they have not.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from contextlib import suppress

from gatesh.scope.closed import Names, is_passed_over
from gatesh.supervise import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.scope.closed import Shut

_ADDED = 0x080 | 0x100  # IN_MOVED_TO, IN_CREATE
_OVERFLOW, _ENDED, _IS_FOLDER = 0x4000, 0x8000, 0x4000_0000
_EVENT = struct.Struct("=iIII")  # watch mask cookie length
_MOST = 65_536
_MOST_FOLDERS, _MOST_COVERED = 8192, 2000  # for globs
UNWATCHED = "!"  # in front of a line that tells what is not watched


def start(
    paths: list[str], shut: Shut | None, cover: Callable[[str], bool], told: int
) -> tuple[int, str]:
    """Start it; return its pid, and why some of it cannot be: 0 where nothing can be watched.

    `cover` puts something over a path: one of `paths`, or one that `shut` has off-limits by a glob. What was
    covered goes to `told`, a line each.
    """
    hear, tell = os.pipe2(os.O_CLOEXEC)
    between = os.fork()
    if not between:
        _detach(paths, shut, cover, told, tell)
    os.close(tell)
    with open(hear, "rb") as file:
        pid, _, why = file.read().decode("utf-8", "replace").partition(" ")
    os.waitpid(between, 0)
    return int(pid or 0), why or ("" if pid else "it ended")


def _detach(
    paths: list[str], shut: Shut | None, cover: Callable[[str], bool], told: int, tell: int
) -> None:
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
        watched = _Watched(paths, shut, cover)
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

    def __init__(self, paths: list[str], shut: Shut | None, cover: Callable[[str], bool]) -> None:
        self._paths, self._cover = frozenset(paths), cover
        self._tops = shut.tops if shut else ()
        self._names = Names(shut) if shut else None
        self._growing: set[int] = set()  # watches of folders in which a glob is meant
        self._left, self._told = _MOST_COVERED, False
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
        for top in self._tops:
            yield from self._cover_all(self._taken_up(top))
        while True:
            yield from self._cover_all(self._appeared(os.read(self.descriptor, _MOST)))

    def _cover_all(self, paths: Iterator[str]) -> Iterator[str]:
        for path in paths:
            if path.startswith(UNWATCHED):
                yield path
                continue
            with suppress(OSError):
                if self._cover(path):
                    self._left -= 1
                    yield path

    def _fits(self, path: str) -> bool:
        """Claim that a glob has a path off-limits; a link is none: it leads to what is closed, or is not."""
        off_limits = self._names is not None and self._left > 0 and self._names.closed(path)
        return off_limits and not os.path.islink(path)

    def _taken_up(self, top: str) -> Iterator[str]:
        """Watch a folder and all below it; yield what there fits a glob."""
        folders = deque((top,))
        while folders:
            folder = folders.popleft()
            if len(self._growing) >= _MOST_FOLDERS:
                yield from self._unwatched(f"{folder}, there are more than {_MOST_FOLDERS} folders")
                return
            try:
                watch = kernel.watch(self.descriptor, folder, _ADDED)
                with os.scandir(folder) as entries:
                    found = list(entries)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue  # gone, or closed
            except OSError as error:
                yield from self._unwatched(f"{folder}: {os.strerror(error.errno or 0)}")
                return
            self._growing.add(watch)
            if folder not in (known := self._folders.setdefault(watch, [])):
                known.append(folder)
            for entry in found:
                if self._fits(entry.path):
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False) and not is_passed_over(entry.path):
                    folders.append(entry.path)

    def _unwatched(self, where: str) -> Iterator[str]:
        """Yield once that a folder is not watched: every new one would say it again."""
        if not self._told:
            self._told = True
            yield f"{UNWATCHED}{where}"

    def _appeared(self, data: bytes) -> Iterator[str]:
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if mask & _ENDED:
                self._growing.discard(watch)
                self._folders.pop(watch, None)
            if mask & _OVERFLOW:
                yield from self._paths
                for top in self._tops:
                    yield from self._taken_up(top)
            for folder in list(self._folders.get(watch, ())):
                path = f"{folder.rstrip('/')}/{name}"
                if path in self._paths or (watch in self._growing and self._fits(path)):
                    yield path
                elif mask & _IS_FOLDER and watch in self._growing and not is_passed_over(path):
                    yield from self._taken_up(path)
