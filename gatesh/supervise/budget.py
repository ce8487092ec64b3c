"""The deletion budget: how many files the programs below one command may take away before somebody is asked.

What code deletes itself (`shutil.rmtree`, `find -delete`, a build script gone wrong) never starts a program.
So the calls that take a file away come to the supervisor too, are counted, and after the budget the next one
waits. It is a safety net: the paths are read from memory that another thread could change.
"""

from __future__ import annotations

import os
import struct
import time
from functools import lru_cache

from gatesh._value import Value
from gatesh.facts.extents import is_derived
from gatesh.model import (
    Asker,
    Certainty,
    CommandLine,
    Decision,
    Door,
    Inspection,
    Locality,
    Match,
    Parsed,
    Severity,
    SimpleCommand,
    Span,
    Target,
    Verdict,
    Word,
)
from gatesh.supervise import bpf, kernel
from gatesh.supervise.elsewhere import Throwaway, resolved, root_of
from gatesh.supervise.gits import GIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.supervise.covered import Place
    from gatesh.supervise.listener import Call

DEFAULT = 200
HOLD, RECORD, OFF = "hold", "record", "off"
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/proc/")  # noqa: S108  not ours to use
_HERE = -100 & 0xFFFFFFFF  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
# The argument that holds a call's path, and the one with the folder it is below (-1: none). Renames count by
# the name that they replace.
_PATHS = {
    "unlink": (0, -1), "rmdir": (0, -1), "truncate": (0, -1), "truncate64": (0, -1), "unlinkat": (1, 0),
    "rename": (1, -1), "renameat": (3, 2), "renameat2": (3, 2), "creat": (0, -1), "open": (0, -1),
    "openat": (1, 0), "openat2": (1, 0),
}  # fmt: skip
# Where a rename names what it moves.
_SOURCES = {"rename": (0, -1), "renameat": (1, 0), "renameat2": (1, 0)}
_OPEN_FILES = frozenset(("ftruncate", "ftruncate64", "fallocate"))  # named by their descriptor
_SHORTENING = frozenset(("truncate", "truncate64", "ftruncate", "ftruncate64"))
_DELETING = frozenset(("unlink", "unlinkat", "rmdir", "truncate", "truncate64"))
_UNFOLLOWED = {"unlink", "unlinkat", "rmdir", *_SOURCES}  # by these a link itself is meant
_DELETED, _OVERWRITTEN = 5, 1  # a formatter rewrites many files, and means it
_LEAK_S = (
    60.0  # in which a line further up may lose as many again: an agent may run in a line itself
)


class Spent(Value):
    """How many files one command took away."""

    count: int
    path: str  # the last one


