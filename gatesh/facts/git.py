"""What git throws away of the working tree: git restore, checkout PATHS, switch -f, reset --hard, stash drop.

Told are the paths as they stand now: what is committed and unchanged is not lost. A pathspec that git
expands itself is told as the folder that it begins with.
"""

from __future__ import annotations

import os
import re

from gatesh.facts.files import GIT_DISCARDS
from gatesh.facts.paths import adds_words, working_folder
from gatesh.facts.surroundings import Surroundings
from gatesh.model import Extent, PathEffect, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.files import Change
    from gatesh.model import FileChange

_COST = 400  # of a question to git, as World.spend counts
_GLOBAL_VALUES = frozenset(
    "-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix".split()
)
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
_LONG_VALUES = ("orphan", "conflict", "pathspec-from-file", "source", "create", "force-create")
_VALUES = {"checkout": "bB", "switch": "cC", "restore": "sU"}
_GIT_EXPANDS = re.compile(r"[*?\[\\]|^:")
_TOP = "top"  # in place of a path: the whole working tree


def discarded(change: Change) -> Iterator[FileChange]:
    """Tell what of the working tree, or of the stash, is replaced or dropped."""
    found = _subcommand(change)
    if found is None:
        return
    sub, elsewhere = found
    name = sub.command.program
    sub.sort(_VALUES.get(name, ""), _LONG_VALUES)
    where = _stash(sub) if name == "stash" else _WHERE.get(name, _forced)(sub)
    effects = [_effect(sub, path, elsewhere=elsewhere) for path in where]
    lost = [e for e in effects if e.extent in (Extent.LOSABLE, Extent.UNKNOWN)]
    if lost:
        yield sub.change("discard", lost)


def _subcommand(change: Change) -> tuple[Change, bool] | None:
    """Return the command from its subcommand on, and whether it works on another repository."""
    command = change.command
    rest = list(command.words[1:])
    elsewhere = False
    while rest and rest[0].text.startswith("-"):
        word = rest.pop(0)
        option, equals, value = word.text.partition("=")
        given = word.but(text=value)
        if option in _GLOBAL_VALUES and not equals and rest:
            given = rest.pop(0)
        if option == "-C":
            folder = working_folder(command, change.line, change.world.before)
            known = given.known and not given.globbed and folder is not None
            command = command.but(cwd=os.path.join(folder or "", given.text) if known else None)
        elsewhere = elsewhere or option in ("--git-dir", "--work-tree")
        elsewhere = elsewhere or given.text.lower().startswith("core.worktree")
    if not rest or rest[0].text not in GIT_DISCARDS:
        return None
    around = Surroundings(command, change.line, change.world)
    elsewhere = elsewhere or any(around.variable(name) != "" for name in _ELSEWHERE)
    return change.of(command.but(words=tuple(rest))), elsewhere


def _restored(sub: Change) -> Iterator[str | None]:
    """Git restore PATHS; with --staged alone the working tree stays."""
    if sub.has("S", "staged") and not sub.has("W", "worktree"):
        return
    yield from _paths(sub, sub.operands)


def _checked_out(sub: Change) -> Iterator[str | None]:
    """Git checkout [TREE] [--] PATHS, or -f; a branch that is switched to keeps what is changed."""
    if sub.has("f", "force") and not sub.has("p", "patch"):
        yield _TOP
        return
    if sub.has("b", "B", "orphan", "detach"):
        return
    operands = sub.operands
    told = next((i for i, w in enumerate(sub.command.words) if w.text == "--"), None)
    if told is not None:
        operands = list(sub.command.words[told + 1 :])
    elif operands and not _names_a_file(sub, operands[0]):
        operands = operands[1:]
    yield from _paths(sub, operands)


def _reset(sub: Change) -> Iterator[str | None]:
    """Git reset --hard to what is checked out; another commit may bring files over untracked ones."""
    if sub.has("hard") and all(word.text in ("HEAD", "@", "--") for word in sub.operands):
        yield _TOP


def _forced(sub: Change) -> Iterator[str | None]:
    """Git switch -f, read-tree --reset -u, checkout-index -f: the whole working tree."""
    name = sub.command.program
    if name == "switch":
        all_of_it = sub.has("f", "force", "discard-changes")
    elif name == "read-tree":
        all_of_it = sub.has("u") and sub.has("reset") and not sub.has("n", "dry-run")
    else:
        all_of_it = sub.has("f", "force") and not sub.has("prefix")
    if all_of_it:
        yield _TOP


