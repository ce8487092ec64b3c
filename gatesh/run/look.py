"""Looking at the machine for the facts: files, and git in a child with limits. Nothing is written.

git is run so that nothing the repository configures is executed: no fsmonitor, no hooks, no filters, no
lazy fetch, and none of the caller's GIT_* variables. What is configured between two of our questions is not
executed either: this git can start no program.
"""

from __future__ import annotations

import os
import stat
import time

from gatesh.facts.extents import is_derived_if_ignored, is_made_by_a_program
from gatesh.model import Extent

_TIME_S = 1.0
_OUTPUT = 64_000  # bytes
_NOBODY = 65534, 65534
_LISTED = 256_000  # of what git has at some paths
_INDEX = 4_000_000  # of a list of all that git has
_REPOSITORY = b"160000"  # the mode of one in another: of what is in there git keeps nothing

# Nothing of the caller's environment: an agent could put its own git in front, or set GIT_DIR.
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
# What a repository could configure to have something executed, or to have a change overlooked.
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.untrackedCache": "false",
    "core.splitIndex": "false",
    "core.checkStat": "default",
    "core.trustctime": "true",
    "core.ignoreStat": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}


class OsFiles:
    """The file system as this process sees it."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the content of a regular file; None where it cannot be read or is too long."""
        content = self._read(path, limit)
        return None if content is None or len(content) > limit else content

    def head(self, path: str, limit: int) -> bytes:
        """Return what a regular file begins with; nothing where it cannot be read."""
        return (self._read(path, limit - 1) or b"")[:limit]

    def _read(self, path: str, limit: int) -> bytes | None:
        """Return up to one byte more than `limit`."""
        try:
            # A FIFO would block and a terminal would swallow what a person types.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except (OSError, ValueError):
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode) or self._is_shut(descriptor):
                return None
            content = b""
            while len(content) <= limit and (
                chunk := os.read(descriptor, limit + 1 - len(content))
            ):
                content += chunk
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return content

    def _is_shut(self, descriptor: int) -> bool:  # noqa: ARG002
        return False

    def kind(self, path: str) -> str:
        """Return "file", "directory", "link", "other" or "missing"."""
        try:
            mode = os.lstat(path).st_mode
        except PermissionError:
            return "other"
        except (OSError, ValueError):
            return "missing"
        if stat.S_ISLNK(mode):
            return "link"
        if stat.S_ISDIR(mode):
            return "directory"
        return "file" if stat.S_ISREG(mode) else "other"

    def real(self, path: str) -> str:
        """Return the path with every symbolic link resolved, existing or not."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):
            return os.path.normpath(path)

    def names(self, path: str, limit: int) -> list[str] | None:
        """Return the names in a folder; None where it cannot be read or holds more than `limit`."""
        found: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if len(found) >= limit:
                        return None
                    found.append(entry.name)
        except (OSError, ValueError):
            return None
        return sorted(found)

    def size(self, path: str) -> int:
        """Return the bytes of a file, a last link followed; 0 where it cannot be seen."""
        try:
            return os.stat(path).st_size
        except (OSError, ValueError):
            return 0

    def mountinfo(self) -> str:
        """Return what is mounted; empty where nobody says."""
        try:
            with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except OSError:
            return ""

    def stamp(self, path: str) -> str:
        """Return device and inode of a file or folder, a last link followed, and size and times of a file."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return ""
        which = f"{found.st_dev}:{found.st_ino}"
        if stat.S_ISREG(found.st_mode):
            return f"{which}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
        return which if stat.S_ISDIR(found.st_mode) else ""


class OpenFiles(OsFiles):
    """The same, without the content of what is closed to whoever asks, who can read refusals and records."""

    def __init__(self, shut: tuple[str, ...]) -> None:
        """Keep the paths, which are without links, that are closed with what is below them."""
        self._shut = shut

    def _is_shut(self, descriptor: int) -> bool:
        path = os.readlink(f"/proc/self/fd/{descriptor}")  # no link can be changed meanwhile
        return any(path == one or path.startswith(f"{one}/") for one in self._shut)


