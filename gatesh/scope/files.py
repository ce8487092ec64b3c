"""Finds and reads scope.toml: the user's, and those of the projects at or above a folder.

One that cannot be used is an error: a limit that nobody can read is none that may be passed.
"""

from __future__ import annotations

import os
import stat

from gatesh.errors import ConfigError
from gatesh.rules.rule import CLASSES
from gatesh.scope.manifest import FILE, Manifest, Scope, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.places import Places

PROJECT = f".gatesh/{FILE}"
_LARGEST = 256_000  # bytes
_FOREIGN = 0o022


def read(places: Places, paths: Iterable[str]) -> Scope | None:
    """Return the scope that these files make, None where there are none; raises ConfigError."""
    found = tuple(manifest(places, path) for path in paths)
    return Scope(found) if found else None


def manifest(places: Places, path: str) -> Manifest:
    """Return what one file says; raises ConfigError. Its relative paths are below its project's folder."""
    path = os.path.abspath(path)
    base = os.path.dirname(path)
    if path.endswith(f"/{PROJECT}"):
        base = os.path.dirname(base)
    text = _text_of(path, own=base == places.config)
    return parse(text, path, base=base, home=places.user_home, classes=CLASSES)


def _text_of(path: str, *, own: bool) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hold us
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(f"{path} is no file", "remove it")
            if own and (found.st_mode & _FOREIGN or found.st_uid not in (0, os.getuid())):
                raise ConfigError(f"{path} can be written by others than you", f"chmod go-w {path}")
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{path} is larger than {_LARGEST} bytes", "use globs")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
