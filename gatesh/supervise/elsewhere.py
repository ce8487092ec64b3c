"""Where a name leads for another program: through links and /proc, and in a root or mount namespace of its own.

What a program calls /tmp/x may be anything: it can have entered a chroot, or bound something to that place.
"""

from __future__ import annotations

import os
from functools import lru_cache

_MOST_STEPS = 400
_SELF = {"/proc/self": "/proc/{0}", "/proc/thread-self": "/proc/{0}/task/{0}"}


def root_of(tid: int) -> str:
    """Return what leads into the root of a program; empty where it sees the same files as we do."""
    here = f"/proc/{tid}"
    try:
        alike = (
            os.readlink(f"{here}/root") == "/" and os.readlink(f"{here}/ns/mnt") == _our_mounts()
        )
    except OSError:
        alike = False
    return "" if alike else f"{here}/root"


@lru_cache(1)
def _our_mounts() -> str:
    return os.readlink("/proc/self/ns/mnt")


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


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


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
