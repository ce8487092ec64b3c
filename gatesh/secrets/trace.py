"""Where else a secret stands: a bounded walk over what the session read, the home's settings, the working tree.

The walk has a budget of time and of bytes; what it could not look at is said, never taken for "nowhere".
"""

from __future__ import annotations

import os.path
import time
from collections import deque

from gatesh._value import Value
from gatesh.secrets.kept import HOME_FILES
from gatesh.secrets.recognise import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gatesh.facts import World
    from gatesh.secrets.recognise import Found

_TIME_S = 0.03  # of the processor
_LATE_S = 0.5  # on the clock, where the machine is busy or the disk is slow
_MOST_BYTES = 32_000_000
_LONGEST = 512_000  # of one file
_MOST_NAMES = 5_000  # in one folder
_MOST_PLACES = 32  # of one secret
_AROUND = 200  # bytes before a secret in its row
_LEAST = 6  # characters of a value that is looked for
# Made by programs, or git's own: looked at last.
_LATER = frozenset(
    """
    .git node_modules .venv venv __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache target dist build
    .next .nuxt .cache vendor .terraform .gradle .idea coverage .svelte-kit bower_components
    """.split()
)
_LIKELY = (".env", "secret", "credential", "token", "config", ".tfvars", ".npmrc", ".pypirc")


class Place(Value):
    """A row of a file that holds a secret."""

    path: str
    line: int
    name: str = ""  # of the variable or key that holds it there
    before: str = ""  # what stands before it in its row


class Trace(Value):
    """In which files secrets stand, and whether everything was looked at."""

    places: tuple[tuple[Place, ...], ...]  # in the order of the secrets
    complete: bool


def trace(
    secrets: Sequence[Found],
    cwd: str,
    homes: Iterable[str],
    world: World,
    first: Iterable[str] = (),
) -> Trace:
    """Return where the secrets stand; `first` are the files that were read before."""
    wanted = [_spellings(one) for one in secrets]
    places: list[list[Place]] = [[] for _ in secrets]
    until, late, left = time.thread_time() + _TIME_S, time.monotonic() + _LATE_S, _MOST_BYTES
    seen: set[str] = set()
    for path in _candidates(cwd, homes, world, first):
        if time.thread_time() > until or time.monotonic() > late or left <= 0:
            return Trace(_oldest_first(places, world), complete=False)
        if not path or path in seen:
            continue
        seen.add(path)
        content = world.files.read(path, _LONGEST)
        if content is None:
            continue
        left -= len(content)
        for number, spellings in enumerate(wanted):
            at = min((i for s in spellings if (i := content.find(s)) >= 0), default=-1)
            if at >= 0 and len(places[number]) < _MOST_PLACES:
                places[number].append(_place(path, content, at))
    return Trace(_oldest_first(places, world), complete=True)


def _oldest_first(places: list[list[Place]], world: World) -> tuple[tuple[Place, ...], ...]:
    """Return places by when their file last changed: a copy that was made to mislead is younger."""

    def changed(place: Place) -> int:
        stamp = world.files.stamp(place.path)
        return int(stamp.rpartition(":")[2]) if stamp else 0

    return tuple(tuple(sorted(found, key=changed)) for found in places)


def _place(path: str, content: bytes, at: int) -> Place:
    row = content[max(content.rfind(b"\n", 0, at) + 1, at - _AROUND) : at].decode(
        "utf-8", "replace"
    )
    named = NAME.search(row)
    line = content.count(b"\n", 0, at) + 1
    return Place(path, line, named[1] if named else "", row)


def _spellings(one: Found) -> list[bytes]:
    """Return how a file may spell a secret: as it is, in a URL or JSON, in base64."""
    if not one.strong or len(one.value) < _LEAST:
        return []
    from base64 import b64encode

    from gatesh.redact.find import spellings

    raw = one.value.encode("utf-8", "surrogateescape")
    coded = b64encode(raw).rstrip(b"=")[: len(raw) * 4 // 3]
    found = [spelled.encode("utf-8", "surrogateescape") for spelled in spellings(one.value)]
    found += [one.spelled.encode("utf-8", "surrogateescape")] if one.spelled else []
    return [*dict.fromkeys([*found, coded])]


def _candidates(
    cwd: str, homes: Iterable[str], world: World, first: Iterable[str]
) -> Iterator[str]:
    """Yield files in the order in which they are worth a look; "" between folders."""
    yield from first
    for home in homes:
        yield from (f"{home}/{name}" for name in HOME_FILES)
    top = world.probe.repository(cwd) or cwd
    folder = cwd
    while folder.startswith(
        top.rstrip("/") + "/"
    ):  # what lies on the way up is nearer than the rest
        yield from _files(folder, world, [])
        folder = os.path.dirname(folder)
    waiting, later = deque([top]), deque[str]()
    while waiting or later:
        here = waiting.popleft() if waiting else later.popleft()
        folders: list[str] = []
        yield from _files(here, world, folders)
        yield ""
        for one in folders:
            (later if one.rpartition("/")[2] in _LATER else waiting).append(one)


def _files(folder: str, world: World, folders: list[str]) -> Iterator[str]:
    """Yield the files of a folder, those first whose names promise secrets; its folders go into `folders`."""
    names = world.files.names(folder, _MOST_NAMES) or []
    for name in sorted(names, key=lambda name: not any(part in name.lower() for part in _LIKELY)):
        path = f"{folder.rstrip('/')}/{name}"
        kind = world.files.kind(path)
        if kind == "file":
            yield path
        elif kind == "directory":
            folders.append(path)