class _Account:
    """What one command took away; where it `leaks` that is forgotten with time."""

    __slots__ = ("_deleted", "_leaks", "_limit", "_most", "_paid", "_since", "files")

    def __init__(self, most: int, *, leaks: bool) -> None:
        self._leaks, self.files = leaks, 0
        self._most = self._limit = most * _DELETED
        self._paid, self._since = 0.0, time.monotonic()
        self._deleted: list[str] = []

    def pay(self, path: str, cost: int) -> bool:
        """Count a path; return whether that is more than is allowed."""
        now = time.monotonic()
        if self._leaks:
            self._paid = max(0.0, self._paid - (now - self._since) * self._most / _LEAK_S)
        self._since = now
        self._paid += cost
        self.files += max(1, cost // _DELETED)
        if cost == _DELETED:
            self._deleted.append(path)
        if self._paid > self._limit:
            self._refund()
        return self._paid > self._limit

    def _refund(self) -> None:
        """Count as overwritten what was deleted, and is there again: install, tar."""
        *before, last = self._deleted or [""]  # the last one waits for us, and is there of course
        left = [path for path in before if not os.path.lexists(path)]
        self._paid -= (len(before) - len(left)) * (_DELETED - _OVERWRITTEN)
        self._deleted = [*left, last]

    def allow(self) -> None:
        """Allow as much again."""
        if self._leaks:
            self._paid = 0.0
        else:
            self._limit = int(self._paid) + self._most
        self._deleted.clear()


class Budget:
    """Counts, for each command of a tree."""

    def __init__(self, most: int, machine: kernel.Machine) -> None:
        """Set how many files one command may take away."""
        self.most = most
        self._accounts: dict[tuple[int, bool], _Account] = {}
        self._names = {
            (arch, calls[name]): name
            for arch, calls in (
                (machine.arch, machine.calls),
                (machine.compat_arch, machine.compat_calls),
            )
            for name in (*bpf.REMOVALS, *bpf.SOME_REMOVE)
            if name in calls
        }

    def counts(self, call: Call) -> bool:
        """Claim that a call is one of those that are counted."""
        name = self._names.get((call.arch, call.number), "")
        argument, bits = bpf.SOME_REMOVE.get(name, (0, 0))
        return bool(name) and (not bits or bool(call.arguments[argument] & bits))

    def cost(self, call: Call) -> tuple[str, int]:
        """Return the path that a call takes away, and what that counts; 0 where it is not counted."""
        name = self._names[call.arch, call.number]
        path = self._path(name, call)
        if not path:
            return path, 0
        path, thrown_away = _led(call.tid, path, last=name not in _UNFOLLOWED)
        if thrown_away:
            return self._put_away(name, call, path)
        if name == "renameat2" and call.arguments[4] & _EXCHANGE:
            return self._exchanged(call, path)
        deleting = name in _DELETING
        if (not deleting or name in _SHORTENING) and not self._loses(name, path, call):
            return path, 0
        if _is_git(call.tid) or (deleting and _is_missing(call.tid, path)):
            return path, 0
        return path, _DELETED if deleting else _OVERWRITTEN

    def _put_away(self, name: str, call: Call, path: str) -> tuple[str, int]:
        """Return what a call takes away where its path is thrown away anyhow: what it moves there."""
        if name not in _SOURCES:
            return path, 0
        source = self._named(call, *_SOURCES[name])
        source, thrown_away = _led(call.tid, source, last=False) if source else ("", True)
        if thrown_away or _is_git(call.tid):
            return path, 0
        return source, _DELETED * _files(_seen_at(call.tid, source), self.most + 1)

    def _exchanged(self, call: Call, path: str) -> tuple[str, int]:
        """Return what a call takes away that puts a path where the other one was: somewhere temporary."""
        source = self._named(call, *_SOURCES["renameat2"])
        if not source or not _led(call.tid, source, last=False)[1] or _is_git(call.tid):
            return path, 0
        return path, _DELETED * _files(_seen_at(call.tid, path), self.most + 1)

    @staticmethod
    def _loses(name: str, path: str, call: Call) -> bool:
        """Claim that a file has something in it that a call would take away."""
        try:
            if name == "openat2":
                (flags,) = struct.unpack("=Q", kernel.read(call.tid, call.arguments[2], 8))
                if not flags & os.O_TRUNC:
                    return False
            size = os.lstat(_seen_at(call.tid, path)).st_size
        except OSError:
            return False
        return size > call.arguments[1] if name in _SHORTENING else size > 0

    def spend(self, tid: int, path: str, cost: int, place: Place) -> Spent | None:
        """Count a path that a thread below a place takes away; return what was spent if it is too much.

        It counts for the command that it belongs to, and for the lines and the agent that started that.
        """
        there = _seen_at(tid, path)
        born = kernel.born_ns(there)
        if (place.began_ns and born > place.began_ns) or _approved(path, place):
            return (
                None  # it was not there when the command began; or somebody said yes to that path
            )
        over = [one.files for one in self._of(place) if one.pay(there, cost)]
        return Spent(max(over), path) if over else None

    def allow(self, place: Place) -> None:
        """Let the command take away as many again."""
        for one in self._of(place):
            one.allow()

    def _of(self, place: Place) -> list[_Account]:
        """Return the accounts that a place pays from; those of lines further up, and the agent's, leak."""
        keys = [(line, True) for line in place.above]
        if place.line:
            keys.append((place.line, False))
        for key in keys:
            if key not in self._accounts:
                self._accounts[key] = _Account(self.most, leaks=key[1])
        return [self._accounts[key] for key in keys]

    def _path(self, name: str, call: Call) -> str:
        if name in _OPEN_FILES:
            try:
                return os.readlink(f"/proc/{call.tid}/fd/{call.arguments[0] & 0xFFFFFFFF}")
            except OSError:
                return ""
        return self._named(call, *_PATHS[name])

    @staticmethod
    def _named(call: Call, at: int, folder: int) -> str:
        """Return the path in an argument, made absolute; empty where it cannot be read."""
        try:
            path = os.fsdecode(kernel.read_string(call.tid, call.arguments[at]))
            number = call.arguments[folder] & 0xFFFFFFFF if folder >= 0 else _HERE
            where = "cwd" if number == _HERE else f"fd/{number}"
            start = "" if path.startswith("/") else os.readlink(f"/proc/{call.tid}/{where}")
            return os.path.join(start, path)
        except OSError:
            return ""


def _led(tid: int, path: str, *, last: bool) -> tuple[str, bool]:
    """Return where a path leads, and whether what is there may be thrown away.

    What it looks like is looked into only where it would not be counted: most paths are no link to anywhere.
    """
    plain = os.path.normpath(path)
    if not _is_thrown_away(plain):  # behind a link `..` leads elsewhere than it seems to
        return resolved(tid, path, root_of(tid), last=last) if "/.." in path else plain, False
    root, places = root_of(tid), _throwaway()
    real = resolved(tid, path, root, last=last)
    return real, places.there(real, root) if root else places.here(real)


def _seen_at(tid: int, path: str) -> str:
    """Return where we find what a program calls by a path, which leads through no `..`."""
    root = root_of(tid)
    return root + resolved(tid, path, root, last=False) if root else path


def _is_missing(tid: int, path: str) -> bool:
    """Claim that nothing is there: `rm -f` takes nothing away then."""
    root = root_of(tid)  # a link on the way may lead through /proc/self
    return _is_gone(path) and _is_gone(root + resolved(tid, path, root, last=False))


def _is_gone(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


@lru_cache(1)
def _throwaway() -> Throwaway:
    return Throwaway(_is_thrown_away)


def _is_thrown_away(path: str) -> bool:
    return path.startswith(_TEMPORARY) or is_derived(path.lstrip("/"))


def _files(path: str, most: int) -> int:
    """Count the files at or below a path, up to `most`."""
    if not os.path.isdir(path) or os.path.islink(path):
        return 1
    count = 0
    for _, _, names in os.walk(path):
        count += len(names)
        if count >= most:
            break
    return min(count, most)


def _approved(path: str, place: Place) -> bool:
    """Claim that a person has approved that this path, or a folder above it, is destroyed."""
    return any(
        path == name or path.startswith(f"{name}/")
        for match in place.approved
        if match.klass in ("data-destroy", "deferred-destroy")
        for name in match.names
        if name.startswith("/")
    )


def _is_git(tid: int) -> bool:
    try:
        return os.readlink(f"/proc/{tid}/exe").startswith(
            GIT
        )  # its commands have rules of their own
    except OSError:
        return False


def question(
    spent: Spent, most: int, who: Asker, words: tuple[str, ...], cwd: str
) -> tuple[CommandLine, Inspection, Decision]:
    """Return a command that has spent its budget as what a person is asked about."""
    text = " ".join(words)
    say = f"{os.path.basename(words[0]) if words else who.root_name} has taken away {spent.count - 1} files"
    found = Match(
        rule="deletion-budget",
        klass="data-destroy",
        severity=Severity.HIGH,
        say=f"{say}, and goes on with {spent.path}",
        instead=f"list what would be taken away; --deletions N allows more than {most}",
        target=Target("files", locality=Locality.LOCAL),
        command=0,
        span=Span(0, len(text)),
        names=(spent.path,),
        lost=(spent.path,),
    )
    given = tuple(Word(word, Span(0, 0), Certainty.EXPANDED) for word in words)
    seen = Inspection(Parsed((SimpleCommand(given, Span(0, len(text))),)), (), (found,))
    line = CommandLine(text, cwd, {}, Door.EXEC)
    return line, seen, Decision(Verdict.ASK, (found,), reason="budget")
