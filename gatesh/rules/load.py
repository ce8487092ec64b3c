"""Pattern files: TOML text → rules, every mistake with file, line and what to do.

The shipped files come with gatesh; a user's own stand in `<config>/patterns`. A user's file that somebody
else could have written is refused, as doas refuses such a rule file.
"""

from __future__ import annotations

import os

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


def load(
    places: Places, *, confirmed: frozenset[str] = frozenset(), cached: bool = True
) -> RuleSet:
    """Return the rules that are active: shipped, what tightens, and what a person `confirmed`.

    `confirmed` holds digests of loosenings. A keeper passes `cached=False`: it believes the files only.
    """
    found = files(places)
    key = cache.key(places, found)
    if cached and not confirmed:
        kept = cache.read(places.state, key)
        if kept:
            return kept
    from gatesh.rules import layers

    rules = layers.combine(read_all(places, found), confirmed)
    if cached and not confirmed:
        cache.write(places.state, key, rules)
    return rules


def files(places: Places) -> list[tuple[str, Layer]]:
    """Return the pattern files with their layer, shipped ones first."""
    return [
        *((f, Layer.SHIPPED) for f in _toml_files(shipped("patterns"))),
        *((f, Layer.USER) for f in _toml_files(places.user_patterns)),
    ]


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
            text = tried.pop(path) if path in tried else _text(path, layer)
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


def _text(path: str, layer: Layer) -> str:
    try:
        with open(path, "rb") as file:
            if layer is not Layer.SHIPPED:
                _refuse_foreign(path, os.fstat(file.fileno()))
                _refuse_foreign(os.path.dirname(path), os.stat(os.path.dirname(path)))
            return file.read().decode()
    except OSError as error:
        raise PatternFileError(path, 1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PatternFileError(path, 1, "is not UTF-8 text") from error


def _refuse_foreign(path: str, found: os.stat_result) -> None:
    if found.st_mode & 0o022:
        raise PatternFileError(path, 1, "can be written by others than you", f"chmod go-w {path}")
    if found.st_uid not in (0, os.getuid()):
        raise PatternFileError(path, 1, "belongs to somebody else", "own it, or remove it")
