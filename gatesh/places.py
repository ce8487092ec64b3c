"""Where gatesh keeps its things, and what an environment may not move.

The XDG defaults below the user's home in the password database: the environment's HOME is the agent's to
set. `GATESH_HOME=DIR` puts everything into one folder (tests, several instances); doors.client decides
whether a caller may use it.
"""

from __future__ import annotations

import os
import pwd

from gatesh._value import Value
from gatesh.errors import ConfigError

RUN_VARIABLE = b"GATESH_RUN"  # below `gatesh run`: the supervisor's pid


class Places(Value):
    """The folders, absolute; `user_home` is the password database's."""

    user_home: str
    config: str  # config.toml, patterns/*.toml: a person writes these
    state: str  # audit.db, hmac.key, compiled rules
    runtime: str  # keeper.sock, keeper.lock: 0700, on a local file system

    @property
    def audit_db(self) -> str:
        """Return the audit log's file."""
        return f"{self.state}/audit.db"

    @property
    def keeper_socket(self) -> str:
        """Return the socket that a keeper listens on."""
        return f"{self.runtime}/keeper.sock"

    @property
    def shells(self) -> str:
        """Return the folder of links that are called like a shell and lead to gatesh."""
        return f"{self.state}/shells"

    def of_run(self, pid: int) -> Places:
        """Return the same places for the keeper inside `gatesh run`, whose supervisor is `pid`."""
        return self.but(runtime=f"{self.runtime}/run-{pid}")

    @property
    def user_patterns(self) -> str:
        """Return the folder of the user's own pattern files."""
        return f"{self.config}/patterns"


def default_places() -> Places:
    """Return the places that nothing in the environment can move."""
    uid = os.getuid()
    try:
        home = pwd.getpwuid(uid).pw_dir
    except KeyError:
        home = "/"
    runtime = f"/run/user/{uid}/gatesh"
    if not os.path.isdir(f"/run/user/{uid}"):
        runtime = f"/tmp/gatesh-{uid}"  # noqa: S108  owner and mode are checked by `private`
    return Places(home, f"{home}/.config/gatesh", f"{home}/.local/state/gatesh", runtime)


def pinned_places() -> Places | None:
    """Return the places that /etc/gatesh/home pins for everybody (one line; `{uid}` is filled in)."""
    try:
        with open("/etc/gatesh/home", encoding="utf-8") as file:
            folder = file.readline().strip()
    except FileNotFoundError:
        return None
    return places_below(folder.replace("{uid}", str(os.getuid())))


def places_below(folder: str) -> Places:
    """Return the places of `GATESH_HOME=folder`."""
    folder = os.path.abspath(folder)
    return Places(default_places().user_home, folder, folder, folder)


def private(folder: str) -> str:
    """Make `folder` (mode 0700) if it is missing and return it; raises ConfigError if others may write."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if found.st_uid != os.getuid() or found.st_mode & 0o022 or not os.path.isdir(folder):
        raise ConfigError(
            f"{folder} can be written by others than you",
            f"chmod 700 {folder}, or remove it if it is not yours",
        )
    return folder


def shipped(name: str) -> str:
    """Return the folder `patterns` or `completions`: inside the package, or beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, name)
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), name)
