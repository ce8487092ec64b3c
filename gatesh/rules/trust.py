"""Which pattern files of projects a person trusts: path and content, as `sha256sum` writes them.

Trust lets a project's own sentences be shown, and what it loosens be put before a person at the keeper; it
confirms nothing. It is for the content that was seen: a changed file may only tighten again.
"""

from __future__ import annotations

import hashlib
import os

from gatesh.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatesh.places import Places


def digest(text: str) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(text.encode()).hexdigest()


def trusted(places: Places) -> dict[str, str]:
    """Return the trusted files with their digests; raises ConfigError where others can write the list."""
    try:
        with open(_path(places), encoding="utf-8") as file:
            found = os.fstat(file.fileno())
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    if found.st_mode & 0o022 or found.st_uid not in (0, os.getuid()):
        raise ConfigError(
            f"{_path(places)} can be written by others than you", f"chmod go-w {_path(places)}"
        )
    pairs = (line.partition("  ") for line in lines)
    return {path: kept for kept, blank, path in pairs if blank}


def trust(places: Places, files: Mapping[str, str]) -> None:
    """Trust these files, path → content, and forget what was trusted of the same paths."""
    kept = trusted(places) | {path: digest(text) for path, text in files.items()}
    _write(places, kept)


def distrust(places: Places, folder: str) -> None:
    """Forget every file in a folder."""
    kept = {p: d for p, d in trusted(places).items() if os.path.dirname(p) != folder}
    _write(places, kept)


def _write(places: Places, kept: Mapping[str, str]) -> None:
    os.makedirs(places.config, mode=0o700, exist_ok=True)
    temporary = f"{_path(places)}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.writelines(f"{found}  {path}\n" for path, found in sorted(kept.items()))
    os.replace(temporary, _path(places))


def _path(places: Places) -> str:
    return f"{places.config}/trusted"
