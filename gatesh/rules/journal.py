"""What `gatesh patterns` wrote into the user's pattern files, so that it can be taken back.

One JSON file in the state folder. A change is taken back only where the file still is what was written.
"""

from __future__ import annotations

import json
import os
import time

from gatesh._value import Value
from gatesh.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places

_MOST = 50  # changes that can be taken back


class Written(Value):
    """One change of one file."""

    file: str
    before: str | None  # None: the file was not there
    after: str
    what: str  # in words: "git-push-force: severity = medium"
    time_ns: int = 0


def write(places: Places, file: str, text: str, what: str) -> None:
    """Replace `file` by `text`, whole or not at all, and remember what stood there."""
    entry = Written(file, read(file), text, what, time.time_ns())
    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    _replace(file, text)
    os.makedirs(places.state, mode=0o700, exist_ok=True)
    _save(places, [*_entries(places), entry][-_MOST:])


def undo(places: Places) -> Written:
    """Take the latest change back and return it; raises UsageError where that would lose anything."""
    entries = _entries(places)
    if not entries:
        raise UsageError("there is nothing to undo", "gatesh patterns tune writes what it can undo")
    last = entries[-1]
    if read(last.file) != last.after:
        raise UsageError(
            f"{last.file} was changed after `{last.what}` was written",
            "take it back with an editor",
        )
    if last.before is None:
        os.unlink(last.file)
    else:
        _replace(last.file, last.before)
    _save(places, entries[:-1])
    return last


def latest(places: Places) -> Written | None:
    """Return the change that `undo` would take back."""
    return next(reversed(_entries(places)), None)


def read(file: str) -> str | None:
    """Return the file's text, or None where there is none."""
    try:
        with open(file, encoding="utf-8") as found:
            return found.read()
    except FileNotFoundError:
        return None


def _entries(places: Places) -> list[Written]:
    text = read(_path(places))
    try:
        return [Written(**entry) for entry in json.loads(text or "[]")]
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{_path(places)} is damaged", "remove it; it is only needed for undo"
        ) from error


def _save(places: Places, entries: list[Written]) -> None:
    kept = [{n: getattr(e, n) for n in Written._fields} for e in entries]
    _replace(_path(places), json.dumps(kept, indent=1), mode=0o600)


def _path(places: Places) -> str:
    return f"{places.state}/tuned.json"


def _replace(file: str, text: str, mode: int = 0o644) -> None:
    temporary = f"{os.path.dirname(file)}/.{os.path.basename(file)}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with open(fd, "w", encoding="utf-8") as found:
        found.write(text)
        found.flush()
        os.fsync(found.fileno())
    os.replace(temporary, file)
