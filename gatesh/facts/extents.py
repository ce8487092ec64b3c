"""What stands at a path, and whether anything can bring it back: git, a build, or nobody."""

from __future__ import annotations

import os

from gatesh.facts.paths import TEMPORARY, expand, working_folder
from gatesh.model import Extent, PathEffect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gatesh.facts import World
    from gatesh.facts.mounts import Mount
    from gatesh.model import CommandLine, SimpleCommand, Word

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
# Of these, names that nobody gives to anything else, whether git ignores them or not.
_MADE_BY_PROGRAMS = frozenset(
    """
    node_modules .venv __pycache__ .pytest_cache .mypy_cache .ruff_cache .tox .nox .next .nuxt .svelte-kit
    .turbo .parcel-cache .gradle .hypothesis .terraform .DS_Store
    """.split()
)
# Names that mean the same where git ignores them, and may mean anything elsewhere.
_DERIVED_IF_IGNORED = frozenset(
    """
    bin vendor _build .deps .libs autom4te.cache playwright-report test-results cache
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

_GIT_COSTS = 400  # as World.spend counts
_MOUNTERS = frozenset("mount bindfs fuse-overlayfs mergerfs sshfs unionfs".split())
_LISTING = ("-l", "-v", "--show-labels", "--verbose")
_MOVERS = frozenset("mv gmv ln rename exch".split()) | _MOUNTERS
_MOUNT_VALUED = "otOLNTU"  # letters of their options that have a value
_ROOTED = frozenset(("chroot",))  # where a path is not what it is called here
_BELOW_TEMPORARY = tuple(folder + "/" for folder in TEMPORARY)


# Of ~/.cache, what a program fetches or makes again; others keep more there than they should.
_CACHES = frozenset(
    """
    pip uv pypoetry pipenv pdm pre-commit yarn pnpm node-gyp node typescript deno bazel bazelisk ccache sccache
    go-build golangci-lint goimports gopls ms-playwright ms-playwright-go puppeteer Cypress electron
    electron-builder mypy ruff black pylint fontconfig thumbnails mesa_shader_cache Homebrew composer
    matplotlib trivy
    """.split()
)


def _is_cache(path: str, home: str) -> bool:
    """Claim that a path is, or lies below, a known program's folder in ~/.cache."""
    return path.removeprefix(f"{home}/.cache/").partition("/")[0] in _CACHES


def is_derived(path: str) -> bool:
    """Claim that a part of the path names what a build makes again."""
    parts = path.split("/")
    return any(p in _DERIVED for p in parts) or path.rstrip("/").endswith(_DERIVED_ENDINGS)


def is_made_by_a_program(path: str) -> bool:
    """Claim that a part of the path names what only a program makes, and makes again."""
    return any(part in _MADE_BY_PROGRAMS for part in path.split("/"))


def is_derived_if_ignored(path: str) -> bool:
    """Claim the same of a path that git ignores."""
    return is_derived(path) or any(part in _DERIVED_IF_IGNORED for part in path.split("/"))


class Extents:
    """The question "what is lost with this path?", for the paths of one command."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        """Keep where it is asked from."""
        self._command = command
        self._line = line
        self._world = world
        self._expected: list[str] = []
        self._of_git: dict[str, Extent] = {}
        self._folders = {f for f in (working_folder(command, line, world.before), line.cwd) if f}
        if not command.remote:
            self._folders |= {world.files.real(f) for f in self._folders}

    def expect(self, paths: Iterable[str]) -> None:
        """Take it that these will be asked about: then git is asked about all of them together."""
        self._expected = [os.path.normpath(path) for path in paths]

    def effect(self, path: str) -> PathEffect:
        """Return what would become of an absolute path whose links are resolved."""
        path = os.path.normpath(path)
        path = "/" + path.lstrip("/")
        if self._command.remote:
            return PathEffect(path, Extent.UNKNOWN, root=path == "/")
        kind = self._world.files.kind(path)
        if kind == "missing":
            moved = _ROOTED & set(self._command.prefixes) or self.moved_here(path)
            extent = Extent.UNKNOWN if moved else Extent.MISSING
            return PathEffect(path, extent, root=self.is_system(path))
        directory = kind == "directory"
        root = self._is_root(path)
        extent = self._extent(path, kind)
        if extent is Extent.DERIVED and (
            _ROOTED & set(self._command.prefixes) or self._mounted(path) or self.moved_here(path)
        ):
            extent = Extent.UNKNOWN
        return PathEffect(path, extent, directory, root, self._size(path, kind))

    def temporary(self, path: str) -> bool:
        """Claim that a resolved path lies below a temporary folder, and is not that folder."""
        return path.startswith(_BELOW_TEMPORARY) and not self._mounted(path)

    def _mounted(self, path: str) -> bool:
        """Claim that a path that would be thrown away is another name of something that would not."""
        found = self._world.once("mounts", lambda: _kept(self._world.files.mountinfo()))
        if not (isinstance(found, tuple) and found):
            return False
        from gatesh.facts.mounts import touched

        return touched(path, found)

    def ours(self, path: str) -> bool:
        """Claim that a resolved path is the line's folder or lies below it."""
        folders = (f.rstrip("/") + "/" for f in self._folders)
        return any((path + "/").startswith(folder) for folder in folders)

    def inside(self, path: str) -> bool:
        """Claim that the command, or the line, runs in a folder below a resolved path."""
        return self._holds_cwd(path)

    def _size(self, path: str, kind: str) -> int:
        return self._world.files.size(path) if kind == "file" else 0

    def _extent(self, path: str, kind: str) -> Extent:
        empty = kind == "file" and self._world.files.size(path) == 0
        if empty and not path.startswith(("/proc/", "/sys/")):  # there no file has a size
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
        if path.startswith(f"{self._world.home}/.cache/") and _is_cache(path, self._world.home):
            return Extent.DERIVED
        below = any(path.startswith(folder.rstrip("/") + "/") for folder in self._folders)
        if not repository and below and is_derived(os.path.basename(path)):
            return Extent.DERIVED
        return Extent.LOSABLE

    def _git(self, path: str) -> Extent:
        """Ask git; about what is expected besides at once."""
        if not self._world.spend(_GIT_COSTS):
            return Extent.UNKNOWN
        probe = self._world.probe
        if path not in self._of_git:
            others = [p for p in self._expected if p not in self._of_git and probe.repository(p)]
            paths = tuple(dict.fromkeys((path, *others)))
            self._of_git |= zip(paths, probe.git_extents(paths), strict=True)
        return self._of_git[path]

    def _holds_cwd(self, path: str) -> bool:
        prefix = path.rstrip("/") + "/"
        return any((folder + "/").startswith(prefix) for folder in self._folders)

    def is_system(self, path: str) -> bool:
        """Claim that a path is / or one of the folders of a system below it."""
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

    def moved_here(self, path: str) -> bool:
        """Claim that an earlier command of the line may have put something at this path.

        `mv data build && rm -rf build` deletes data, although build is not there yet.
        """
        if self._command.program in _MOVERS or self._command.remote:
            return False  # what it moves itself is not lost yet
        return any(
            landing is None or not self._world.spend(1) or _one_in_the_other(landing, path)
            for landing in arrivals(self._line, self._world)
        )


def may_move(command: SimpleCommand) -> bool:
    """Claim that a command may put at a path what stood at another one."""
    if command.program == "mount" and not command.more_words:  # alone it lists what is mounted
        return any(not word.known or word.text not in _LISTING for word in command.words[1:])
    if command.program:
        return command.program in _MOVERS
    into, plain = _places(command.words[1:])  # of a program that nobody knows: `"$MV" a b`
    return command.more_words or into or len(plain) > 1


def arrivals(line: CommandLine, world: World) -> Iterator[str | None]:
    """Yield where the earlier commands of the line may put something; None where nobody knows."""
    for other in world.before:
        if may_move(other):
            yield from landings(other, line, world.after(()))


def landings(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[str | None]:
    """Yield the paths where a mv, ln or mount would put something; None where nobody knows."""
    mounts = command.program in _MOUNTERS
    words = _without_values(command.words[1:]) if mounts else list(command.words[1:])
    into, plain = _places(words)
    if command.more_words or into or len(plain) < 2 or command.program == "rename":
        yield None  # -t DIR in any spelling: nobody needs it to be told apart
        return
    *sources, last = plain
    for path in expand(last, command, line, world):
        if path is None or command.remote:
            yield None
            continue
        folder = world.files.real(path)
        if mounts or world.files.kind(folder) != "directory":
            yield folder
            continue
        for source in sources:
            for name in _names(source, command, line, world):
                yield os.path.join(folder, name) if name else folder


def _places(words: Sequence[Word]) -> tuple[bool, list[Word]]:
    """Return whether an option names where something goes (`-t DIR`), and the words that are no options."""
    into = any(word.known and word.text.startswith(("-t", "--t")) for word in words)
    return into, [w for w in words if not (w.known and w.text[:1] == "-" and len(w.text) > 1)]


def _without_values(words: tuple[Word, ...]) -> list[Word]:
    """Return the words of a mount without those that are an option's value: `mount a b -o bind`."""
    valued = [
        w.text[:1] == "-" and w.text[1:2] != "-" and w.text[-1:] in _MOUNT_VALUED for w in words
    ]
    return [w for at, w in enumerate(words) if not (at and valued[at - 1])]


def _kept(mountinfo: str) -> tuple[Mount, ...]:
    from gatesh.facts.mounts import mounts, thrown_away

    def thrown(path: str) -> bool:
        return path.startswith(_BELOW_TEMPORARY) or is_derived(path.strip("/"))

    return thrown_away(mounts(mountinfo), thrown)


def _names(
    word: Word, command: SimpleCommand, line: CommandLine, world: World
) -> Iterator[str | None]:
    for path in expand(word, command, line, world):
        yield os.path.basename(path.rstrip("/")) if path else None


def _one_in_the_other(one: str, other: str) -> bool:
    first, second = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return first.startswith(second) or second.startswith(first)
