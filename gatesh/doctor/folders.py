"""The places: whose they are, who else may write there, and what the log's disk takes to keep a record."""

from __future__ import annotations

import os
import stat
import statistics
import time

from gatesh.audit.database import network_file_system
from gatesh.doctor.finding import note, ok, problem
from gatesh.key import key_beside, read_key
from gatesh.places import default_places, pinned_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_TRIES = 20
_SLOW_S = 0.020
_RECORD = bytes(4096)  # what a begin row appends, about


def folders(places: Places) -> Iterator[Finding]:
    """Look at the folders of settings, records and sockets, and at all that leads there."""
    if pinned_places():
        yield note("places", f"/etc/gatesh/home pins them to {places.state}")
    elif places.state != default_places().state:
        yield note("places", f"GATESH_HOME puts them into {places.state}")
    kinds = {places.config: "settings", places.state: "records", places.runtime: "sockets"}
    for folder, kind in kinds.items():
        name = kind if len(kinds) > 1 else "all"
        if os.path.lexists(folder):
            yield from _folder(folder, name)
        elif os.access(_above(folder), os.W_OK | os.X_OK):
            yield ok("places", f"{name}: {folder} is made when it is needed")
        else:
            what = f"{name}: {folder} cannot be made: {_above(folder)} is not yours to write"
            yield problem("places", what, f"mkdir -m 700 {folder}, for user {os.getuid()}")
    if os.path.lexists(places.shells):
        yield from _folder(places.shells, "links")
    yield from _key(places)


def _folder(folder: str, name: str) -> Iterator[Finding]:
    found = os.lstat(folder)
    wrong = list(_wrong(folder, found))
    for what, do in wrong:
        yield problem("places", f"{name}: {folder} {what}", do)
    if wrong:
        return
    if found.st_mode & 0o077:
        yield note("places", f"{name}: {folder} can be read by others", f"chmod 700 {folder}")
    else:
        yield ok("places", f"{name}: {folder}")


def _wrong(folder: str, found: os.stat_result) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a folder of ours, and what to do."""
    if stat.S_ISLNK(found.st_mode):
        yield (
            "is a symbolic link",
            f"put the folder itself there, or GATESH_HOME={os.path.realpath(folder)}",
        )
        return
    if not stat.S_ISDIR(found.st_mode):
        yield "is no folder", f"mv {folder} {folder}.other"
        return
    if found.st_uid != os.getuid():
        yield f"belongs to user {found.st_uid}", f"mv {folder} {folder}.other"
    elif found.st_mode & 0o022:
        yield "can be written by others than you", f"chmod 700 {folder}"
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield "cannot be written by you", f"chmod 700 {folder}, or remount it for writing"
    kind = _network(folder)
    if kind:
        yield f"is on a network file system ({kind})", "set GATESH_HOME to a folder on a local disk"
    foreign = _foreign_above(folder)
    if foreign:
        yield f"can be replaced: others than you may write in {foreign}", f"chmod go-w {foreign}"


def _network(folder: str) -> str:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return network_file_system(os.path.realpath(folder), file.read())
    except OSError:
        return ""


def _foreign_above(folder: str) -> str:
    """Return the folder above in which somebody else could put another one in its place."""
    above = os.path.realpath(folder)
    while above != (above := os.path.dirname(above)):
        found = os.stat(above)
        loose = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
        if loose or found.st_uid not in (0, os.getuid()):
            return above
    return ""


def _above(folder: str) -> str:
    """Return the nearest folder above that exists."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _key(places: Places) -> Iterator[Finding]:
    path = key_beside(places.audit_db)
    if read_key(path):  # raises where it cannot be used
        yield ok("places", f"key: {path}")


def disk(places: Places) -> Iterator[Finding]:
    """Look how long the log's disk takes to keep a record: each command waits for it."""
    folder = _above(places.state)
    draft = os.path.join(folder, f".gatesh-doctor-{os.getpid()}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return  # said already
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        took_s = statistics.median(_kept(descriptor) for _ in range(_TRIES))
    finally:
        os.close(descriptor)
        os.unlink(draft)
    what = f"fsync in {folder} takes {took_s * 1e3:.2f} ms (median of {_TRIES})"
    if took_s > _SLOW_S:
        do = "each command waits that long: put the log on a faster disk (/etc/gatesh/home)"
        yield problem("disk", what, do)
    else:
        yield ok("disk", what)


def _kept(descriptor: int) -> float:
    began = time.perf_counter()
    os.write(descriptor, _RECORD)
    os.fsync(descriptor)
    return time.perf_counter() - began
