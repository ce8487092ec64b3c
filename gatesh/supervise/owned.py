"""Configuration that must be its user's or root's, for a namespace in which root is nobody: ssh's.

ssh refuses to start where a file that its configuration includes belongs to anybody else. So a copy of each
lies over it there.
"""

from __future__ import annotations

import glob
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = "/etc/ssh/ssh_config"
_INCLUDE = re.compile(r"^\s*Include[\s=]+(.+)$", re.IGNORECASE | re.MULTILINE)
_MOST, _LARGEST = 50, 200_000


def copies(folder: str) -> list[tuple[str, str]]:
    """Copy what ssh's configuration includes into a folder; return each copy, and what it is of."""
    made: list[tuple[str, str]] = []
    for path in _included():
        copy = f"{folder}/{len(made)}.conf"
        with open(path, "rb") as file, open(copy, "xb") as fresh:
            fresh.write(file.read(_LARGEST))
        made.append((copy, path))
    return made


def _included() -> Iterator[str]:
    seen: set[str] = set()
    left = [_FIRST]
    while left and len(seen) < _MOST:
        path = os.path.realpath(left.pop())
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(_LARGEST)
            found = os.stat(path)
        except OSError:
            continue
        if path != _FIRST and path not in seen and not found.st_uid and found.st_size < _LARGEST:
            yield path
        seen.add(path)
        for line in _INCLUDE.findall(text):
            for name in line.split():
                plain = os.path.join(os.path.dirname(_FIRST), name.strip('"'))
                left += [one for one in glob.glob(plain) if os.path.realpath(one) not in seen]
