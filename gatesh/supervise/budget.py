"""The deletion budget: how many files the programs below one command may take away before somebody is asked.

What code deletes itself (`shutil.rmtree`, `find -delete`, a build script gone wrong) never starts a program.
So the calls that take a file away come to the supervisor too, are counted, and after the budget the next one
waits. It is a safety net: the paths are read from memory that another thread could change.
"""

from __future__ import annotations

import os

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.supervise.listener import Call

DEFAULT = 200
HOLD, RECORD, OFF = "hold", "record", "off"
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/proc/")  # noqa: S108  not ours to use
_HERE = -100 & 0xFFFFFFFF  # AT_FDCWD
# The argument that holds a call's path, and the one with the folder it is below (-1: none). Renames count by
# the name that they replace.
_PATHS = {
    "unlink": (0, -1),
    "rmdir": (0, -1),
    "truncate": (0, -1),
    "truncate64": (0, -1),
    "unlinkat": (1, 0),
    "rename": (1, -1),
    "renameat": (3, 2),
    "renameat2": (3, 2),
    "creat": (0, -1),
    "open": (0, -1),
    "openat": (1, 0),
}
_OVERWRITING = frozenset(("rename", "renameat", "renameat2", "creat", "open", "openat"))
_DELETED, _OVERWRITTEN = 5, 1  # a formatter rewrites many files, and means it
_GIT = (
    "/usr/bin/git",
    "/usr/lib/git-core/",
    "/usr/libexec/git-core/",
)  # its commands have rules of their own


class Spent(Value):
    """How many files were taken away below one record."""

    record: int
    count: int
    path: str  # the last one


class Budget:
    """Counts, for each command of a tree."""

    def __init__(self, most: int, machine: kernel.Machine) -> None:
        """Set how many files one command may take away."""
        self.most = most
        self._spent: dict[int, int] = {}
        self._allowed: dict[int, int] = {}
        self._names = {
            (arch, calls[name]): name
            for arch, calls in (
                (machine.arch, machine.calls),
                (machine.compat_arch, machine.compat_calls),
            )
            for name in (*bpf.REMOVALS, *bpf.OPENS)
            if name in calls
        }

    def counts(self, call: Call) -> bool:
        """Claim that a call is one of those that are counted."""
        return (call.arch, call.number) in self._names

    def cost(self, call: Call) -> tuple[str, int]:
        """Return the path that a call takes away, and what that counts; 0 where it is not counted."""
        path = self._path(call)
        if not path or path.startswith(_TEMPORARY) or is_derived(path.lstrip("/")):
            return path, 0
        overwriting = self._names[call.arch, call.number] in _OVERWRITING
        if (overwriting and not _holds_something(path)) or _is_git(call.tid):
            return path, 0
        return path, _OVERWRITTEN if overwriting else _DELETED

    def spend(self, path: str, cost: int, record: int) -> Spent | None:
        """Count a path below a record; return what was spent where it is more than was allowed."""
        spent = self._spent[record] = self._spent.get(record, 0) + cost
        if spent <= self._allowed.get(record, self.most * _DELETED):
            return None
        return Spent(record, spent // _DELETED, path)

    def allow(self, record: int) -> None:
        """Let the command take away as many again."""
        self._allowed[record] = self._spent.get(record, 0) + self.most * _DELETED

    def _path(self, call: Call) -> str:
        at, folder = _PATHS[self._names[call.arch, call.number]]
        try:
            path = os.fsdecode(kernel.read_string(call.tid, call.arguments[at]))
            if path.startswith("/"):
                return os.path.normpath(path)
            number = call.arguments[folder] & 0xFFFFFFFF if folder >= 0 else _HERE
            where = "cwd" if number == _HERE else f"fd/{number}"
            return os.path.normpath(os.path.join(os.readlink(f"/proc/{call.tid}/{where}"), path))
        except OSError:
            return ""


def _is_git(tid: int) -> bool:
    try:
        return os.readlink(f"/proc/{tid}/exe").startswith(_GIT)
    except OSError:
        return False


def _holds_something(path: str) -> bool:
    try:
        return os.lstat(path).st_size > 0
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
        instead=f"tell your human what all of this is; --deletions N allows more than {most}",
        target=Target("files", locality=Locality.LOCAL),
        command=0,
        span=Span(0, len(text)),
        names=(spent.path,),
    )
    given = tuple(Word(word, Span(0, 0), Certainty.EXPANDED) for word in words)
    seen = Inspection(Parsed((SimpleCommand(given, Span(0, len(text))),)), (), (found,))
    line = CommandLine(text, cwd, {}, Door.EXEC)
    return line, seen, Decision(Verdict.ASK, (found,), reason="budget")
