"""What is mounted where: a name in a temporary folder may be another name of something precious."""

from __future__ import annotations

import os.path
import re

from gatesh._value import Value
from gatesh.facts.extents import is_derived

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SHOWING = ("overlay", "fuse")  # what they show lies somewhere else
_OF_ITS_OWN = frozenset(("tmpfs", "ramfs", "proc"))  # nothing in it outlives the machine


class Mount(Value):
    """One row of /proc/PID/mountinfo."""

    place: str
    device: str
    root: str  # what of the device's files is to be seen there
    kind: str


def mounts(text: str) -> tuple[Mount, ...]:
    """Return what a mountinfo says; rows that nobody can read are left out."""
    return tuple(_rows(text))


def _rows(text: str) -> Iterator[Mount]:
    for row in text.splitlines():
        left, _, right = row.partition(" - ")
        fields = left.split(" ")
        if len(fields) > 5 and right:
            yield Mount(_plain(fields[4]), fields[2], _plain(fields[3]), right.split(" ", 1)[0])


def _plain(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text) if "\\" in text else text


def thrown_away(found: Sequence[Mount], thrown: Callable[[str], bool]) -> tuple[Mount, ...]:
    """Return the mounts in places that are thrown away, of which more than the place would be lost.

    `thrown` claims that of a path by its name. A file system of its own in the place of a whole temporary
    folder, or of what a build makes (a container's volume), is what it is called.
    """
    return tuple(m for m in found if thrown(f"{m.place}/") and _keeps(m, found, thrown))


def _keeps(mount: Mount, found: Sequence[Mount], thrown: Callable[[str], bool]) -> bool:
    if mount.kind in _OF_ITS_OWN and mount.root == "/":
        return False
    names = [
        os.path.normpath(os.path.join(m.place, os.path.relpath(mount.root, m.root)))
        for m in found
        if m is not mount and m.device == mount.device and within(mount.root, m.root)
    ]
    if names:
        return not all(thrown(f"{name}/") for name in names)
    inside = thrown(mount.place) or mount.kind.startswith(_SHOWING)
    return inside and not is_derived(mount.place)


def within(path: str, folder: str) -> bool:
    """Claim that a path is a folder or lies below it."""
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def touched(path: str, found: Sequence[Mount]) -> bool:
    """Claim that a path lies on one of these mounts, or holds one."""
    return any(within(path, m.place) or within(m.place, path) for m in found)