_WHERE = {"restore": _restored, "checkout": _checked_out, "reset": _reset}


def _stash(sub: Change) -> Iterator[str | None]:
    """Git stash drop or clear, where something is stashed, or the line itself may stash it."""
    if not sub.operands or sub.operands[0].text not in ("drop", "clear"):
        return
    top = _top(sub)
    if not top:
        yield None if top is None else _TOP
        return
    files = sub.world.files
    places = (f"{top}/.git/refs/stash", f"{top}/.git/logs/refs/stash")
    packed = files.read(f"{top}/.git/packed-refs", 1_000_000) or b""
    apart = files.kind(f"{top}/.git") != "directory"  # a worktree: its stash is kept elsewhere
    if (
        apart
        or _stashes(sub)
        or b"refs/stash" in packed
        or any(files.kind(place) != "missing" for place in places)
    ):
        yield places[0]


def _stashes(sub: Change) -> bool:
    """Claim that an earlier command of the line works with the stash."""
    return any(
        other.program == "git" and any(w.text == "stash" for w in other.words)
        for other in sub.world.before
    )


def _names_a_file(sub: Change, word: Word) -> bool:
    """Claim that what may be a branch is a path: a file of that name, and no branch.

    Where both are there git refuses to guess.
    """
    text = word.text
    if not word.known or text == "-":
        return False
    if word.globbed or _GIT_EXPANDS.search(text) or text in (".", "..") or text.endswith("/"):
        return True
    top, folder = _top(sub), _folder(sub)
    if not top or folder is None:
        return False
    files = sub.world.files
    if files.kind(f"{top}/.git/refs/heads/{text}") != "missing":
        return False
    return files.kind(os.path.join(folder, text)) != "missing"


def _paths(sub: Change, words: list[Word]) -> Iterator[str | None]:
    """Yield the paths that pathspecs stand for; what cannot be told is the whole working tree."""
    if adds_words(sub.command, sub.line) or sub.has("pathspec-from-file"):
        yield _TOP
        return
    folder = _folder(sub)
    for word in words:
        text = word.text
        if not word.known or text.startswith(":"):
            yield _TOP
        elif folder is None and not text.startswith("/"):
            yield None
        elif _GIT_EXPANDS.search(text):
            yield os.path.join(folder or "", re.split(r"[*?\[\\]", text)[0].rpartition("/")[0])
        else:
            yield from sub.paths(word)


def _effect(sub: Change, path: str | None, *, elsewhere: bool) -> PathEffect:
    """Return what would become of a path: below a folder git touches only what it has."""
    files, probe = sub.world.files, sub.world.probe
    top = _top(sub)
    if path is None or elsewhere or sub.command.remote or top is None:
        shown = "." if path is None or path == _TOP else os.path.normpath(path)
        return PathEffect(shown, Extent.UNKNOWN)
    if path == _TOP:
        path = top
    if path.endswith("/.git/refs/stash"):
        return PathEffect(path, Extent.LOSABLE)
    path = files.real(path)
    kind = files.kind(path)
    if not top or kind == "missing":
        return PathEffect(path, Extent.MISSING)
    directory = kind == "directory"
    if _stashes(sub) or sub.extents.moved_here(path):
        return PathEffect(path, Extent.UNKNOWN, directory)
    if not sub.world.spend(_COST) or _is_led_away(sub, top):
        return PathEffect(path, Extent.UNKNOWN, directory)
    extent = probe.git_edits(path) if directory else probe.git_extent(path)
    return PathEffect(path, extent, directory)


def _is_led_away(sub: Change, top: str) -> bool:
    """Claim that the repository's configuration, or the line, names another working tree."""
    read = sub.world.files.read
    contents = (read(f"{top}/.git/{name}", 1_000_000) for name in ("config", "config.worktree"))
    return any(
        re.search(rb"(?im)(?:^|\])\s*worktree\s*=", text) for text in contents if text
    ) or any(
        word.text.lower() == "core.worktree"
        for other in sub.world.before
        for word in other.words
        if other.program == "git"
    )


def _folder(sub: Change) -> str | None:
    return working_folder(sub.command, sub.line, sub.world.before)


def _top(sub: Change) -> str | None:
    """Return the top of the repository that it works on; None where nobody knows."""
    folder = _folder(sub)
    if folder is None or sub.command.remote:
        return None
    return sub.world.probe.repository(sub.world.files.real(folder))
