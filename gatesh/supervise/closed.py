"""What a session closes of the paths that its scope has off-limits, and what is said of it."""

from __future__ import annotations

import os

from gatesh._value import Value
from gatesh.facts.mounts import mounts, within
from gatesh.printable import printable
from gatesh.scope.closed import find, off_limits, shut
from gatesh.scope.manifest import Listed
from gatesh.supervise.closer import UNWATCHED
from gatesh.supervise.closing import Reply, Request, make_placeholder
from gatesh.supervise.elsewhere import sees_as_we_do
from gatesh.supervise.led import can_follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from gatesh.scope.closed import Closed, Shut
    from gatesh.scope.manifest import Scope
    from gatesh.supervise.start import Child

_ADVISORY = "its paths are advisory"
_AS_FAR = "known as far as lines and programs name them"
_ENDS_S = 2.0  # how long the end of a session may take
_SHOWN = 50  # paths in the record


class Closing(Value):
    """What became of a session's paths: for its first lines, and for its record."""

    short: str = ""  # for the first line
    said: str = ""  # how they are closed, too, and what of them is not
    detail: str = ""
    paths: tuple[str, ...] = ()  # that are closed
    later: tuple[str, ...] = ()  # that will be once they are there
    watched: bool = False  # what is replaced is closed again
    shut: Shut | None = None  # is to be kept from the agent by its opens


def close(child: Child, scope: Scope | None, folder: str, home: str, *, named: bool) -> Closing:
    """Close to an agent that waits what its scope has off-limits; `folder` is ours to make.

    With `named` the calls that name a file can be looked at instead, where mounts cannot be had.
    """
    scopes = scope.manifests if scope else ()
    if not off_limits(scopes):
        child.close(Request())
        limited = any(one.paths != Listed() for one in scopes)
        return Closing(_ADVISORY, f"{_ADVISORY}: {_AS_FAR}") if limited else Closing()
    found = find(scopes, os.getcwd(), home)
    names = shut(found, scopes, os.getcwd(), home)
    reply = _asked(child, folder, found, names if names.tops else None)
    if reply.why and named and can_follow():
        return _by_names(names, found, reply.why)
    if reply.why:
        said = f"{_ADVISORY} ({reply.why}): {_AS_FAR}"
        return Closing(_ADVISORY, printable(said), printable(said))
    if found.paths or found.later or names.tops:
        sees_as_we_do(child.pid)
    still = [*found.open, *([f"what is replaced in {reply.unwatched}"] if reply.unwatched else [])]
    told = _said(found, "", still)
    watched = reply.closer > 0
    return Closing(*told, found.paths, found.later if watched else (), watched)


def _by_names(names: Shut, found: Closed, why: str) -> Closing:
    """Have what is off-limits kept from the agent by the calls that name files."""
    everywhere = tuple(dict.fromkeys((*_with_other_ways(found.paths), *names.paths)))
    told = _said(found, f" by looking at each open ({why})", list(found.open))
    return Closing(*told, found.paths, found.later, shut=names.but(paths=everywhere))


def _said(found: Closed, how: str, still: list[str]) -> tuple[str, str, str]:
    """Return what is closed in short, how and what is not, and that with the paths."""
    count = len(found.paths)
    short = f"{count} {'path' if count == 1 else 'paths'} closed"
    none = "" if count else ": none is there"
    said, short = f"{short}{how}{none}", short + none + (", but not all" if still else "")
    if still:
        more = f" and {len(still) - 1} more" if len(still) > 1 else ""
        said += f", but not {still[0]}{more}"
    shown = [*found.paths[:_SHOWN], *(f"open: {one}" for one in still[:_SHOWN])]
    return short, printable(said), printable(f"{said}: {', '.join(shown)}" if shown else said)


def _asked(child: Child, folder: str, found: Closed, globs: Shut | None) -> Reply:
    if not (found.paths or found.later or globs):
        return child.close(Request())
    try:
        over = make_placeholder(folder)
    except OSError as error:
        child.close(Request())
        return Reply(str(error))
    paths = tuple(_with_other_ways(found.paths))
    return child.close(Request(folder, paths, found.later, over, globs))


def tell(child: Child, alert: Callable[[str], None], over: threading.Event) -> None:
    """Tell of what is closed again, until the session is over: in a thread of its own."""
    with open(child.closed_again, "rb") as lines:
        for line in lines:
            text = printable(os.fsdecode(line.rstrip()))
            unwatched = text.removeprefix(UNWATCHED)
            alert(
                f"closed again: {text}"
                if text == unwatched
                else f"new files stay open in {unwatched}"
            )
    if not over.wait(_ENDS_S):
        alert("what closes again what was replaced has ended: from now on that stays open")


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
