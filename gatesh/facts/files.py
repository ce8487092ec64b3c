"""Files that a command deletes or overwrites: which paths, what stands there, and whether it can come back.

Paths are resolved as the kernel would: the command's cwd, ~, .., and symbolic links on the way; a last link
is followed where the program follows it. What a word becomes that nobody can resolve is UNKNOWN.
"""

from __future__ import annotations

import os
import re

from gatesh.facts.extents import Extents
from gatesh.facts.paths import expand
from gatesh.model import Certainty, Extent, FileChange, Locality, PathEffect, Span, Target, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

_MANY = 40  # paths looked at; the rest of a longer list is UNKNOWN
_HARMLESS_DEVICE = re.compile(
    r"/dev/(null|zero|full|u?random|tty\w*|pts/\w+|console|ptmx|shm/.*|tcp/.*|udp/.*)"
)
_DESCRIPTOR = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/(self|\d+)/fd/\d+")
_TERMINAL = re.compile(r"/dev/(pts/\d+|tty\d+|vcsa?\d*)")  # it may be the human's
_TRUNCATING = (">", ">|", "&>", ">&")
_APPENDING = (">>", "&>>", "<>")
_DERIVED_PATTERNS = frozenset(
    """
    *.pyc *.pyo __pycache__ node_modules .DS_Store *.o *.class *.swp *~ .pytest_cache .mypy_cache
    """.split()
)
_NARROWING = frozenset(
    """
    -name -iname -path -ipath -wholename -regex -iregex -mtime -mmin -atime -ctime -cmin -size
    -newer -empty -user -group -inum -perm -links -lname
    """.split()
)  # fmt: skip
_FIND = frozenset({"find", "gfind"})
_DELETERS = frozenset({"rm", "unlink", "shred", "rmdir", "srm"})


