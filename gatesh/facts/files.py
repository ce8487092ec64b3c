"""Files that a command deletes or overwrites: which paths, what stands there, and whether it can come back.

Paths are resolved as the kernel would: the command's cwd, ~, .., and symbolic links on the way; a last link
is followed where the program follows it. What a word becomes that nobody can resolve is UNKNOWN.
Over 400 lines: one short function for each program with a notation of its own.
"""

from __future__ import annotations

import os
import re
from itertools import islice

from gatesh.facts.extents import Extents, is_derived, is_derived_if_ignored, may_move
from gatesh.facts.paths import TEMPORARY, adds_words, expand, filled
from gatesh.model import Extent, FileChange, Locality, PathEffect, Target, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gatesh.facts import World
    from gatesh.facts.find import Search
    from gatesh.model import CommandLine, SimpleCommand

_MANY = 40  # paths looked at; the rest of a longer list is UNKNOWN
_HARMLESS_DEVICE = re.compile(
    r"/dev/(null|zero|full|u?random|tty\w*|pts/\w+|console|ptmx|shm/.*|tcp/.*|udp/.*)"
)
_DESCRIPTOR = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/(self|\d+)/fd/\d+")
_TERMINAL = re.compile(r"/dev/(pts/\d+|tty\d+|vcsa?\d*)")  # it may be the human's
_TRUNCATING = (">", ">|", "&>", ">&")
_APPENDING = (">>", "&>>", "<>")
_RECURSIVE = re.compile(
    r"(?:^|[\s'\"/;])-(?:[fvi]*[rR][fvi]+|[fvi]+[rR])\b|\b(?:echo|printf)\s+['\"]?-|--recu"
)
_SEVERAL = re.compile(r"\[@\]|\[\*\]|\$[@*]|\$\{[@*]|^[$`]")  # it may become several words
_FIND = frozenset({"find", "gfind"})
_ACT_NOT_WITH_N = frozenset("mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.ntfs wipefs".split())
GIT_DISCARDS = frozenset("restore checkout switch stash read-tree checkout-index reset".split())
_EDITORS = ("sed", "gsed", "perl", "ruby")
_READERS = frozenset(
    "find gfind cd ls pwd echo printf cat grep rg head tail wc test [ [[ true : set".split()
)
_LOOKED_FOR = 20  # paths that a find would find, looked at one by one


