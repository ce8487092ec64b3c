"""What a session closes of the paths that its scope has off-limits, and what is said of it."""

from __future__ import annotations

import os

from gatesh._value import Value
from gatesh.facts.mounts import mounts, within
from gatesh.printable import printable
from gatesh.scope.closed import find, off_limits
from gatesh.scope.manifest import Listed
from gatesh.supervise.closing import Placeholder
from gatesh.supervise.elsewhere import sees_as_we_do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.scope.manifest import Scope
    from gatesh.supervise.start import Child

_AS_FAR = "known as far as lines and programs name them"
_SHOWN = 50  # paths in the record


class Closing(Value):
    """What became of a session's paths: for its first line, and for its record."""

    said: str = ""
    detail: str = ""
    paths: tuple[str, ...] = ()  # that are closed


def close(child: Child, scope: Scope | None, folder: str, home: str) -> Closing:
    """Close to an agent that waits what its scope has off-limits; `folder` is ours to make."""
    scopes = scope.manifests if scope else ()
    if not off_limits(scopes):
        child.close("", ())
        limited = any(one.paths != Listed() for one in scopes)
        return Closing(f"its paths are advisory: {_AS_FAR}" if limited else "")
    found = find(scopes, os.getcwd(), home)
    why = _closed(child, folder, found.paths)
    if why:
        said = f"its paths are advisory ({why}): {_AS_FAR}"
        return Closing(said, printable(said))
    if found.paths:
        sees_as_we_do(child.pid)
    count = len(found.paths)
    said = f"{count} {'path' if count == 1 else 'paths'} closed"
    if not count:
        said += ": none is there"
    if found.open:
        more = f" and {len(found.open) - 1} more" if len(found.open) > 1 else ""
        said += f", but not {found.open[0]}{more}"
    shown = [*found.paths[:_SHOWN], *(f"open: {one}" for one in found.open[:_SHOWN])]
    return Closing(printable(said), printable(f"{said}: {', '.join(shown)}"), found.paths)


def _closed(child: Child, folder: str, paths: tuple[str, ...]) -> str:
    if not paths:
        return child.close("", ())
    try:
        placeholder = Placeholder(folder)
    except OSError as error:
        child.close("", ())
        return str(error)
    try:
        return child.close(folder, tuple(_with_other_ways(paths)))
    finally:
        placeholder.remove()


def _with_other_ways(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths, and where else the same is mounted."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        found = mounts(file.read())
    for path in paths:
        yield path
        # Of several that are mounted at the same place the last is the one that is seen.
        around = (one for one in reversed(found) if within(path, one.place))
        seen = max(around, key=lambda one: len(one.place))
        inside = os.path.normpath(os.path.join(seen.root, os.path.relpath(path, seen.place)))
        for one in found:
            if one.device == seen.device and within(inside, one.root):
                rest = os.path.relpath(inside, one.root)
                other = os.path.normpath(os.path.join(one.place, rest))
                if other != path and _is_same(other, path):
                    yield other


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False