def changes(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[FileChange]:
    """Return what `command` would delete or overwrite, its redirects included."""
    change = _Change(command, line, world)
    yield from change.redirects()
    program = command.program
    reader = _device if program.startswith("mkfs") else _PROGRAMS.get(program)
    if reader is not None:
        yield from reader(change)


class _Change:
    """One command and the ways to look at the paths in it."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        self.command = command
        self.line = line
        self.world = world
        self.extents = Extents(command, line, world)
        self.options: list[str] = []
        self.operands: list[Word] = []
        self.values: dict[str, Word] = {}

    def sort(self, with_value: str = "", long_with_value: tuple[str, ...] = ()) -> None:
        """Sort the words: clusters into letters, long options by name, `--` ends them."""
        rest = list(self.command.words[1:])
        while rest:
            word = rest.pop(0)
            text = word.text
            if text == "--":
                self.operands += rest
                return
            if text.startswith("--"):
                name, equals, value = text[2:].partition("=")
                self.options.append(name)
                if equals:
                    self.values[name] = word.but(text=value)
                elif name in long_with_value and rest:
                    self.values[name] = rest.pop(0)
            elif text.startswith("-") and len(text) > 1:
                self._cluster(word, rest, with_value)
            else:
                self.operands.append(word)

    def _cluster(self, word: Word, rest: list[Word], with_value: str) -> None:
        for i, letter in enumerate(word.text[1:], 2):
            self.options.append(letter)
            if letter in with_value:
                inline = word.text[i:]
                if inline:
                    self.values[letter] = word.but(text=inline)
                elif rest:
                    self.values[letter] = rest.pop(0)
                return

    def has(self, *names: str) -> bool:
        """Claim that an option was given; long ones may be shortened."""
        longs = [n for n in names if len(n) > 1]
        return any(
            o in names or (len(o) > 1 and any(n.startswith(o) for n in longs)) for o in self.options
        )

    def redirects(self) -> Iterator[FileChange]:
        """Tell the redirects that empty a file that holds something, and those that add to one."""
        for redirect in self.command.redirects:
            target = redirect.target
            if redirect.op in _APPENDING:
                yield from self.added([target])
            if redirect.op not in _TRUNCATING or (
                redirect.op == ">&" and re.fullmatch(r"\d*-?", target.text)
            ):
                continue
            yield from self.written("truncate", [target])

    def written(self, action: str, words: list[Word]) -> Iterator[FileChange]:
        """Tell the files in `words` that hold something and would be written over, links followed."""
        effects, new = [], []
        for word in words:
            for path in self._paths(word):
                if path is None:
                    effects.append(PathEffect(word.text, Extent.UNKNOWN))
                    continue
                real = path if self.command.remote else self.world.files.real(path)
                if _TERMINAL.fullmatch(real) and not _is_descriptor(path):
                    new.append(PathEffect(real, Extent.UNKNOWN))
                if _HARMLESS_DEVICE.fullmatch(real) or _is_descriptor(path):
                    continue
                if real.startswith("/dev/") and not self.command.remote:
                    yield self.change("device-write", [PathEffect(real, Extent.LOSABLE)])
                    continue
                effect = self.extents.effect(real)
                if effect.extent is Extent.MISSING:
                    new.append(effect)
                elif not effect.directory:
                    effects.append(effect)
        if effects:
            yield self.change(action, effects)
        if new:
            yield self.change("write", new)

    def added(self, words: list[Word]) -> Iterator[FileChange]:
        """Tell the files that are added to: nothing is lost, but what a file says may change."""
        effects = []
        for word in words:
            for path in self._paths(word):
                real = path if path is None or self.command.remote else self.world.files.real(path)
                if real is None:
                    effects.append(PathEffect(word.text, Extent.UNKNOWN))
                elif not _is_descriptor(path) and (
                    _TERMINAL.fullmatch(real) or not _HARMLESS_DEVICE.fullmatch(real)
                ):
                    effects.append(self.extents.effect(real))
        if effects:
            yield self.change("write", effects)

    def deleted(self, action: str, words: list[Word], *, trees: bool) -> Iterator[FileChange]:
        """Tell what would be removed; a last symbolic link is removed itself, not what it leads to."""
        effects: list[PathEffect] = []
        for word in words:
            paths = self._paths(word)
            for path in paths:
                if path is None or len(effects) >= _MANY:
                    effects.append(self._rest(word, paths, trees=trees))
                    continue
                effect = self.extents.effect(self.resolved(path))
                if trees or not effect.directory:
                    effects.append(effect)
        hidden: tuple[str, ...] = ()
        if self.command.more_words and not _FIND & set(self.command.prefixes):
            hidden = ("paths: more will be added",)
            effects.append(PathEffect("…", Extent.UNKNOWN, directory=trees))
        if effects:
            yield self.change(action, effects, hidden)

    def _rest(self, word: Word, paths: list[str | None], *, trees: bool) -> PathEffect:
        """Tell what was not looked at one by one: it is what its folder is, if that is no loss."""
        folder = os.path.dirname(paths[0]) if paths[0] else ""
        extent = Extent.UNKNOWN
        if folder and word.globbed and not self.command.remote:
            whole = self.extents.effect(self.resolved(folder))
            if whole.extent in (Extent.DERIVED, Extent.RECOVERABLE):
                extent = whole.extent
        return PathEffect(word.text, extent, directory=trees)

    def resolved(self, path: str) -> str:
        """Resolve the links on the way to `path`, but not a last one."""
        if self.command.remote:
            return path
        folder, name = os.path.split(path.rstrip("/") or "/")
        if path.endswith("/") or name in ("", ".", ".."):
            return self.world.files.real(path)
        return os.path.join(self.world.files.real(folder), name)

    def change(
        self, action: str, effects: list[PathEffect], hidden: tuple[str, ...] = ()
    ) -> FileChange:
        """Make the fact; on another machine nothing could be looked at."""
        where = self.command.remote
        if where:
            target = Target("files", where, Locality.UNKNOWN, "argv")
            return FileChange(action, tuple(effects), target, hidden)
        return FileChange(action, tuple(effects), cannot_see=hidden)

    def _paths(self, word: Word) -> list[str | None]:
        return expand(word, self.command, self.line, self.world)


def _is_descriptor(path: str | None) -> bool:
    """Claim that a path only names an open descriptor; its links lead to the one who looks."""
    return path is not None and _DESCRIPTOR.fullmatch(os.path.normpath(path)) is not None


def _rm(change: _Change) -> Iterator[FileChange]:
    change.sort()
    if change.has("help", "version"):
        return
    operands = change.operands
    if _FIND & set(change.command.prefixes):  # told with the find, which knows where it looks
        operands = [word for word in operands if "{}" not in word.text]
    trees = change.has("r", "R", "recursive")
    yield from change.deleted("delete-tree" if trees else "delete", operands, trees=trees)


def _shred(change: _Change) -> Iterator[FileChange]:
    change.sort("ns", ("iterations", "size", "random-source"))
    if not change.has("help", "version"):
        yield from change.written("overwrite", change.operands)


def _truncate(change: _Change) -> Iterator[FileChange]:
    change.sort("sr", ("size", "reference"))
    size = change.values.get("s") or change.values.get("size")
    if not (size is not None and size.known and size.text.lstrip().startswith(("+", ">"))):
        yield from change.written("truncate", change.operands)


def _dd(change: _Change) -> Iterator[FileChange]:
    words = change.command.words[1:]
    out = [w.but(text=w.text[3:]) for w in words if w.text.lstrip("\"'").startswith("of=")]
    yield from change.written("overwrite", out)


def _tee(change: _Change) -> Iterator[FileChange]:
    change.sort()
    if change.has("a", "append"):
        yield from change.added(change.operands)
    elif not change.has("help", "version"):
        yield from change.written("overwrite", change.operands)


def _device(change: _Change) -> Iterator[FileChange]:
    change.sort("tLUbNOoTcjSV", ("type", "types", "offset", "length", "step"))
    if change.has("help", "version", "V") or (
        change.command.program == "wipefs" and not change.has("a", "all", "o", "offset")
    ):
        return
    effects = [
        PathEffect(path or word.text, Extent.LOSABLE if path else Extent.UNKNOWN)
        for word in change.operands
        for path in expand(word, change.command, change.line, change.world)
        if path is None or word.text.startswith(("/", ".")) or not word.text.isdigit()
    ]
    if effects:
        yield change.change("device-write", effects)


def _copy(change: _Change) -> Iterator[FileChange]:
    """cp, mv, install: what stands at the destination is lost; a mv to a temporary folder soon is."""
    change.sort("tSmog", ("target-directory", "suffix", "mode", "owner", "group"))
    if change.has("help", "version"):
        return
    keeps = change.has("n", "no-clobber", "b", "backup", "update")
    folder = change.values.get("t") or change.values.get("target-directory")
    sources = change.operands if folder else change.operands[:-1]
    destination = folder or (change.operands[-1] if change.operands else None)
    if destination is None or not sources:
        return
    if change.command.program == "mv" and not change.command.remote:
        yield from _moved_away(change, sources, destination)
    if keeps:
        return
    emptied = any(w.text == "/dev/null" for w in sources)
    action = "truncate" if emptied else "overwrite"
    yield from change.written(action, _ends(change, sources, destination))


def _ends(change: _Change, sources: list[Word], destination: Word) -> list[Word]:
    """Return the files that would be written: below a folder, each under its own name."""
    paths = expand(destination, change.command, change.line, change.world)
    if len(paths) != 1 or paths[0] is None:
        return [destination]
    folder = change.world.files.real(paths[0])
    if change.command.remote or change.world.files.kind(folder) != "directory":
        return [destination]
    return [
        source.but(text=os.path.join(folder, os.path.basename(path)), globbed=False)
        for source in sources
        for path in expand(source, change.command, change.line, change.world)
        if path is not None
    ]


def _moved_away(change: _Change, sources: list[Word], destination: Word) -> Iterator[FileChange]:
    paths = expand(destination, change.command, change.line, change.world)
    if (
        len(paths) != 1
        or paths[0] is None
        or not change.extents.temporary(change.world.files.real(paths[0]))
    ):
        return
    effects = [
        change.extents.effect(change.resolved(path))
        for word in sources
        for path in expand(word, change.command, change.line, change.world)
        if path is not None
    ]
    lost = [e for e in effects if e.extent is Extent.LOSABLE]
    if lost:
        yield change.change("move-to-temp", lost)


def _find(change: _Change) -> Iterator[FileChange]:
    """Tell a find that deletes by the folders it starts from, unless its name test says build output."""
    words = list(change.command.words[1:])
    while words and re.fullmatch(r"-[HLP]|-O\d*|-D", words[0].text):
        words = words[2:] if words[0].text == "-D" else words[1:]
    roots: list[Word] = []
    while words and not words[0].text.startswith(("-", "(", "!", ")")):
        roots.append(words.pop(0))
    texts = [word.text for word in words]
    if not _find_deletes(texts):
        return
    roots = roots or [Word(".", Span(0, 0))]
    if "-files0-from" in texts:
        roots.append(Word("-files0-from", Span(0, 0), Certainty.UNKNOWN))
    # Only what stands before the first action narrows it: `find . -delete -name x` deletes all.
    action = next(i for i, t in enumerate(texts) if re.match(r"-(delete|exec|ok)", t))
    tests = texts[:action]
    sure = not any(t in ("-o", "-or", ",", "!", "-not") for t in texts)
    names = [tests[i + 1] for i, t in enumerate(tests[:-1]) if t == "-name"]
    narrowed = any(t in _NARROWING for t in tests)
    for found in change.deleted("delete-tree", roots, trees=True):
        effects = found.paths
        if sure and "-empty" in tests:
            effects = tuple(e.but(extent=Extent.MISSING, root=False) for e in effects)
        elif sure and any(name in _DERIVED_PATTERNS for name in names):
            effects = tuple(e.but(extent=Extent.DERIVED, root=False) for e in effects)
        elif narrowed and sure:
            effects = tuple(e.but(root=False) for e in effects)
        yield found.but(paths=effects)


def _find_deletes(texts: list[str]) -> bool:
    if "-delete" in texts:
        return True
    starts = [
        i + 1 for i, t in enumerate(texts[:-1]) if t in ("-exec", "-execdir", "-ok", "-okdir")
    ]
    return any(os.path.basename(texts[i]) in _DELETERS for i in starts)


def _rmdir(change: _Change) -> Iterator[FileChange]:
    """Rmdir removes only what is empty."""
    change.sort()
    for found in change.deleted("delete", change.operands, trees=True):
        empty = tuple(e.but(extent=Extent.MISSING, root=False) for e in found.paths)
        yield found.but(paths=empty)


_PROGRAMS: dict[str, Callable[[_Change], Iterator[FileChange]]] = {
    "rm": _rm,
    "unlink": _rm,
    "srm": _rm,
    "rmdir": _rmdir,
    "shred": _shred,
    "truncate": _truncate,
    "dd": _dd,
    "tee": _tee,
    "cp": _copy,
    "mv": _copy,
    "install": _copy,
    "find": _find,
    "gfind": _find,
    "wipefs": _device,
    "blkdiscard": _device,
    "mkswap": _device,
}
