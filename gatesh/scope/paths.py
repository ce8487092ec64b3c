"""Paths that are outside a scope: as operands, in options, behind `<` and in code of a line. Pure.

A folder counts where a program takes it with everything below: grep -r, tar, cp -r. This knows what a line
says, and nothing of what a program opens by itself: scope.closed is about that.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from itertools import pairwise

from gatesh.facts.paths import expand, working_folder
from gatesh.model import FileChange
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, Inspection, SimpleCommand, Word
    from gatesh.scope.manifest import Manifest

_PIECES = re.compile(r"[^\s'\"`=:,;(){}\[\]<>|&@$]+")
# What stands there is the asking process's, not ours.
_AROUND = re.compile(r"^/proc/[^/]+/(?:task/[^/]+/)?(cwd|root)(?=/|$)")
_A_PROCESS = re.compile(r"(?<=/proc/)\$(?:\$|!|\w+|\{[^}]*\})")  # /proc/$$/cwd: whichever it is
_GLOB = re.compile(r"[*?\[]")
_MOST = 400  # pieces of one word
SILENT = frozenset(
    "echo printf : true false [ [[ test cd pushd popd".split()
)  # their words are words
CODE = frozenset(
    """
    python python2 python3 pypy pypy3 node nodejs deno bun ruby perl php lua Rscript awk gawk mawk sed jq
    sh bash dash zsh ksh eval osascript sqlite3 psql mysql
    """.split()
)
_WHOLE = frozenset("rg ag ack tar zip rsync 7z bsdtar mksquashfs restic borg gitleaks".split())
_WITH = {
    "grep": "rR", "egrep": "rR", "fgrep": "rR", "cp": "rRa", "scp": "r", "diff": "r", "mv": "", "ln": "",
}  # fmt: skip
_SEARCHING = frozenset("rg ag ack grep egrep fgrep".split())
_EXCLUDES = ("--exclude", "--exclude-dir", "-g", "--glob", "--ignore-dir", "--ignore", "-x")
_FINDS = frozenset(("find", "gfind"))
_TESTS = frozenset("-name -iname -path -ipath -wholename -iwholename".split())
_DEVICES = ("/dev/*", "/proc/self/fd/*")


def outside_paths(
    scope: Manifest,
    seen: Inspection,
    line: CommandLine,
    world: World,
    shut: tuple[str, ...] = (),
) -> Iterator[tuple[int, str]]:
    """Yield the commands that use a path outside the scope, and what to say of it.

    `shut` is closed to the session, whatever it is let do.
    """
    closed = scope.closed
    for index, command in enumerate(seen.reading.commands):
        if command.remote or not (closed or scope.paths.read is not None):
            continue
        alone = len(seen.reading.commands) == 1
        for path, tree in _used(command, line, world, alone=alone):
            why = _why(scope, closed, path, tree=tree, world=world, shut=shut)
            if why:
                yield index, why
    yield from _changed(scope, closed, seen)


def _changed(
    scope: Manifest, closed: tuple[str, ...], seen: Inspection
) -> Iterator[tuple[int, str]]:
    given = scope.paths.modify
    for index, fact in seen.facts:
        if not isinstance(fact, FileChange) or seen.reading.commands[index].remote:
            continue
        for effect in fact.paths:
            shown = printable(effect.path)
            if _holds(closed, effect.path):
                yield index, f"{shown} is off-limits ({scope.at('paths', 'off-limits')})"
            elif given is not None and not _holds((*given, *_DEVICES), effect.path):
                at = scope.at("paths", "modify")
                yield index, f"{shown} is none of the paths that it may modify ({at})"


def _why(
    scope: Manifest,
    closed: tuple[str, ...],
    path: str,
    *,
    tree: bool,
    world: World,
    shut: tuple[str, ...],
) -> str:
    shown = printable(path)
    at = scope.at("paths", "off-limits")
    if _holds(closed, path):
        more = (
            ", and closed to this session: a yes does not open it"
            if _is_shut(path, shut, world)
            else ""
        )
        return f"{shown} is off-limits ({at}){more}"
    if tree and any(
        _above(path, glob) and not _is_shut(glob.removesuffix("/**"), shut, world)
        for glob in closed
    ):
        return f"there is something off-limits below {shown} ({at})"
    given = scope.paths.read
    if given is None or not path.startswith(f"{world.home}/") or _is_program(path, world):
        return ""
    if _holds((*given, *(scope.paths.modify or ())), path) or world.files.kind(path) != "file":
        return ""
    return f"{shown} is none of the paths that it may read ({scope.at('paths', 'read')})"


def _is_shut(path: str, shut: tuple[str, ...], world: World) -> bool:
    real = world.files.real(path) if shut else path
    return any(real == one or real.startswith(f"{one}/") for one in shut)


def _is_program(path: str, world: World) -> bool:
    return "/bin/" in path or path.startswith(f"{world.home}/.local/")


def _used(
    command: SimpleCommand, line: CommandLine, world: World, *, alone: bool
) -> Iterator[tuple[str, bool]]:
    """Yield the absolute paths a command uses, and whether it takes all that is below."""
    if command.program not in SILENT:
        left_out = _left_out(command)
        whole = _takes_trees(command) and not left_out
        searches = command.program in _SEARCHING
        # A find that is all of the line tells names; in another its names may be opened.
        tests = _TESTS if alone and _only_tells(command) else ()
        for before, word in pairwise(command.words):
            if before.text in tests:
                continue
            if word.text.partition("=")[0] in _EXCLUDES or word.text.strip("!/*") in left_out:
                continue
            for path in _paths_of(word, command, line, world):
                yield path, whole
        operands = [w for w in command.words[1:] if not w.text.startswith("-")]
        folder = working_folder(command, line, world.before)
        if whole and searches and folder and len(operands) < 2 and not command.piped_in:
            yield world.files.real(folder), True  # a pattern, and no folder: this one
    for redirect in command.redirects:
        if not redirect.op.startswith(("<<", ">&", "<&")):
            yield from ((p, False) for p in _paths_of(redirect.target, command, line, world))


def _only_tells(command: SimpleCommand) -> bool:
    """Claim that a command is a find that does nothing with what it finds but print it."""
    acts = ("-exec", "-ok", "-delete", "-f")
    known = all(word.known and not word.text.startswith(acts) for word in command.words[1:])
    return command.program in _FINDS and known and not command.more_words


def _takes_trees(command: SimpleCommand) -> bool:
    if command.program in _WHOLE:
        return True
    if command.program in _FINDS:
        return any(word.text.startswith(("-exec", "-ok")) for word in command.words)
    letters = _WITH.get(command.program)
    if letters is None:
        return False
    options = [word.text for word in command.words[1:] if word.text.startswith("-")]
    return not letters or any(
        o in ("--recursive", "--archive", "--dereference-recursive")
        or (not o.startswith("--") and not set(letters).isdisjoint(o))
        for o in options
    )


def _left_out(command: SimpleCommand) -> frozenset[str]:
    """Return the names that a search is told to leave out."""
    names, words = set(), [word.text for word in command.words]
    for at, text in enumerate(words):
        option, sign, value = text.partition("=")
        if option in _EXCLUDES:
            value = value if sign else words[at + 1] if at + 1 < len(words) else ""
            if option not in ("-g", "--glob") or value.startswith("!"):
                names.add(value.strip("!/*"))
    return frozenset(names)


def _paths_of(word: Word, command: SimpleCommand, line: CommandLine, world: World) -> Iterator[str]:
    """Yield what a word may name: all of it, and in code or behind `=`, `@` and `:` its pieces."""
    texts = [path for path in expand(word, command, line, world) if path]
    folder = working_folder(command, line, world.before) or line.cwd
    if command.program in CODE or not re.search(r"\s", word.text):
        for piece in _PIECES.findall(_A_PROCESS.sub("self", word.text))[:_MOST]:
            texts.append(_absolute(piece, folder, world.home))
            if len(piece) > 2 and piece[0] == "-" and piece[1] != "-":  # -Finfra/x
                texts.append(_absolute(piece[2:], folder, world.home))
    texts = [_AROUND.sub(lambda at: folder if at[1] == "cwd" else "", text) for text in texts]
    for text in dict.fromkeys(texts):
        yield "/" + os.path.normpath(text).lstrip("/")
        if (real := world.files.real(text)) != text:
            yield real


def _absolute(text: str, folder: str, home: str) -> str:
    if text == "~" or text.startswith("~/"):
        return home + text[1:]
    return os.path.normpath(os.path.join(folder, text))


def _holds(globs: tuple[str, ...], path: str) -> bool:
    """Claim that a path, or a folder above it, fits one of the globs."""
    for glob in globs:
        plain = glob.removesuffix("/**")
        if path == plain or path.startswith(f"{plain}/"):
            return True
        if _GLOB.search(glob) and any(fnmatchcase(p, plain) for p in _upwards(path)):
            return True
    return False


def _upwards(path: str) -> Iterator[str]:
    while path.strip("/"):
        yield path
        path = os.path.dirname(path)


def _above(folder: str, glob: str) -> bool:
    """Claim that what a glob closes is below a folder."""
    found = _GLOB.search(glob)
    sure = glob[: found.start()] if found else glob
    if not sure.startswith("/"):
        return False  # *.pem: in any folder, and perhaps in none
    return sure.startswith(folder if folder.endswith("/") else f"{folder}/")
