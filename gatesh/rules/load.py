"""Pattern files: TOML text → rules, every mistake with file, line and what to do.

The shipped files come with gatesh; a user's own stand in `<config>/patterns`. A user's file that somebody
else could have written is refused, as doas refuses such a rule file. A project's files, in `.gatesh/patterns`
of a folder that a line runs in or below, may only tighten, so it does not matter who wrote them; one that a
person trusts is known by its content.
"""

from __future__ import annotations

import os
import stat

from gatesh.errors import PatternFileError
from gatesh.model import Layer
from gatesh.places import shipped
from gatesh.rules import cache
from gatesh.rules.match import RuleSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gatesh.places import Places
    from gatesh.rules.source import PatternFile

_LARGEST = 256_000  # bytes of one file
_MOST_OF_PROJECTS = 16  # files


def load(
    places: Places,
    *,
    projects: tuple[str, ...] = (),
    confirmed: frozenset[str] = frozenset(),
    cached: bool = True,
) -> RuleSet:
    """Return the rules that are active: shipped, what tightens, and what a person `confirmed`.

    `confirmed` holds digests of loosenings. A keeper passes `cached=False`: it believes the files only.
    """
    found = files(places, projects)
    also = [(f"{places.config}/trusted", Layer.USER)] if projects else []
    key = cache.key(places, [*found, *also])
    name = cache.PROJECT if projects else cache.NAME
    if cached and not confirmed:
        kept = cache.read(places.state, key, name)
        if kept:
            return kept
    from gatesh.rules import layers

    rules = layers.combine(read_all(places, found), confirmed)
    if cached and not confirmed:
        cache.write(places.state, key, rules, name)
    return rules


def files(places: Places, projects: tuple[str, ...] = ()) -> list[tuple[str, Layer]]:
    """Return the pattern files with their layer, shipped ones first."""
    own = [f for folder in projects for f in _toml_files(folder)]
    if len(own) > _MOST_OF_PROJECTS:
        what = f"there are more than {_MOST_OF_PROJECTS} pattern files in projects"
        raise PatternFileError(own[-1], 1, what, "put their rules together")
    return [
        *((f, Layer.SHIPPED) for f in _toml_files(shipped("patterns"))),
        *((f, Layer.USER) for f in _toml_files(places.user_patterns)),
        *((f, Layer.PROJECT) for f in own),
    ]


def projects_of(cwd: str) -> tuple[str, ...]:
    """Return every `.gatesh/patterns` at or above a folder, the outermost first.

    All of them count: one further down must not hide another. Those of other users do not.
    """
    found: list[str] = []
    folder = os.path.realpath(cwd)
    while True:
        patterns = os.path.join(folder, ".gatesh/patterns")
        try:
            if os.stat(patterns).st_uid in (0, os.getuid()):
                found.insert(0, patterns)
        except OSError:
            pass
        if folder == (folder := os.path.dirname(folder)):
            return tuple(found)


def read_all(
    places: Places,
    found: Iterable[tuple[str, Layer]] | None = None,
    report: Callable[[PatternFileError], None] | None = None,
    instead: Mapping[str, str] | None = None,
) -> tuple[PatternFile, ...]:
    """Read and check every pattern file, without deciding what is active.

    Raises the first PatternFileError, or hands each to `report` and leaves out what it is about. A text in
    `instead` is taken for what the file of that name says, or is a file of the user's that is not there yet.
    """
    from gatesh.rules.source import parse_files

    texts, tried = [], dict(instead or {})
    for path, layer in found or files(places):
        try:
            text = tried.pop(path) if path in tried else text_of(path, layer)
            if layer is Layer.PROJECT and _is_trusted(places, path, text):
                layer = Layer.TRUSTED  # noqa: PLW2901
            texts.append((path, layer, text))
        except PatternFileError as error:
            if not report:
                raise
            report(error)
    texts += [(path, Layer.USER, text) for path, text in tried.items()]
    return parse_files(texts, places, report)


def _toml_files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{folder}/{name}" for name in names if name.endswith(".toml") and name[0] != "."]


def _is_trusted(places: Places, path: str, text: str) -> bool:
    from gatesh.rules import trust

    return trust.digest(text) == trust.trusted(places).get(path)


def text_of(path: str, layer: Layer) -> str:
    """Return a pattern file's text; raises PatternFileError, also where others can write the user's."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hold us
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise PatternFileError(path, 1, "is no file", "remove it")
            if layer is Layer.USER:
                _refuse_foreign(path, found)
                _refuse_foreign(os.path.dirname(path), os.stat(os.path.dirname(path)))
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise PatternFileError(path, 1, f"cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise PatternFileError(path, 1, f"is larger than {_LARGEST} bytes", "split it")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PatternFileError(path, 1, "is not UTF-8 text") from error


def _refuse_foreign(path: str, found: os.stat_result) -> None:
    if found.st_mode & 0o022:
        raise PatternFileError(path, 1, "can be written by others than you", f"chmod go-w {path}")
    if found.st_uid not in (0, os.getuid()):
        raise PatternFileError(path, 1, "belongs to somebody else", "own it, or remove it")
