"""Reads what a person wrote about targets. A keeper reads it once for each session; a door each time.

A file that cannot be used makes nothing less strict: until it is mended, only a guess of production counts.
"""

from __future__ import annotations

from functools import lru_cache

from gatesh.errors import ConfigError
from gatesh.scope.labels import FILE, Labels, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places

_LONGEST = 1_000_000


def read_labels(places: Places, *, loosens: bool) -> Labels:
    """Return what environments.toml lists; raises ConfigError. Without `loosens` only what tightens counts."""
    path = f"{places.config}/{FILE}"
    try:
        with open(path, "rb") as file:
            text = file.read(_LONGEST + 1).decode()
    except FileNotFoundError:
        return Labels(loosens=loosens)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "its labels do not count") from error
    if len(text) > _LONGEST:
        raise ConfigError(
            f"{path} is longer than {_LONGEST} characters", "use globs: *.example.com"
        )
    return parse(text, path, loosens=loosens)


@lru_cache(maxsize=4)
def unpinned(places: Places) -> Labels:
    """Return the labels for a door without a keeper: only what tightens counts."""
    try:
        return read_labels(places, loosens=False)
    except ConfigError:  # `gatesh check` says it
        return Labels(broken=True)
