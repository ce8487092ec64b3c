"""The world the cases are decided in: what a line names exists and nothing could bring it back."""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING

from gatesh.errors import InputError
from gatesh.facts import World
from gatesh.facts.extents import is_derived
from gatesh.model import CommandLine, Door, Extent, Verdict
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import gate_for_check

if TYPE_CHECKING:
    from benchmarks.recall.case import Case

HOME = "/home/me"
CWD = "/home/me/project"
# What is there though a line does not name it.
_FOLDERS = {
    "/home": ["me"],
    HOME: [".bashrc", ".config", ".git-credentials", ".ssh", "project", "work"],
    CWD: [
        ".git",
        ".gitignore",
        "README.md",
        "app.log",
        "data.sqlite",
        "ledger.csv",
        "notes",
        "src",
    ],
    f"{CWD}/.git": ["HEAD", "config"],
}
ENVIRONMENT = {"HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin"}


class NamedFiles(OsFiles):
    """The case's own files, and every other path its line names: a folder where it has no suffix."""

    case: Case

    def _own(self, path: str) -> str | None:
        return self.case.files.get(path.removeprefix(CWD + "/"))

    def _named(self, path: str) -> bool:
        folder, _, name = path.rstrip("/").rpartition("/")
        if name in _FOLDERS.get(folder, ()):
            return True
        return bool(name) and name in self.case.line and name not in self.case.missing

    def read(self, path: str, limit: int) -> bytes | None:
        own = self._own(path)
        if own is None:
            return super().read(path, limit)
        return own.encode() if len(own) <= limit else None

    def kind(self, path: str) -> str:
        if self._own(path) is not None:
            return "file"
        if path in _FOLDERS:
            return "directory"
        found = super().kind(path)
        if found != "missing" or not self._named(path):
            return found
        return "file" if "." in path.rsplit("/", 1)[-1] else "directory"

    def names(self, path: str, limit: int) -> list[str] | None:
        if path in _FOLDERS:
            return _FOLDERS[path] + [name for name in self.case.files if path == CWD]
        return super().names(path, limit)

    def size(self, path: str) -> int:
        return super().size(path) or (1000 if self._named(path) else 0)

    def stamp(self, path: str) -> str:
        return "1" if self._own(path) is not None else super().stamp(path)


class NothingRecoverable(GitProbe):
    """The project is a repository: build folders are ignored, everything else is changed or untracked."""

    def repository(self, path: str) -> str:
        return CWD if (path + "/").startswith(CWD + "/") else super().repository(path)

    def git_extent(self, path: str) -> Extent:
        derived = any(map(is_derived, path.split("/")))
        return Extent.DERIVED if derived else Extent.LOSABLE

    def git_extents(self, paths: tuple[str, ...]) -> tuple[Extent, ...]:
        return tuple(map(self.git_extent, paths))

    def git_edits(self, path: str) -> Extent:
        return self.git_extent(path)


class Scene:
    """Decides cases in this process, as `gatesh check` does, with the shipped pattern files alone."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.gate, found = gate_for_check(places_below(folder))
        self.files = NamedFiles()
        self.world = World(self.files, NothingRecoverable(), HOME, found.grammars)
        self.took: list[float] = []

    def held(self, case: Case) -> str:
        """Return the rule that holds the case's line, or an empty string."""
        self.files.case = case
        began = time.perf_counter()
        try:
            line = CommandLine(case.line, CWD, ENVIRONMENT, Door.CHECK)
            _, decision = self.gate.consider(line, self.world)
        except InputError:
            return "refused"
        finally:
            self.took.append(time.perf_counter() - began)
        if decision.verdict is Verdict.ALLOW:
            return ""
        return decision.matches[0].rule if decision.matches else "unread"