def changes(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[FileChange]:
    """Return what `command` would delete or overwrite, its redirects included."""
    change = Change(command, line, world)
    yield from change.redirects()
    program = command.program
    reader = _device if program.startswith("mkfs") else PROGRAMS.get(program)
    if reader is not None:
        yield from reader(change)


class Change:
    """One command and the ways to look at the paths in it."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        self.command = command
        self.line = line
        self.world = world
        self._globs = 0
        self.options: list[str] = []
        self._extents: Extents | None = None
        self.operands: list[Word] = []
        self.values: dict[str, Word] = {}

    @property
    def extents(self) -> Extents:
        """Return the one who looks at paths; made when there is one to look at."""
        if self._extents is None:
            self._extents = Extents(self.command, self.line, self.world)
        return self._extents

    def of(self, command: SimpleCommand) -> Change:
        """Return the same for a command that this one amounts to."""
        return Change(command, self.line, self.world)

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
        effects: list[PathEffect] = []
        new: list[PathEffect] = []
        every = [self.paths(word) for word in words]
        self.expect(self.world.files.real(path) for paths in every for path in paths if path)
        for word, paths in zip(words, every, strict=True):
            # Inside `sh -c 'echo > {}'` the reader puts $_ for what is filled in.
            if word.text in ("{}", "$_") and self.found_by_find(word):
                edited = action == "overwrite" and self.command.program in _EDITORS
                yield from _found(self, "overwrite" if edited else "delete-tree")
                continue
            for path in paths:
                if path is None or len(effects) + len(new) >= _MANY:
                    effects.append(PathEffect(path or word.text, Extent.UNKNOWN))
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

    def found_by_find(self, word: Word) -> bool:
        """Claim that a find puts what it found into this word."""
        return not _FIND.isdisjoint(self.command.prefixes) and filled(word, self.command, self.line)

    def added(self, words: list[Word]) -> Iterator[FileChange]:
        """Tell the files that are added to: nothing is lost, but what a file says may change."""
        effects: list[PathEffect] = []
        for word in words:
            for path in self.paths(word):
                real = path if path is None or self.command.remote else self.world.files.real(path)
                if real is None or len(effects) >= _MANY:
                    effects.append(PathEffect(real or word.text, Extent.UNKNOWN))
                elif not _is_descriptor(path) and (
                    _TERMINAL.fullmatch(real) or not _HARMLESS_DEVICE.fullmatch(real)
                ):
                    effects.append(self.extents.effect(real))
        if effects:
            yield self.change("write", effects)

    def deleted(self, action: str, words: list[Word], *, trees: bool) -> Iterator[FileChange]:
        """Tell what would be removed; a last symbolic link is removed itself, not what it leads to."""
        effects: list[PathEffect] = []
        every = [sorted(self.paths(word), key=lambda path: path is None) for word in words]
        self.expect(self.resolved(path) for paths in every for path in paths if path)
        for word, paths in zip(words, every, strict=True):
            for path in paths:
                if path is None or len(effects) >= _MANY:
                    effects.append(self._rest(word, paths, trees=trees))
                    break
                effect = self.extents.effect(self.resolved(path))
                if trees or not effect.directory:
                    effects.append(effect)
        hidden: tuple[str, ...] = ()
        if adds_words(self.command, self.line) and _FIND.isdisjoint(self.command.prefixes):
            known = _piped_from_find(self)
            if known is None:
                hidden = ("paths: more will be added",)
                known = [PathEffect("…", Extent.UNKNOWN, directory=trees)]
            effects += known
        if effects:
            yield self.change(action, effects, hidden)

    def expect(self, paths: Iterator[str]) -> None:
        """Take it that these will be asked about, so that git is asked once."""
        found = [] if self.command.remote else list(islice(paths, _MANY))
        if len(found) > 1:
            self.extents.expect(found)

    def _rest(self, word: Word, paths: list[str | None], *, trees: bool) -> PathEffect:
        """Tell what was not looked at one by one: it is what its folder is, if that is no loss."""
        folder = os.path.dirname(paths[0]) if paths and paths[0] else ""
        extent = Extent.UNKNOWN
        above = word.text.rpartition("/")[0]
        if folder and word.globbed and not self.command.remote and not re.search(r"[*?\[{]", above):
            whole = self.extents.effect(self.resolved(folder))
            if whole.extent in (Extent.DERIVED, Extent.RECOVERABLE):
                extent = whole.extent
        path = paths[0] if paths and not word.globbed else None
        return PathEffect(path or word.text, extent, directory=trees)

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

    def in_place_of_find(self) -> Change:
        """Return the same for a find's own words, where the find runs."""
        own = tuple(p for p in self.command.prefixes if p not in _FIND and p != "xargs")
        command = self.command.but(prefixes=own, more_words=False)
        return self.of(command)

    def paths(self, word: Word) -> list[str | None]:
        """Return the paths a word stands for, as long as there are not too many globs."""
        self._globs += word.globbed
        if word.globbed and self._globs > _MANY:
            return [None]  # thousands of globs over a full folder would take minutes
        return expand(word, self.command, self.line, self.world)


def _is_descriptor(path: str | None) -> bool:
    """Claim that a path only names an open descriptor; its links lead to the one who looks."""
    return path is not None and _DESCRIPTOR.fullmatch(os.path.normpath(path)) is not None


def _rm(change: Change) -> Iterator[FileChange]:
    change.sort()
    if change.has("help", "version"):
        return
    operands = change.operands
    found = [word for word in operands if change.found_by_find(word)]
    if found:  # told as what the find finds
        operands = [word for word in operands if word not in found]
        yield from _found(change, "delete-tree")
    trees = change.has("r", "R", "recursive") or _may_be_recursive(change, operands)
    piped = None if trees else _find_in_front(change)
    if piped is not None and set(piped[0].patterns) <= {"*"}:  # everything in there, not some names
        yield from _searched(change, piped[0], "delete-tree", empty=piped[0].only_empty)
    yield from change.deleted("delete-tree" if trees else "delete", operands, trees=trees)


def _may_be_recursive(change: Change, operands: list[Word]) -> bool:
    """Claim that a word nobody can see may well be -r: it stands before a folder, or for many words."""
    words = change.command.words[1:]
    end = next((i for i, w in enumerate(words) if w.text == "--"), len(words))
    hidden = [w for w in words[:end] if not w.known]
    for word in (w for w in words[:end] if w.globbed and w.text[:1] in "-*?["):
        for path in change.paths(word):  # rm *, where a file is named -rf
            if path is not None and re.match(r"-[a-zA-Z]*[rR]", os.path.basename(path)):
                return True
        if _option_made(change.world.before):
            return True
    if change.command.program != "rm" or not (hidden or adds_words(change.command, change.line)):
        return False
    seen = [w for w in operands if w.known]
    if not seen:
        several = any(_SEVERAL.search(w.text) for w in hidden)
        return several or _RECURSIVE.search(change.line.text) is not None
    return any(
        path is not None and change.world.files.kind(path) == "directory"
        for word in seen[:_MANY]
        for path in expand(word, change.command, change.line, change.world)[:_MANY]
    )


def _option_made(before: Sequence[SimpleCommand]) -> bool:
    """Claim that the line makes a file whose name reads as an option: `touch -- -rf; rm *`."""
    for command in before:
        texts = [word.text for word in command.words[1:]]
        end = texts.index("--") if "--" in texts else len(texts)
        names = [t for at, t in enumerate(texts) if at > end or "/-" in t]
        names += [redirect.target.text for redirect in command.redirects]
        if any(re.match(r"-[a-zA-Z]*[rR]", os.path.basename(name)) for name in names):
            return True
    return False


def _shred(change: Change) -> Iterator[FileChange]:
    change.sort("ns", ("iterations", "size", "random-source"))
    if not change.has("help", "version"):
        yield from change.written("overwrite", change.operands)


def _truncate(change: Change) -> Iterator[FileChange]:
    change.sort("sr", ("size", "reference"))
    size = change.values.get("s") or change.values.get("size")
    if not (size is not None and size.known and size.text.lstrip().startswith(("+", ">"))):
        yield from change.written("truncate", change.operands)


def _dd(change: Change) -> Iterator[FileChange]:
    words = change.command.words[1:]
    if any(not w.known and re.match(r"[\"']?[$`]", w.text) for w in words):
        yield change.change("device-write", [PathEffect("…", Extent.UNKNOWN)])
    out = [w.but(text=w.text[3:]) for w in words if w.text.lstrip("\"'").startswith("of=")]
    yield from change.written("overwrite", out)


def _tee(change: Change) -> Iterator[FileChange]:
    change.sort()
    if change.has("a", "append"):
        yield from change.added(change.operands)
    elif not change.has("help", "version"):
        yield from change.written("overwrite", change.operands)


def _device(change: Change) -> Iterator[FileChange]:
    change.sort("tLUbNOoTcjSV", ("type", "types", "offset", "length", "step"))
    if change.has("help", "version", "V") or (
        change.command.program == "wipefs" and not change.has("a", "all", "o", "offset")
    ):
        return
    if change.has("n", "no-act") and change.command.program in _ACT_NOT_WITH_N:
        return
    effects: list[PathEffect] = []
    for word in change.operands:
        for path in expand(word, change.command, change.line, change.world):
            real = change.world.files.real(path) if path else ""
            if path and not change.command.remote and _is_image(real, change.world):
                yield from change.written("overwrite", [word])
            elif path is None or word.text.startswith(("/", ".")) or not word.text.isdigit():
                extent = Extent.LOSABLE if path else Extent.UNKNOWN
                effects.append(PathEffect(path or word.text, extent))
    if effects:
        yield change.change("device-write", effects)


def _is_image(real: str, world: World) -> bool:
    """Claim that a file stands, or will stand, where a device was expected."""
    return not real.startswith("/dev/") and world.files.kind(real) in ("file", "missing")


def _copy(change: Change) -> Iterator[FileChange]:
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


def _ends(change: Change, sources: list[Word], destination: Word) -> list[Word]:
    """Return the files that would be written: below a folder, each under its own name."""
    paths = expand(destination, change.command, change.line, change.world)
    if len(paths) != 1 or paths[0] is None:
        return [destination]
    folder = change.world.files.real(paths[0])
    if change.command.remote or change.world.files.kind(folder) != "directory":
        return [destination]
    return [
        source.but(text=os.path.join(folder, os.path.basename(path.rstrip("/"))), globbed=False)
        for source in sources[:_MANY]
        for path in expand(source, change.command, change.line, change.world)
        if path is not None
    ]


def _moved_away(change: Change, sources: list[Word], destination: Word) -> Iterator[FileChange]:
    """Tell what is moved to where it will be cleared away, and what must not be moved at all."""
    paths = expand(destination, change.command, change.line, change.world)
    path = paths[0] if len(paths) == 1 else None
    effects = []
    for word in sources[:_MANY]:
        if change.found_by_find(word):
            told = list(_found(change, "move-to-temp"))
            effects += [effect for fact in told for effect in fact.paths]
            continue
        effects += [
            change.extents.effect(change.resolved(source))
            for source in expand(word, change.command, change.line, change.world)[:_MANY]
            if source is not None
        ]
    if path is None or not _cleared_away(change, path):
        perhaps = path is not None and _perhaps_cleared_away(change, path)
        effects = [
            e for e in effects if _missed_anywhere(change, e.path) or (perhaps and e.directory)
        ]
    lost = [e for e in effects if e.extent is Extent.LOSABLE]
    if lost:
        yield change.change("move-to-temp", lost)


def _missed_anywhere(change: Change, path: str) -> bool:
    """Claim that a path is missed wherever it goes: a repository's .git, a home, a system folder."""
    return (
        path == change.world.home
        or path.endswith("/.git")
        or (path != "/" and change.extents.is_system(path))
    )


def _cleared_away(change: Change, path: str) -> bool:
    """Claim that a path lies where things are deleted unasked: a temporary folder, a build's."""
    real = change.world.files.real(path)
    ours = change.extents.ours(real)
    if ours and is_derived(os.path.relpath(real, change.line.cwd)):
        return True
    mine = ours and change.world.probe.repository(change.line.cwd) != ""  # a repository in /tmp
    return (change.extents.temporary(real) or real in TEMPORARY) and not mine


def _perhaps_cleared_away(change: Change, path: str) -> bool:
    """Claim that a path lies in a folder that may be deleted unasked where git ignores it: bin, vendor."""
    real = change.world.files.real(path)
    named = is_derived_if_ignored(os.path.relpath(real, change.line.cwd))
    return named and change.extents.ours(real)


def _found(change: Change, action: str) -> Iterator[FileChange]:
    """Tell what the find finds that starts this command."""
    from gatesh.facts.find import around

    search = around(change.command, change.world)
    if search is None:
        yield change.change(action, [PathEffect("{}", Extent.UNKNOWN, directory=True)])
    else:
        yield from _searched(change, search, action, empty=search.only_empty)


def _find(change: Change) -> Iterator[FileChange]:
    """Tell a find that deletes by itself; what it starts is a command of its own."""
    from gatesh.facts.find import Search

    search = Search(change.command)
    if search.deletes:
        empty = search.only_empty or search.only_folders
        yield from _searched(change, search, "delete-tree", empty=empty)
    yield from change.written("overwrite", search.prints_to)


def _searched(change: Change, search: Search, action: str, *, empty: bool) -> Iterator[FileChange]:
    """Tell the folders a find starts from, or what it finds there, where that is no loss."""
    found = None if change.command.remote else _harmless(change, search, split=False)
    if found is not None:
        if found:
            yield change.change(action, found)
        return
    starts = change.in_place_of_find()
    for fact in starts.deleted(action, search.roots, trees=True):
        effects = fact.paths
        if search.follows:
            effects = tuple(_through_links(starts, effect) for effect in effects)
        elif empty:
            effects = tuple(e.but(extent=Extent.MISSING, root=False) for e in effects)
        elif search.made_again:
            effects = tuple(e.but(extent=Extent.DERIVED, root=False) for e in effects)
        if search.narrowed and search.sure and not search.follows:
            effects = tuple(e.but(root=False) for e in effects)
        yield fact.but(paths=effects)


def _through_links(change: Change, effect: PathEffect) -> PathEffect:
    """Judge a folder below which links are followed: what they lead to is not told by the folder."""
    real = change.world.files.real(effect.path)
    if effect.extent is Extent.MISSING and real == effect.path:
        return effect
    if real != effect.path:
        return change.extents.effect(real).but(extent=Extent.UNKNOWN)
    from gatesh.facts.find import walk

    below = walk(real, ["*"], change.world, split=False)
    linked = below is None or any(change.world.files.kind(p) == "link" for p in below)
    return effect.but(extent=Extent.UNKNOWN) if linked else effect


def _harmless(change: Change, search: Search, *, split: bool) -> list[PathEffect] | None:
    """Return what a find by names would find, where all of it can be made again; None if not."""
    from gatesh.facts.find import walk

    if (old := _old_temporaries(change, search, split=split)) is not None:
        return old
    named = search.patterns and all(
        is_derived(p) or search.litter or search.made_again for p in search.patterns
    )
    # Other names: what bears one now is looked at, unless something may have been moved there.
    looked_at = bool(search.patterns) and not (split or search.only_empty or search.only_folders)
    looked_at = looked_at and not any(map(may_move, change.world.before))
    if not (named or looked_at) or search.follows or (search.made_again and not split):
        return None
    starts = change.in_place_of_find()
    effects: list[PathEffect] = []
    for word in search.roots:
        for path in starts.paths(word):
            real = path and change.world.files.real(path)
            if not real or not starts.extents.ours(real):
                return None
            found = walk(real, search.patterns, change.world, split=split)
            if found is None or len(found) + len(effects) > _LOOKED_FOR * 50:
                return None
            if search.made_again:
                effects.append(PathEffect(real, Extent.DERIVED, directory=True))
                continue
            found = _topmost(found)
            if len(found) + len(effects) > _LOOKED_FOR:
                return None
            effects += [starts.extents.effect(p) for p in found]
    lost = (Extent.LOSABLE, Extent.UNKNOWN)
    if any(e.extent in lost and (e.directory or e.root or not search.litter) for e in effects):
        return None
    return effects


def _old_temporaries(change: Change, search: Search, *, split: bool) -> list[PathEffect] | None:
    """Return the temporary folders that a find tidies up: `find /tmp -mtime +7 -delete`; None if not."""
    from gatesh.facts.find import walk

    starts = change.in_place_of_find()
    found = [path for word in search.roots for path in starts.paths(word)]
    reals = [change.world.files.real(path) for path in found if path is not None]
    if not (search.narrowed and search.sure) or search.follows or len(reals) < len(found):
        return None
    if not all(real in TEMPORARY and not starts.extents.inside(real) for real in reals):
        return None
    if split and any(walk(real, ["*"], change.world, split=True) is None for real in reals):
        return None
    return [PathEffect(real, Extent.DERIVED, directory=True) for real in reals]


def _topmost(paths: list[str]) -> list[str]:
    """Leave out what lies below another."""
    kept: list[str] = []
    for path in sorted(paths):
        if not any(path.startswith(other + "/") for other in kept):
            kept.append(path)
    return kept


def _piped_from_find(change: Change) -> list[PathEffect] | None:
    """Return what `find … | xargs rm` deletes, where all of it can be made again."""
    found = _find_in_front(change)
    if found is None or (found[1] and any(c.program not in _READERS for c in change.world.before)):
        return None  # xargs splits at blanks, and a name with one in it may be about to be made
    return _harmless(change, found[0], split=found[1])


def _find_in_front(change: Change) -> tuple[Search, bool] | None:
    """Return the find of `find … | xargs rm`, and whether xargs would split at blanks."""
    from gatesh.facts.find import in_front

    if change.command.prefixes not in (("xargs",), ("sudo", "xargs"), ("xargs", "sudo")):
        return None
    return in_front(change.command, change.line, change.world)


def _rmdir(change: Change) -> Iterator[FileChange]:
    """Rmdir removes only what is empty."""
    change.sort()
    for found in change.deleted("delete", change.operands, trees=True):
        empty = tuple(e.but(extent=Extent.MISSING, root=False) for e in found.paths)
        yield found.but(paths=empty)


def _writer(change: Change) -> Iterator[FileChange]:
    """Tell what sed -i, sort -o, curl -o and their like write over."""
    from gatesh.facts.writers import written

    action, words = written(change.command.program, list(change.command.words[1:]))
    if action == "write":
        yield from change.added(words)
    elif action in ("copy", "link"):
        ends = _ends(change, words[:-1], words[-1]) if len(words) > 1 else []
        if action == "copy":
            yield from change.written("overwrite", ends)
        else:
            yield from change.deleted("overwrite", ends, trees=False)
    else:
        yield from change.written(action, words)


def _git(change: Change) -> Iterator[FileChange]:
    """Git writes a file by --output, and throws away what is changed by some subcommands."""
    yield from _writer(change)
    if any(word.text in GIT_DISCARDS for word in change.command.words):
        from gatesh.facts.git import discarded

        yield from discarded(change)


PROGRAMS: dict[str, Callable[[Change], Iterator[FileChange]]] = {
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
    "git": _git,
    "wipefs": _device,
    "blkdiscard": _device,
    "mkswap": _device,
    **dict.fromkeys(
        (
            "sed", "gsed", "perl", "ruby", "sort", "shuf", "uniq", "patch", "history", "gpg", "openssl",
            "awk", "gawk", "ed", "ex", "ln", "rsync", "curl", "wget", "wget2", "docker", "podman",
        ),
        _writer,
    ),
}  # fmt: skip
