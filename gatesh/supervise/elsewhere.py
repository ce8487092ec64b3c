"""Where a name leads for another program: through links and /proc, and in a root or mount namespace of its own.

What a program calls /tmp/x may be anything: it can have entered a chroot, or bound something to that place.
"""

from __future__ import annotations

import os
import select
from functools import lru_cache

from gatesh.facts.mounts import mounts, thrown_away, touched
from gatesh.supervise import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gatesh.facts import Files
    from gatesh.facts.mounts import Mount

_MOST_STEPS = 400
_SELF = {"/proc/self": "/proc/{0}", "/proc/thread-self": "/proc/{0}/task/{0}"}


def root_of(tid: int) -> str:
    """Return what leads into the root of a program; empty where it sees the same files as we do."""
    root = f"/proc/{tid}/root"
    found = kernel.mount_of(root)
    return "" if found and found in _roots() else root


@lru_cache(1)
def _roots() -> set[bytes]:
    return {kernel.mount_of("/proc/self/root")}


def sees_as_we_do(pid: int) -> None:
    """Take it that the mounts of a process are ours but for what is closed, and that nobody can change them."""
    _roots().add(kernel.mount_of(f"/proc/{pid}/root"))


def resolved(tid: int, path: str, root: str = "", *, last: bool) -> str:
    """Return where an absolute path leads for a program whose root is `root`; its last link too with `last`."""
    left, found = path.split("/")[::-1], ""
    for _ in range(_MOST_STEPS):
        while left and left[-1] in ("", "."):
            left.pop()
        if not left:
            break
        part = left.pop()
        if part == "..":
            found = found.rpartition("/")[0]
            continue
        found = f"{found}/{part}"
        if found in _SELF:
            found = _SELF[found].format(tid)
        elif any(left) or last:
            link = _link(root + found)
            if link:
                found = "" if link[0] == "/" else found.rpartition("/")[0]
                left += link.split("/")[::-1]
    else:
        return "/"  # whoever makes such links does not mean to clean up
    return found or "/"


def folder_of(pid: int, root: str) -> str:
    """Return a program's working folder as it calls it itself; `root` leads into one that is not ours."""
    here = f"/proc/{pid}/cwd"
    folder = os.readlink(here)
    own = os.readlink(root) if root else "/"
    if own != "/" and (folder + "/").startswith(own + "/"):  # a chroot: we are told all of the path
        folder = folder[len(own) :] or "/"
    found = os.stat(here)
    try:
        if os.path.samestat(found, os.stat(root + folder)):
            return folder
    except OSError:
        pass
    return here  # gone, below a mount, outside of its root: what is named there is not known


class Own:
    """facts.Files of a program that sees the same files as we do, but for /proc/self, which is its own.

    What is read through a link to /proc/self/cwd is not there: we stand in a folder that is gone.
    """

    def __init__(self, files: Files, pid: int) -> None:
        """Look through `files` for a process."""
        self._files, self._pid = files, pid

    def __getattr__(self, method: str) -> Any:
        return getattr(self._files, method)

    def real(self, path: str) -> str:
        """Return the path with every symbolic link resolved, as Files does."""
        try:
            return resolved(self._pid, path, last=True)
        except ValueError:
            return self._files.real(path)


class Elsewhere:
    """facts.Files of a program with a root of its own: what it calls /tmp/x is looked at there.

    What we see under the same name keeps it; anything else is called by the way that leads into that root,
    where nothing counts as temporary, nor as any other place that we know.
    """

    def __init__(self, files: Files, pid: int, root: str) -> None:
        """Look through `files` into the root of a process."""
        self._files, self._pid, self._root = files, pid, root

    def _at(self, path: str) -> str:
        return path if self._inside(path) else self._root + path

    def _inside(self, path: str) -> bool:
        return f"{path}/".startswith((f"{self._root}/", f"/proc/{self._pid}/cwd/"))

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the content, as Files does."""
        return self._files.read(self._at(path), limit)

    def head(self, path: str, limit: int) -> bytes:
        """Return what a file begins with, as Files does."""
        return self._files.head(self._at(path), limit)

    def kind(self, path: str) -> str:
        """Return the kind, as Files does."""
        return self._files.kind(self._at(path))

    def real(self, path: str) -> str:
        """Return what we call it where we see the same, else the way that leads there."""
        if self._inside(path):
            return os.path.normpath(path)
        found = resolved(self._pid, path, self._root, last=True)
        return found if alike(self._root, found) else self._root + found

    def names(self, path: str, limit: int) -> list[str] | None:
        """Return the names in a folder, as Files does."""
        return self._files.names(self._at(path), limit)

    def size(self, path: str) -> int:
        """Return the size, as Files does."""
        return self._files.size(self._at(path))

    def stamp(self, path: str) -> str:
        """Return what changes with a file, as Files does."""
        return self._files.stamp(self._at(path))

    def mountinfo(self) -> str:
        """Return what is mounted for the process."""
        try:
            with open(_mountinfo(self._root), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except OSError:
            return ""


def _mountinfo(root: str) -> str:
    return f"{root.removesuffix('/root')}/mountinfo"


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


class Throwaway:
    """Places that are thrown away by their names, and what is mounted there that would not be."""

    def __init__(self, thrown: Callable[[str], bool]) -> None:
        """`thrown` claims that of a path by its name."""
        self.named = thrown
        self._text = open("/proc/self/mountinfo", "rb", 0)  # noqa: SIM115  it is asked as long as we live
        self._changes = select.poll()
        self._changes.register(self._text, select.POLLPRI)
        self._kept: tuple[Mount, ...] | None = None

    def here(self, path: str) -> bool:
        """Claim that a resolved path may be thrown away, where we see it too."""
        if not self.named(path):
            return False
        if self._changes.poll(0) or self._kept is None:
            self._text.seek(0)
            self._kept = _kept(self._text.read(), self.named)
        return not touched(path, self._kept)

    def there(self, path: str, root: str) -> bool:
        """Claim the same of what a program finds that has other mounts, or another root."""
        if not self.named(path) or not alike(root, os.path.dirname(path)):
            return False
        try:
            with open(_mountinfo(root), "rb") as file:
                return not touched(path, _kept(file.read(), self.named))
        except OSError:
            return False


@lru_cache(16)
def _kept(text: bytes, thrown: Callable[[str], bool]) -> tuple[Mount, ...]:
    return thrown_away(mounts(os.fsdecode(text)), thrown)


def alike(root: str, path: str) -> bool:
    """Claim that a path below another root is what we call so, or is on a file system that only it sees."""
    while True:
        try:
            there = os.stat(root + path)
            break
        except OSError:
            if path in ("/", ""):
                return False
            path = os.path.dirname(path)
    if there.st_dev not in _our_devices():
        return True  # a sandbox's own /tmp
    try:
        here = os.stat(path)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _our_devices() -> set[int]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        numbers = [line.split(None, 3)[2].split(":") for line in file]
    return {os.makedev(int(major), int(minor)) for major, minor in numbers}
