"""Where a path leads for a caller in our root and mounts: the kernel resolves it, but for /proc.

The kernel takes /proc/self for whoever asks. So the opener asks it to follow no link that names a process, and
resolves step by step what leads into /proc.
"""

from __future__ import annotations

import errno
import os
import re
import stat

from gatesh._value import Value
from gatesh.supervise import kernel
from gatesh.supervise.elsewhere import resolved
from gatesh.supervise.named import HERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NO_MAGIC, _NO_LINKS = 0x02, 0x04  # RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS
_MOST_LINKS = 40
_MAGIC = re.compile(
    r"(/proc/(\d+)(?:/task/\d+)?(?:/fd|/ns|/map_files)?)/(?:(?<=/fd/)\d+|exe|cwd|root|(?<=/ns/)\w+|(?<=/map_files/)[^/]+)"
)
_OWN = re.compile(r"/proc/(\d+)(?:/task/(\d+))?(?:/(.*))?")
# What everybody may read of any process.
_PUBLIC = frozenset(
    ("stat", "status", "statm", "cmdline", "comm", "cgroup", "mounts", "mountinfo", "oom_score", "loginuid",
     "sessionid", "wchan", "schedstat", "cpuset", "limits"),
)  # fmt: skip


class Probed(Value):
    """What a path leads to: a descriptor that can only be opened again, and what it is."""

    descriptor: int
    status: os.stat_result
    path: str


class Caller(Value):
    """What of a thread the kernel looks at when it opens a file."""

    umask: int
    identity: kernel.Identity


def caller(tid: int) -> Caller:
    """Return what a thread is; raises OSError where it is gone."""
    with open(f"/proc/{tid}/status", "rb", 0) as file:
        said = dict(line.split(b":", 1) for line in file.read().splitlines())
    user, group = (int(said[name].split()[3]) for name in (b"Uid", b"Gid"))
    groups = tuple(map(int, said[b"Groups"].split()))
    who = kernel.Identity(user, group, groups, int(said[b"CapEff"], 16))
    return Caller(int(said[b"Umask"], 8), who)


def terminal(tid: int) -> str:
    """Return the controlling terminal of a thread; raises OSError where it has none."""
    with open(f"/proc/{tid}/stat", "rb", 0) as file:
        number = int(file.read().rpartition(b")")[2].split()[4])
    device = os.makedev(number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00)
    path = f"/dev/pts/{os.minor(device) + 256 * (os.major(device) - 136)}"
    if number and not 136 <= os.major(device) < 144:
        name = os.readlink(f"/sys/dev/char/{os.major(device)}:{os.minor(device)}")
        path = f"/dev/{os.path.basename(name)}"
    if not number or os.stat(path).st_rdev != device:
        raise OSError(errno.ENXIO, "it has no terminal")
    return path


def can_follow() -> bool:
    """Claim that this kernel or container lets us follow paths without links of /proc."""
    try:
        os.close(kernel.open_by(HERE, b"/", os.O_PATH, _NO_MAGIC))
    except OSError:
        return False
    return True


