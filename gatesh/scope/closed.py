"""The files and folders that are off-limits and there: what `gatesh run` closes when a session begins.

Globs are filled in once. `*.pem`, which is meant in every folder, is looked for below the session's folder,
of its scopes, and the home; there installed packages are left out (node_modules, .venv), for their `*.pem` are
the certificates that every program needs, and git's own files.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from contextlib import suppress
from fnmatch import translate
from functools import lru_cache

from gatesh._value import Value
from gatesh.facts.mounts import within
from gatesh.scope.files import PROJECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gatesh.scope.manifest import Manifest

MOST = 2000  # paths
_MOST_NAMES = 200_000  # that are looked at
_GLOB = re.compile(r"[*?\[]")
_EVERYWHERE = "*/"
_SYSTEMS = ("/etc/", "/usr/")  # a link `x.pem` there leads to what everybody may read
_PACKAGES = frozenset(
    """
    node_modules site-packages dist-packages .venv venv .tox .nox .cache .npm .cargo .rustup .pyenv .rbenv
    .nvm .asdf .conda anaconda3 miniconda3 miniforge3 mambaforge .vscode .vscode-server .cursor-server .git
    """.split()
)
_NEEDED = frozenset(("/", "/proc", "/sys", "/dev"))


class Closed(Value):
    """What is to be closed, and what a person should know that is not."""

    paths: tuple[str, ...] = ()  # absolute, without links
    open: tuple[str, ...] = ()
    later: tuple[str, ...] = ()  # to be closed when they appear


class Shut(Value):
    """What is off-limits by its name, whenever it appears: for whoever looks at each name."""

    paths: tuple[str, ...]  # with all that is below them
    globs: tuple[str, ...]
    roots: tuple[str, ...]  # where a glob is meant that is meant in every folder
    cwd: str
    tops: tuple[str, ...] = ()  # below which what appears is looked at, where that is by folders


class Names:
    """Tells of a path without links whether it is off-limits."""

    def __init__(self, shut: Shut) -> None:
        """Take what is."""
        self._paths, self._roots, self._cwd = frozenset(shut.paths), shut.roots, shut.cwd
        self._above = {folder for path in shut.paths for folder in _folders(path)}
        everywhere = [glob for glob in shut.globs if glob.startswith(_EVERYWHERE)]
        there = [glob for glob in shut.globs if not glob.startswith(_EVERYWHERE)]
        self._everywhere, self._there = _fits(everywhere), _fits(there)
        self.closed = lru_cache(1 << 16)(self._closed)

    def holds(self, path: str) -> bool:
        """Claim that a path is off-limits, or above one that was when the session began."""
        return path in self._above or self.closed(path)

    def _closed(self, path: str) -> bool:
        folder = os.path.dirname(path)
        return (folder != path and self.closed(folder)) or self._is_one(path)

    def _is_one(self, path: str) -> bool:
        if path in self._paths:
            return True
        if _is_needed(path, self._cwd):
            return False
        return self._there(path) or (self._everywhere(path) and self._is_looked_at(path))

    def _is_looked_at(self, path: str) -> bool:
        return any(
            within(path, root)
            and not any(
                is_passed_over(at) for at in _folders(path) if within(at, root) and at != root
            )
            for root in self._roots
        )


def _fits(globs: list[str]) -> Callable[[str], bool]:
    if not globs:
        return lambda _: False
    match = re.compile("|".join(map(translate, globs))).match
    return lambda path: match(path) is not None


def _folders(path: str) -> Iterator[str]:
    while len(path) > 1:
        path = os.path.dirname(path)
        yield path


def off_limits(scopes: Iterable[Manifest]) -> tuple[str, ...]:
    """Return the globs of files that are off-limits."""
    return tuple(dict.fromkeys(glob for one in scopes for glob in one.closed))


def find(scopes: tuple[Manifest, ...], cwd: str, home: str) -> Closed:
    """Return what the scopes of a session that begins in `cwd` close."""
    found = _Finder(cwd, home, [_base(one.file) for one in scopes])
    for glob in off_limits(scopes):
        found.add(glob.removesuffix("/**"))
    return found.closed()


def shut(found: Closed, scopes: tuple[Manifest, ...], cwd: str, home: str) -> Shut:
    """Return what is off-limits by name, where `find` found this."""
    globs = [glob.removesuffix("/**") for glob in off_limits(scopes)]
    globs = [glob for glob in globs if _GLOB.search(glob)]
    later = [real for path in found.later for real in (path, os.path.realpath(path))]
    bases = [_base(one.file) for one in scopes]
    paths = tuple(dict.fromkeys((*found.paths, *later)))
    tops = tuple(_tops(globs, cwd, bases))
    return Shut(paths, tuple(globs), tuple(_roots(cwd, home, bases)), os.path.realpath(cwd), tops)


def _tops(globs: list[str], cwd: str, bases: list[str]) -> Iterator[str]:
    """Yield the folders below which a new name may fit a glob; a whole home is too much to be watched."""
    if any(glob.startswith(_EVERYWHERE) for glob in globs):
        yield from _roots(cwd, "", bases)
    for glob in globs:
        special = _GLOB.search(glob)
        if special and not glob.startswith(_EVERYWHERE):
            yield os.path.realpath(os.path.dirname(glob[: special.start()]))


def _base(file: str) -> str:
    return os.path.dirname(file.removesuffix(PROJECT)) if file.endswith(f"/{PROJECT}") else ""


def _roots(cwd: str, home: str, bases: list[str]) -> list[str]:
    roots = [os.path.realpath(root) for root in filter(None, (cwd, *bases, home))]
    return [root for root in dict.fromkeys(roots) if root != "/"]


def _is_needed(path: str, cwd: str) -> bool:
    return path in _NEEDED or f"{cwd}/".startswith(f"{path}/")


class _Finder:
    """Fills in globs, one walk for all that begin in the same folder."""

    def __init__(self, cwd: str, home: str, bases: list[str]) -> None:
        self._cwd = os.path.realpath(cwd)
        self._roots = _roots(cwd, home, bases)
        self._walks: dict[str, list[str]] = {}
        self._everywhere: list[str] = []
        self._found: dict[str, None] = {}
        self._exact: list[str] = []
        self._open: dict[str, None] = {}
        self._left = _MOST_NAMES

    def add(self, glob: str) -> None:
        """Take up one glob."""
        special = _GLOB.search(glob)
        if glob.startswith(_EVERYWHERE):
            self._everywhere.append(glob)
        elif special:
            self._walks.setdefault(os.path.dirname(glob[: special.start()]), []).append(glob)
        else:
            self._exact.append(glob)
            if os.path.lexists(glob):
                self._take(os.path.realpath(glob))

    def closed(self) -> Closed:
        """Look, and return what was found."""
        for root, globs in self._walks.items():
            self._walk(root, globs, everywhere=False)
        if self._everywhere:
            for root in self._roots:
                self._walk(root, self._everywhere, everywhere=True)
        outermost = _outermost(self._found)
        if linked := self._linked(outermost):
            self._look_for_other_names(linked)
            outermost = _outermost(self._found)
        if len(outermost) > MOST:
            self._open[f"of {len(outermost)} paths the last {len(outermost) - MOST}"] = None
        later = [path for path in self._exact if not self._is_needed(path)]
        later = [path for path in later if not any(within(path, one) for one in outermost)]
        return Closed(outermost[:MOST], tuple(self._open), tuple(later[:MOST]))

    def _take(self, path: str) -> None:
        if self._is_needed(path):
            self._open[f"{path}, where it works"] = None
            return
        self._found[path] = None

    def _linked(self, paths: tuple[str, ...]) -> dict[tuple[int, int], list[str]]:
        """Return the closed files that have further names: those that are known of each."""
        found: dict[tuple[int, int], list[str]] = {}
        left = deque(paths)
        while left and self._left > 0:
            path = left.popleft()
            self._left -= 1
            try:
                kind = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISDIR(kind.st_mode):
                left += [below for below, _, is_link in _listed(path) if not is_link]
            elif kind.st_nlink > 1:
                found.setdefault((kind.st_dev, kind.st_ino), []).append(path)
        return found

    def _look_for_other_names(self, linked: dict[tuple[int, int], list[str]]) -> None:
        """Close the other names of closed files where sessions work; say which have more than were found."""
        known = {path for paths in linked.values() for path in paths}
        numbers = {number for _, number in linked}
        for root in self._roots:
            for path in self._below(root, numbers):
                with suppress(OSError):
                    found = os.lstat(path)
                    names = linked.get((found.st_dev, found.st_ino))
                    if names is not None and path not in known:
                        known.add(path)
                        names.append(path)
                        self._take(path)
        for names in linked.values():
            with suppress(OSError):
                if os.lstat(names[0]).st_nlink > len(names):
                    self._open[f"another name of {names[0]}: a hard link"] = None

    def _below(self, root: str, numbers: set[int]) -> Iterator[str]:
        """Yield the files below a folder that have one of these inode numbers."""
        folders = deque((root,))
        while folders and self._left > 0:
            with suppress(OSError), os.scandir(folders.popleft()) as entries:
                for entry in entries:
                    self._left -= 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.inode() in numbers:
                        yield entry.path

    def _is_needed(self, path: str) -> bool:
        return _is_needed(path, self._cwd)

    def _walk(self, root: str, globs: list[str], *, everywhere: bool) -> None:
        fits = re.compile("|".join(map(translate, globs))).match
        folders = deque((root,))
        while folders and self._left > 0:
            for path, is_folder, is_link in _listed(folders.popleft()):
                self._left -= 1
                if fits(path):
                    self._take_found(path, is_link=is_link)
                elif is_folder and not (everywhere and is_passed_over(path)):
                    folders.append(path)
        if folders:
            self._open[f"what is in more than {_MOST_NAMES} files"] = None

    def _take_found(self, path: str, *, is_link: bool) -> None:
        real = os.path.realpath(path)
        if os.path.lexists(real) and not (is_link and real.startswith(_SYSTEMS)):
            self._take(real)


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that are below none of the others."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not (kept and path.startswith(f"{kept[-1]}/")):
            kept.append(path)
    return tuple(kept)


def _listed(folder: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield what is in a folder: its path, and whether it is a folder or a link."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield entry.path, entry.is_dir(follow_symlinks=False), entry.is_symlink()
    except OSError:
        return


def is_passed_over(path: str) -> bool:
    """Claim that a folder holds what is installed, or git's own: its `*.pem` are what programs need."""
    return os.path.basename(path) in _PACKAGES or path in _NEEDED