class GitProbe:
    """git, asked what it could bring back. Nothing is kept between two questions."""

    def repository(self, path: str) -> str:
        """Return the top of the repository that holds `path`, found by walking up; no child is needed."""
        while True:
            if os.path.lexists(os.path.join(path, ".git")):
                return path
            parent = os.path.dirname(path)
            if parent == path:
                return ""
            path = parent

    def git_extent(self, path: str) -> Extent:
        """Return what git can bring back at `path`.

        RECOVERABLE: all of it is committed and unchanged. DERIVED: the rest is made again.
        LOSABLE: something is changed, untracked, or ignored without being build output.
        """
        return self.git_extents((path,))[0]

    def git_extents(self, paths: tuple[str, ...]) -> tuple[Extent, ...]:
        """Return the same for each of some paths; git is asked once for all that are in one repository."""
        found: dict[str, Extent] = {}
        asked: dict[str, list[str]] = {}
        for path in paths:
            top = self.repository(path)
            if not top or top == path or self._has_submodule(top, path):
                found[path] = Extent.UNKNOWN if top != path else Extent.LOSABLE
            else:
                asked.setdefault(top, []).append(path)
        for top, those in asked.items():
            said = _said(top, those)
            if said is None and len(those) > 1:  # one may say too much for all
                for path in those:
                    found |= _said(top, [path]) or {path: Extent.UNKNOWN}
            else:
                found |= said or dict.fromkeys(those, Extent.UNKNOWN)
        return tuple(found[path] for path in paths)

    def git_edits(self, path: str) -> Extent:
        """Return the same of what git has at `path` alone, which may be the whole repository.

        A file that is only missing from the working tree is no change that could be lost.
        """
        top = self.repository(path)
        git = _Git(top)
        if not top or not git.switch_filters_off():
            return Extent.UNKNOWN
        where = ":(top,literal)" + os.path.relpath(path, top) if path != top else ":(top)"
        status = git.ask(
            "status", "--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=all",
            "--no-renames", "--", where,
        )  # fmt: skip
        hidden = git.ask("ls-files", "-v", "-z", "--", where, limit=_INDEX)
        if status is None or hidden is None:
            return Extent.UNKNOWN
        changed = any(not entry.startswith(b" D ") for entry in status.split(b"\0")[:-1])
        lost = changed or _overlooked(hidden.split(b"\0")[:-1])
        return Extent.LOSABLE if lost else Extent.RECOVERABLE

    def git_names(self, top: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return what git tracks in a repository, and what it neither tracks nor ignores; None if it fails."""
        git = _Git(top)
        tracked = git.ask("ls-files", "-z", limit=_INDEX)
        others = git.ask("ls-files", "-z", "--others", "--exclude-standard", limit=_INDEX)
        if tracked is None or others is None:
            return None
        return _names(tracked), _names(others)

    def _has_submodule(self, top: str, path: str) -> bool:
        """Claim that a submodule may lie at or below `path`: it is a repository of its own."""
        content = OsFiles().read(os.path.join(top, ".gitmodules"), _OUTPUT)
        if content is None:
            return os.path.lexists(os.path.join(top, ".gitmodules"))
        relative = os.path.relpath(path, top) + "/"
        for line in content.decode("utf-8", "surrogateescape").splitlines():
            key, _, value = line.partition("=")
            module = value.strip().strip('"') + "/"
            if key.strip() == "path" and (
                module.startswith(relative) or relative.startswith(module)
            ):
                return True
        return False


class _Git:
    """git in one repository, for as long as one question may take."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._end = time.monotonic() + _TIME_S
        self._settings = dict(_SETTINGS)
        self._owner = _owner(f"{top}/.git")

    def switch_filters_off(self) -> bool:
        """Switch off every filter that the configuration names, which `status` would run."""
        listed = self.ask("config", "-z", "--name-only", "--list")
        for raw in (listed or b"").split(b"\0"):
            name = raw.decode("utf-8", "surrogateescape")
            if name.lower().startswith("filter."):
                self._settings[name] = "false" if name.lower().endswith(".required") else ""
        return listed is not None

    def ask(self, *words: str, limit: int = _OUTPUT) -> bytes | None:
        """Run git read-only; None where it fails, takes too long or says too much."""
        from gatesh.run.child import ask

        top = self._top
        argv = ["git", "--no-optional-locks", "--no-pager", f"--git-dir={top}/.git"]
        env = _ENVIRONMENT | {"GIT_CONFIG_COUNT": str(len(self._settings))}
        # Settings go through the environment: a name with "=" in it could not be given by -c.
        for i, (name, value) in enumerate(self._settings.items()):
            env[f"GIT_CONFIG_KEY_{i}"], env[f"GIT_CONFIG_VALUE_{i}"] = name, value
        argv += [f"--work-tree={top}", *words]
        said = ask(argv, env, top, self._end, limit, self._owner, alone=True)
        return said.output if said is not None and said.status == 0 else None


def _names(listed: bytes) -> frozenset[str]:
    return frozenset(os.fsdecode(name) for name in listed.split(b"\0")[:-1])


def _owner(path: str) -> tuple[int, int] | None:
    """Return as whom root looks at a repository: whoever could put something else into its place."""
    if os.geteuid():
        return None
    while path not in ("/", ""):
        try:
            found = os.lstat(path)
        except OSError:
            return _NOBODY
        if found.st_uid:
            return found.st_uid, found.st_gid
        path = os.path.dirname(path)
    return None


def _said(top: str, paths: list[str]) -> dict[str, Extent] | None:
    """Return what git says of paths in a repository; None where it fails, or says of others."""
    git = _Git(top)
    if not git.switch_filters_off():
        return None
    names = [os.path.relpath(path, top) for path in paths]
    where = [f":(top,literal){name}" for name in names]
    status = git.ask(
        "status", "--porcelain=v1", "-z", "--ignored=matching", "--untracked-files=normal",
        "--ignore-submodules=dirty", "--no-renames", "--", *where,
    )  # fmt: skip
    tracked = git.ask("ls-files", "-v", "-s", "-z", "--", *where, limit=_LISTED)
    if status is None or tracked is None:
        return None
    states = _shared_out(status.split(b"\0")[:-1], 3, names)
    # tag, mode, object and stage, which are as long in all of them
    known = _shared_out(tracked.split(b"\0")[:-1], tracked.find(b"\t") + 1, names)
    if states is None or known is None:
        return None
    return {path: _judged(*both) for path, *both in zip(paths, states, known, strict=True)}


def _shared_out(entries: list[bytes], at: int, names: list[str]) -> list[list[bytes]] | None:
    """Return for each name the entries about it, what is below it, or a folder above; None if one has none.

    In an entry the path begins at `at`.
    """
    if len(names) == 1:
        return [entries]
    found: list[list[bytes]] = [[] for _ in names]
    for entry in entries:
        about = f"{os.fsdecode(entry[at:]).rstrip('/')}/"
        places = [
            place
            for place, name in enumerate(names)
            if about.startswith(f"{name}/") or f"{name}/".startswith(about)
        ]
        for place in places:
            found[place].append(entry)
        if not places:
            return None
    return found


def _judged(status: list[bytes], tracked: list[bytes]) -> Extent:
    """Judge what `git status` and `git ls-files -v` say about one path."""
    kept = [(entry[:3], entry[3:].decode("utf-8", "surrogateescape")) for entry in status]
    again = {b"!! ": is_derived_if_ignored, b"?? ": is_made_by_a_program}
    if not all(state in again and again[state](name) for state, name in kept):
        return Extent.LOSABLE
    if _overlooked(tracked) or any(entry[2:8] == _REPOSITORY for entry in tracked):
        return Extent.LOSABLE
    return Extent.DERIVED if kept else Extent.RECOVERABLE if tracked else Extent.LOSABLE


def _overlooked(tracked: list[bytes]) -> bool:
    """Claim that git was told not to look whether a file changed: a lower case tag, or S."""
    return any(entry[:1].islower() or entry[:1] == b"S" for entry in tracked)