class Led:
    """Follows paths; what it opens is kept until it is told to let go. Whatever is closed is EACCES."""

    def __init__(self, paths: tuple[str, ...], closed: Callable[[str], bool]) -> None:
        """Take the paths that are closed, and what tells of a path whether it is."""
        self._closed = closed
        self._kept: list[int] = []
        self._root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        self._mounts, self._devices, self._proc = _mounted()
        self._files: dict[tuple[int, int], str] = {}
        for path in paths:
            try:
                found = os.lstat(path)
            except OSError:
                continue
            self._files[found.st_dev, found.st_ino] = path

    def keep(self, descriptor: int) -> int:
        """Close a descriptor with the others."""
        self._kept.append(descriptor)
        return descriptor

    def let_go(self) -> None:
        """Close what was opened."""
        while self._kept:
            os.close(self._kept.pop())

    def base(self, tid: int, at: int, path: bytes) -> int:
        """Return the folder that a path of a caller is below."""
        if path[:1] == b"/":
            return self._root
        where = "cwd" if at == HERE else f"fd/{at}"
        try:
            return self.keep(os.open(f"/proc/{tid}/{where}", os.O_PATH | os.O_CLOEXEC))
        except FileNotFoundError as error:
            raise OSError(errno.EBADF, "no such descriptor") from error

    def probe(self, tid: int, base: int, path: bytes, *, follow: bool) -> Probed:
        """Return what a path leads to, its last link too with `follow`."""
        if not path:
            raise FileNotFoundError(errno.ENOENT, "no path")
        flags = os.O_PATH | (0 if follow else os.O_NOFOLLOW)
        try:
            found = self.keep(kernel.open_by(base, path, flags, _NO_MAGIC))
        except FileNotFoundError:
            if self._is_missing(base, path):
                raise
            return self._carefully(tid, base, path, follow=follow)
        except OSError:
            return self._carefully(tid, base, path, follow=follow)
        if os.fstat(found).st_dev in self._proc:
            return self._carefully(tid, base, path, follow=follow)
        return self.look(found)

    def parent(self, tid: int, base: int, path: bytes) -> tuple[int, bytes, str]:
        """Return the folder that a name is in, the name with the slashes behind it, and its path."""
        plain = path.rstrip(b"/")
        head, slash, name = plain.rpartition(b"/")
        if not name:
            raise OSError(errno.EBUSY if path else errno.ENOENT, "no name")
        folder = self.probe(tid, base, (head or b"/" if slash else b".") + b"/", follow=True)
        full = f"{folder.path.rstrip('/')}/{os.fsdecode(name)}"
        return folder.descriptor, name + path[len(plain) :], os.path.normpath(full)

    def look(self, descriptor: int) -> Probed:
        """Return what a descriptor leads to, unless that is closed."""
        found = os.fstat(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if path[:1] == "/":
            name = path if found.st_nlink else path.removesuffix(" (deleted)")
            denied = self._closed(name) or self._is_of_ours(found, path)
        else:
            denied = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
            denied = denied and path[0] == "("  # (unreachable)
        closed = self._files.get((found.st_dev, found.st_ino))
        if closed is not None and not denied:
            denied = _is_still(closed, found)
        if denied:
            raise PermissionError(errno.EACCES, "it is closed")
        return Probed(descriptor, found, path)

    def _is_missing(self, base: int, path: bytes) -> bool:
        """Claim that a name is not there in a folder that is, outside of /proc."""
        head, slash, name = path.rpartition(b"/")
        if not name:
            return False
        try:
            above = (head or b"/") if slash else b"."
            folder = self.keep(kernel.open_by(base, above, os.O_PATH, _NO_MAGIC))
        except OSError:
            return False
        if os.fstat(folder).st_dev in self._proc:
            return False
        try:
            os.lstat(name, dir_fd=folder)
        except OSError as error:
            return error.errno == errno.ENOENT
        return False

    def _carefully(self, tid: int, base: int, path: bytes, *, follow: bool) -> Probed:
        at = os.fsdecode(path)
        if at[0] != "/":
            at = f"{os.readlink(f'/proc/self/fd/{base}')}/{at}"
        flags = os.O_PATH | (0 if follow else os.O_NOFOLLOW)
        flags |= os.O_DIRECTORY if at.endswith("/") else 0
        for _ in range(_MOST_LINKS):
            at = resolved(tid, at, last=False)
            magic = _MAGIC.fullmatch(at)
            if magic and follow:
                return self._by_process(magic[1], int(magic[2]), os.path.basename(at))
            link = _link(at) if follow else ""
            if not link:
                found = kernel.open_by(self._root, os.fsencode(at), flags, _NO_LINKS)
                return self.look(self.keep(found))
            at = os.path.join(os.path.dirname(at), link)
        raise OSError(errno.ELOOP, "too many links")

    def _by_process(self, folder: str, pid: int, name: str) -> Probed:
        """Follow a link of /proc that leads to what a process has."""
        if _is_ours(pid):
            raise PermissionError(errno.EACCES, "it is ours")
        above = self.keep(
            kernel.open_by(self._root, folder.encode(), os.O_PATH | os.O_DIRECTORY, _NO_LINKS)
        )
        if os.fstat(above).st_dev not in self._proc:
            raise PermissionError(errno.EACCES, "it is not /proc")
        found = self.keep(os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=above))
        mount = _mount_of(found)
        if mount not in self._mounts and os.fstat(found).st_dev in self._devices:
            raise PermissionError(errno.EACCES, "it is seen in other mounts")
        return self.look(found)

    def _is_of_ours(self, found: os.stat_result, path: str) -> bool:
        """Claim that a file of /proc is this process's, and says what others may not know."""
        if found.st_dev not in self._proc:
            return False
        own = _OWN.fullmatch(path)
        if not own or not (_is_ours(int(own[1])) or (own[2] and _is_ours(int(own[2])))):
            return False
        return bool(own[3]) and own[3] != "task" and own[3] not in _PUBLIC


def _is_ours(pid: int) -> bool:
    return pid == os.getpid()


def _is_still(path: str, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(path), found)
    except OSError:
        return False


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _mount_of(descriptor: int) -> int:
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
        said = dict(line.split(":", 1) for line in file)
    return int(said["mnt_id"])


def _mounted() -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """Return the mounts that are here, the devices of all of them, and those that are /proc."""
    mounts, devices, proc = set(), set(), set()
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for row in file:
            fields = row.split()
            major, minor = fields[2].split(":")
            device = os.makedev(int(major), int(minor))
            mounts.add(int(fields[0]))
            devices.add(device)
            if fields[fields.index("-") + 1] == "proc":
                proc.add(device)
    return frozenset(mounts), frozenset(devices), frozenset(proc)
