"""What stands at a path, and whether anything can bring it back: git, a build, or nobody."""

from __future__ import annotations

import os
import re

from gatesh.facts.paths import working_folder
from gatesh.model import Extent, PathEffect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

# TMPDIR is not among them: the environment is the agent's to set.
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  compared with, never written to

# Names that build tools and package managers make again by a command.
_DERIVED = frozenset(
    """
    node_modules dist build target out .venv venv __pycache__ .pytest_cache .mypy_cache .ruff_cache
    .tox .nox .next .nuxt .svelte-kit .turbo .parcel-cache .cache .gradle .eggs coverage htmlcov
    .coverage .nyc_output .angular bower_components .terraform .hypothesis .sass-cache .vite
    storybook-static .DS_Store cmake-build-debug cmake-build-release DerivedData .build obj
    bin-debug
    """.split()
)
_DERIVED_ENDINGS = (".pyc", ".pyo", ".o", ".class", ".egg-info", ".tsbuildinfo", ".swp")

_SYSTEM = frozenset(
    """
    bin boot dev etc home lib lib32 lib64 libx32 media mnt nix opt proc root run sbin snap srv sys
    usr var Applications Library System Users Volumes
    """.split()
)
_SYSTEM_PARENTS = frozenset({"/usr", "/var", "/etc", "/boot", "/lib", "/System", "/Library"})

_ONE_BY_ONE = 4  # questions to git about paths of one folder

_MOVES = re.compile(r"\b(?:mv|ln|mount|rename)\b([^;&|\n]*)")


def is_derived(path: str) -> bool:
    """Claim that a part of the path names what a build makes again."""
    parts = path.split("/")
    return any(p in _DERIVED for p in parts) or path.rstrip("/").endswith(_DERIVED_ENDINGS)


class Extents:
    """The question "what is lost with this path?", for the paths of one command."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        """Keep where it is asked from."""
        self._command = command
        self._line = line
        self._world = world
        self._asked: dict[str, int] = {}
        self._of_folder: dict[str, Extent] = {}
        self._folders = {f for f in (working_folder(command, line), line.cwd) if f}
        if not command.remote:
            self._folders |= {world.files.real(f) for f in self._folders}

    def effect(self, path: str) -> PathEffect:
        """Return what would become of an absolute path whose links are resolved."""
        path = os.path.normpath(path)
        path = "/" + path.lstrip("/")
        if self._command.remote:
            return PathEffect(path, Extent.UNKNOWN, root=path == "/")
        kind = self._world.files.kind(path)
        if kind == "missing":
            extent = Extent.UNKNOWN if self._moved_here(path) else Extent.MISSING
            return PathEffect(path, extent, root=self._is_system(path))
        directory = kind == "directory"
        root = self._is_root(path)
        extent = self._extent(path, kind)
        if extent is Extent.DERIVED and self._moved_here(path):
            extent = Extent.UNKNOWN
        return PathEffect(path, extent, directory, root, self._size(path, kind))

    def temporary(self, path: str) -> bool:
        """Claim that a resolved path lies below a temporary folder, and is not that folder."""
        return path.startswith(tuple(folder + "/" for folder in TEMPORARY))

    def _size(self, path: str, kind: str) -> int:
        return self._world.files.size(path) if kind == "file" else 0

    def _extent(self, path: str, kind: str) -> Extent:
        if kind == "file" and self._world.files.size(path) == 0:
            return Extent.MISSING
        if kind == "directory" and self._world.files.names(path, 1) == []:
            return Extent.MISSING
        if self._holds_cwd(path):
            return Extent.LOSABLE
        probe = self._world.probe
        repository = probe.repository(path)
        inside = repository and path != repository
        if inside and "/.git/" not in path + "/":
            return self._git(path)
        if self.temporary(path) and not (inside and self._holds_cwd(repository)):
            return Extent.DERIVED
        below = any(path.startswith(folder.rstrip("/") + "/") for folder in self._folders)
        if not repository and below and is_derived(os.path.basename(path)):
            return Extent.DERIVED
        return Extent.LOSABLE

    def _git(self, path: str) -> Extent:
        """Ask git; of many paths in one folder it is asked about the folder first."""
        folder = os.path.dirname(path)
        self._asked[folder] = self._asked.get(folder, 0) + 1
        if self._asked[folder] > _ONE_BY_ONE:
            if folder not in self._of_folder:
                self._of_folder[folder] = self._world.probe.git_extent(folder)
            if self._of_folder[folder] is Extent.RECOVERABLE:
                return Extent.RECOVERABLE
        return self._world.probe.git_extent(path)

    def _holds_cwd(self, path: str) -> bool:
        prefix = path.rstrip("/") + "/"
        return any((folder + "/").startswith(prefix) for folder in self._folders)

    def _is_system(self, path: str) -> bool:
        parent, name = os.path.split(path)
        return path == "/" or (parent == "/" and name in _SYSTEM)

    def _is_root(self, path: str) -> bool:
        """Claim that much more hangs on this path than its name tells."""
        parent = os.path.dirname(path)
        if parent == "/" or parent in _SYSTEM_PARENTS or path in (*TEMPORARY, self._world.home):
            return True
        if parent in ("/home", "/Users") or self._holds_cwd(path):
            return True
        repository = self._world.probe.repository(path)
        metadata = "/.git/" in path + "/"
        if self.temporary(path):
            return metadata and self._holds_cwd(repository)
        return metadata or repository == path

    def _moved_here(self, path: str) -> bool:
        """Claim that an earlier command of the line may have put something at this path.

        `mv data build && rm -rf build` deletes data, although build is not there yet.
        """
        if self._command.program in ("mv", "ln", "mount", "rename"):
            return False
        parts = set(path.split("/"))
        for moved in _MOVES.finditer(self._line.text):
            words = moved.group(1).split()
            last = words[-1].strip("'\"()").rstrip("/") if words else ""
            if "$" in last or "`" in last or os.path.basename(last) in parts:
                return True
            if any(w.startswith(("-t", "--target")) for w in words):
                return True
        return False
