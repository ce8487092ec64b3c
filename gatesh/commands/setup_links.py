"""Links called bash, sh and zsh that lead to gatesh, for agents that find their shell when they start.

They stand in a folder of gatesh's own, which rules guard.
"""

from __future__ import annotations

import os
from contextlib import suppress

from gatesh.errors import ConfigError
from gatesh.places import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def wanted() -> tuple[str, ...]:
    """Return the names of the shells that gatesh can be here."""
    zsh = any(os.path.exists(path) for path in ("/bin/zsh", "/usr/bin/zsh"))
    return ("bash", "sh", "zsh") if zsh else ("bash", "sh")


def missing(folder: str, gatesh: str) -> list[str]:
    """Return the names that do not lead to this gatesh yet."""
    return [name for name in wanted() if _leads_to(os.path.join(folder, name)) != gatesh]


def present(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the links that are there, and where they lead."""
    for name in ("bash", "sh", "zsh"):
        path = os.path.join(folder, name)
        leads = _leads_to(path)
        if leads is not None:
            yield path, leads


def make(folder: str, gatesh: str) -> None:
    """Make the links, or have them lead to this gatesh; raises ConfigError."""
    try:
        private(os.path.dirname(folder))
        private(folder)
        for name in missing(folder, gatesh):
            path = os.path.join(folder, name)
            draft = f"{path}.{os.getpid()}"
            os.symlink(gatesh, draft)
            os.replace(draft, path)
    except OSError as error:
        raise ConfigError(
            f"cannot make links in {folder}: {error.strerror}", "it must be a folder of yours"
        ) from error


def remove(folder: str) -> None:
    """Take the links away, and the folder where nothing else is in it; raises ConfigError."""
    try:
        for path, _ in present(folder):
            os.unlink(path)
    except OSError as error:
        raise ConfigError(
            f"cannot take the links out of {folder}: {error.strerror}", "do it by hand"
        ) from error
    with suppress(OSError):  # somebody else's things are in it
        os.rmdir(folder)


def _leads_to(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
