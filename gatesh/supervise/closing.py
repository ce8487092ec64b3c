"""Paths closed to a tree: something that nobody there can open lies over them, in mounts of its own.

    fork → user and mount namespace of its own → placeholder over each path → no power over these mounts → agent

The person's mounts stay as they are. Nobody in the tree has a capability in the namespace that holds these
mounts; in one below it, which anybody may make, the kernel has locked them (user_namespaces(7), MNT_LOCKED). It
also keeps a process of this namespace from looking through /proc into one that is outside.

As a user its own number is the only one in there; as root all are but the highest, to which the placeholders
belong: root in there has no power over a file of somebody who does not exist there.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
import struct
from contextlib import suppress
from functools import partial
from shutil import rmtree
from tempfile import TemporaryDirectory

from gatesh._value import Value
from gatesh.scope.closed import Shut
from gatesh.supervise import closer, kernel, owned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = struct.Struct("=I")
_MOST_REPLY, _MOST_REASON = 4096, 1000
_FILE, _FOLDER = "file", "folder"  # what lies over a file, and over a folder
_SETUP = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
_IDS = ("uid_map", "gid_map")
_CAP_CHOWN, _CAP_SETGID, _CAP_SETUID = 0, 6, 7
_WHY = {
    errno.EPERM: "user namespaces are refused here",
    errno.EACCES: "user namespaces have no power here",  # AppArmor's way
    errno.ENOSPC: "there may be no more user namespaces",
    errno.EINVAL: "this kernel has no user namespaces",
}


def make_placeholder(folder: str) -> list[tuple[str, str]]:
    """Make what will lie over closed paths, a file and a folder, in `folder`; raises OSError.

    Return what will lie over other files, and over which.
    """
    os.mkdir(folder, mode=0o700)
    os.close(os.open(f"{folder}/{_FILE}", os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    os.mkdir(f"{folder}/{_FOLDER}", mode=0)
    if _is_root():
        owner = [_highest(_map_of(name)) for name in _IDS]
        for name in (_FILE, _FOLDER):
            os.chown(f"{folder}/{name}", *owner)
        return []
    return owned.copies(folder)


def remove(folder: str) -> None:
    """Take a placeholder away, where one is there; what lies over a path stays there."""
    with suppress(OSError):
        os.rmdir(f"{folder}/{_FOLDER}")  # nobody can look into it, to see that it is empty
    rmtree(folder, ignore_errors=True)


class Reply(Value):
    """What became of a request to close paths."""

    why: str = ""  # they cannot be
    closer: int = 0  # the pid of what closes them again
    unwatched: str = ""  # why some of them are not closed again


class Request(Value):
    """What is to be closed."""

    folder: str = ""  # of make_placeholder
    paths: Sequence[str] = ()
    later: Sequence[str] = ()  # when they appear
    over: Sequence[Sequence[str]] = ()  # as make_placeholder returns it
    shut: Shut | None = None  # what globs have off-limits, where new names are looked for


def _packed(wanted: Request) -> bytes:
    fields = [wanted.folder, wanted.paths, wanted.later, wanted.over]
    one = wanted.shut
    names = [one.paths, one.globs, one.roots, one.cwd, one.tops] if one else None
    return json.dumps([*fields, names]).encode()


def _unpacked(data: bytes) -> Request:
    folder, paths, later, over, names = json.loads(data)
    return Request(folder, paths, later, over, Shut(*names) if names else None)


def request(there: socket.socket, wanted: Request) -> Reply:
    """Have the process at the other end close paths to itself."""
    data = _packed(wanted) if wanted.folder else b""
    there.sendall(_LENGTH.pack(len(data)) + data)
    said = there.recv(_MOST_REPLY)
    return (
        Reply(*json.loads(said))
        if said.startswith(b"[")
        else Reply(said.decode("utf-8", "replace") or "the agent ended")
    )


def serve(there: socket.socket, told: int) -> int:
    """Do what `request` asks for; return the pid of what closes again, 0 where there is none.

    It is tried in another process first: whoever has left a user namespace cannot go back. Raises OSError where
    half of it was done. What is closed again goes to `told`, a line each.
    """
    head = there.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(head) < _LENGTH.size:
        os._exit(125)  # the supervisor has given up
    (size,) = _LENGTH.unpack(head)
    found = Reply()
    if size:
        wanted = _unpacked(there.recv(size, socket.MSG_WAITALL))
        why = _tried(wanted)
        found = Reply(why) if why else Reply("", *close(wanted, told))
    there.send(json.dumps([found.why, found.closer, found.unwatched[:_MOST_REASON]]).encode())
    return found.closer


def refused() -> str:
    """Return why nothing can be closed here; empty where a file of ours was seen to be."""
    with TemporaryDirectory(prefix="gatesh-") as name:
        path, folder = f"{os.path.realpath(name)}/x", f"{os.path.realpath(name)}/closed"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            return _tried(Request(folder, [path], (), make_placeholder(folder)))
        except OSError as error:
            return str(error)
        finally:
            remove(folder)


def _tried(wanted: Request) -> str:
    """Close the paths to a child, and return why that cannot be."""
    hear, tell = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        why = b""
        try:
            close(wanted)
        except OSError as error:
            named = _WHY.get(error.errno or 0) if error.filename is None else None
            why = (named or str(error)).encode("utf-8", "replace")
        except BaseException as error:  # noqa: BLE001  the child must not go on as what it was forked from
            why = repr(error).encode()
        os.write(tell, why[:_MOST_REASON])
        os._exit(0 if not why else 1)
    os.close(tell)
    with open(hear, "rb") as file:
        why = file.read()
    _, status = os.waitpid(pid, 0)
    return why.decode("utf-8", "replace") or ("" if not status else f"it ended with {status}")


def close(wanted: Request, told: int = -1) -> tuple[int, str]:
    """Close paths to this process, for good; return what `closer.start` does. Raises OSError.

    Without `told` nothing is closed again.
    """
    root, here, folder = _is_root(), os.getcwd(), wanted.folder
    _leave(root=root)
    kernel.mount("none", "/", kernel.MS_REC | kernel.MS_SLAVE)
    kernel.mount(folder, folder, kernel.MS_BIND)
    kernel.mount("none", folder, kernel.MS_REMOUNT | kernel.MS_BIND | _SETUP)
    for copy, path in wanted.over:
        kernel.mount(copy, path, kernel.MS_BIND)
    there = [path for path in wanted.paths if _cover(folder, path)]
    os.chdir(here)  # else it would still be what is below
    _open_folders_again()
    found = (0, "")
    if told >= 0:
        again = partial(_cover_again, folder)
        found = closer.start([*there, *wanted.later], wanted.shut, again, told)
    kernel.prctl(kernel.PR_CAPBSET_DROP, kernel.CAP_SYS_ADMIN)
    if not root:
        kernel.give_up_capabilities()
    for path in there:
        _check(path)
    return found


def _leave(*, root: bool) -> None:
    """Go into a user namespace and a mount namespace of our own; a child outside says who is who there."""
    maps = [_inside(name, root=root) for name in _IDS]
    left, told = os.pipe2(os.O_CLOEXEC)
    me = os.getpid()
    pid = os.fork()
    if not pid:
        os._exit(_write_maps(me, left, told, maps, root=root))
    os.close(left)
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        kernel.prctl(
            kernel.PR_SET_DUMPABLE, 1
        )  # or nobody of our own user could write into our /proc
        os.write(told, b"\0")
    finally:
        os.close(told)
        _, status = os.waitpid(pid, 0)
    if status:
        number = os.waitstatus_to_exitcode(status)
        raise OSError(number, f"the map of users: {os.strerror(number)}")


def _write_maps(pid: int, left: int, told: int, maps: list[str], *, root: bool) -> int:
    os.close(told)
    try:
        if not os.read(left, 1):
            return 0
        if not root:
            _write(f"/proc/{pid}/setgroups", "deny")
        for name, text in zip(_IDS, maps, strict=True):
            _write(f"/proc/{pid}/{name}", text)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _inside(name: str, *, root: bool) -> str:
    """Return who is who in there: everybody has the number that he has here."""
    if not root:
        own = os.geteuid() if name == "uid_map" else os.getegid()
        return f"{own} {own} 1\n"
    *most, (first, count) = _map_of(name)
    kept = [*most, (first, count - 1)] if count > 1 else most
    return "".join(f"{start} {start} {length}\n" for start, length in kept)


def _map_of(name: str) -> list[tuple[int, int]]:
    """Return the numbers that are known here: where each range begins, and its length."""
    with open(f"/proc/self/{name}", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return sorted((int(start), int(length)) for start, _, length in lines)


def _highest(ranges: list[tuple[int, int]]) -> int:
    return ranges[-1][0] + ranges[-1][1] - 1


def _is_root() -> bool:
    """Claim that this process may say who is who below it."""
    wanted = 1 << _CAP_CHOWN | 1 << _CAP_SETGID | 1 << _CAP_SETUID
    several = all(sum(count for _, count in _map_of(name)) > 1 for name in _IDS)
    return several and kernel.capabilities() & wanted == wanted


def _cover(folder: str, path: str) -> bool:
    """Put a placeholder over a path; False where nobody gets there: it is gone, or in a closed folder."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    try:
        kernel.mount(f"{folder}/{_FOLDER if is_folder else _FILE}", path, kernel.MS_BIND)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    return True


def _cover_again(folder: str, path: str) -> bool:
    """Put a placeholder over a path, and what it leads to, unless it lies there; False where it does."""
    placeholders = [os.stat(f"{folder}/{name}") for name in (_FILE, _FOLDER)]
    path = os.path.realpath(path)
    if any(os.path.samestat(os.lstat(path), one) for one in placeholders):
        return False
    return _cover(folder, path)


def _check(path: str) -> None:
    """Raise OSError where a path can be opened after all."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except PermissionError:
        return
    raise OSError(errno.EBADE, "it can still be opened", path)


def _open_folders_again() -> None:
    """Open anew each folder that the agent will inherit: below the old one nothing is closed."""
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        with suppress(OSError):
            if os.get_inheritable(number) and stat.S_ISDIR(os.fstat(number).st_mode):
                _open_again(number)


def _open_again(number: int) -> None:
    flags = fcntl.fcntl(number, fcntl.F_GETFL)
    try:
        fresh = os.open(os.readlink(f"/proc/self/fd/{number}"), flags | os.O_CLOEXEC)
    except OSError:
        os.close(number)
        return
    os.dup2(fresh, number)
    os.close(fresh)
