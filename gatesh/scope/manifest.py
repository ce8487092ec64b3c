"""The scope manifest: what a session may read, what it may modify, and what is off-limits. Pure.

The format is docs/scope.md's. Several manifests may be in force, the user's, that of `gatesh run --scope` and
those of projects: each is judged alone and the strictest word counts, so that none loosens another.
"""

from __future__ import annotations

import os
import re

from gatesh._value import Value
from gatesh.errors import ConfigError
from gatesh.printable import printable
from gatesh.scope.labels import host_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gatesh.facts import World
    from gatesh.model import CommandLine, Elevation, Fact, Inspection, Target

    TargetOf = Callable[[int, Fact], Target]

FILE = "scope.toml"
ASK, PROPOSE, NEVER = "ask", "propose", "never"
EFFECTS = {
    ASK: "a person is asked",
    PROPOSE: "nothing runs, and the agent gets the text to hand to its human",
    NEVER: "nothing runs, and nobody is asked",
}
# table → what it may list, and what that means
TABLES = {
    "hosts": {
        "read": "names of hosts; where it is there, all others are outside",
        "modify": "hosts that may be modified; where it is there, all others are outside",
        "off-limits": "hosts that are outside, whatever is done there",
    },
    "paths": {
        "read": "paths; where it is there, all others below the home are outside",
        "modify": "paths that may be modified; where it is there, all others are outside",
        "off-limits": "files and folders that are neither read nor modified",
    },
    "programs": {
        "read": "programs that may read what is elsewhere, and not modify it",
        "off-limits": "programs that are not started",
    },
    "credentials": {"off-limits": "variables and files with secrets that are not to be used"},
}
KEYS = {
    "environment": "the label of what the session works on, or a list of labels",
    "read-only": "true: what would modify a remote target is outside",
    "outside": "what becomes of what is outside: ask, propose or never",
}
CLASSES_TABLE = "classes"
_LABEL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST = 500  # names in one list
_SAID = {PROPOSE: "what is outside is only proposed", NEVER: "what is outside is refused"}


class Listed(Value):
    """One table: its lists of globs; None where a list is not there."""

    read: tuple[str, ...] | None = None
    modify: tuple[str, ...] | None = None
    off_limits: tuple[str, ...] = ()


class Manifest(Value):
    """What one scope.toml says; paths are absolute, and `where` has the line of each key."""

    file: str
    digest: str
    environment: tuple[str, ...] = ()
    read_only: bool = False
    outside: str = ASK
    hosts: Listed = Listed()
    paths: Listed = Listed()
    programs: Listed = Listed()
    credentials: Listed = Listed()
    classes: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, str, int], ...] = ()

    @property
    def closed(self) -> tuple[str, ...]:
        """Return the globs of files that are off-limits, secrets among them."""
        secrets = (glob for glob in self.credentials.off_limits if "/" in glob)
        return (*self.paths.off_limits, *secrets)

    def at(self, table: str, key: str) -> str:
        """Return where a key stands, for a person: `scope.toml:7`."""
        lines = {(t, k): line for t, k, line in self.where}
        name = self.file.rpartition("/")[2]
        line = lines.get((table, key), 0)
        return f"{name}:{line}" if line else name


class Scope(Value):
    """The manifests in force for a session."""

    manifests: tuple[Manifest, ...]
    elevations: Callable[[], tuple[Elevation, ...]] = tuple  # in force whenever a line is judged
    shut: tuple[str, ...] = ()  # paths that its session could not open if it were let

    @property
    def said(self) -> str:
        """Return what the session is held to, for its first line."""
        names = ", ".join(one.file.rpartition("/")[2] for one in self.manifests)
        found = []
        for one in self.manifests:
            found += [f"works on {' or '.join(one.environment)}"] if one.environment else []
            found += ["only reads what is elsewhere"] if one.read_only else []
            found += [_SAID[one.outside]] if one.outside in _SAID else []
        return printable(f"scope {names}: {', '.join(dict.fromkeys(found)) or 'in force'}")

    def judge(
        self, seen: Inspection, line: CommandLine, world: World, target_of: TargetOf
    ) -> Inspection:
        """Return what was seen with the matches that what is outside adds."""
        from gatesh.scope.judge import judge

        return judge(self, seen, line, world, target_of)

    @property
    def environments(self) -> list[str]:
        """Return the labels of what it works on."""
        return [label for one in self.manifests for label in one.environment]

    @property
    def can_be_lifted(self) -> bool:
        """Claim that there is a limit which an elevation lifts."""
        return any(one.environment or one.read_only or one.classes for one in self.manifests)

    @property
    def digest(self) -> str:
        """Return what changes whenever one of them does."""
        return " ".join(found.digest[:16] for found in self.manifests)


READ_ONLY = Manifest("--read-only", "read-only", read_only=True)


def parse(text: str, path: str, *, base: str, home: str, classes: frozenset[str]) -> Manifest:
    """Return what a scope.toml says; raises ConfigError with the line of the first mistake.

    Relative paths are below `base`; `classes` are those that pattern files may name.
    """
    import tomllib

    from gatesh.key import sha256
    from gatesh.rules.positions import lines_of, mistake_of

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, what = mistake_of(error, text)
        raise ConfigError(f"{path}:{line}: {what}", "see docs/scope.md") from None
    except RecursionError:
        raise ConfigError(f"{path}: lists stand in one another too deeply") from None
    reader = _Reader(path, tables, lines_of(text), base, home)
    reader.known("", tables, {*KEYS, *TABLES, CLASSES_TABLE})
    found = {name: reader.listed(name) for name in TABLES}
    return Manifest(
        path,
        sha256(text.encode()).hexdigest(),
        reader.environment(),
        reader.read_only(),
        reader.effect("", "outside", tables.get("outside", ASK)),
        found["hosts"],
        found["paths"],
        found["programs"],
        found["credentials"],
        reader.effects(classes),
        tuple((table, key, line) for (table, key), line in reader.where.items()),
    )


class _Reader:
    """One file on its way from tables to Manifest; strict about every key."""

    def __init__(
        self,
        path: str,
        tables: dict[str, Any],
        where: dict[tuple[str, str], int],
        base: str,
        home: str,
    ) -> None:
        self._path, self._tables, self.where = path, tables, where
        self._base, self._home = base, home

    def fail(self, table: str, key: str, what: str, hint: str) -> ConfigError:
        line = self.where.get((table, key)) or self.where.get((key, "")) or 1
        return ConfigError(f"{self._path}:{line}: {what}", hint)

    def known(self, table: str, given: dict[str, Any], keys: set[str] | frozenset[str]) -> None:
        """Refuse a key that nobody knows: a misspelled limit would be none."""
        from gatesh.rules.notation import near

        for key in given:
            if key not in keys:
                hint = near(key, keys, f"what may stand there: {', '.join(sorted(keys))}")
                raise self.fail(table, key, f"unknown key {key}", hint)

    def environment(self) -> tuple[str, ...]:
        given = self._tables.get("environment", [])
        labels = given if isinstance(given, list) else [given]
        if not all(isinstance(label, str) and _LABEL.fullmatch(label) for label in labels):
            hint = 'environment = "staging"'
            raise self.fail("", "environment", "environment is no label", hint)
        return tuple(labels)

    def read_only(self) -> bool:
        given = self._tables.get("read-only", False)
        if not isinstance(given, bool):
            raise self.fail("", "read-only", "read-only is true or false", "read-only = true")
        return given

    def listed(self, name: str) -> Listed:
        table = self._table(name, {*TABLES[name]})
        lists = {key: self._globs(name, key, given) for key, given in table.items()}
        return Listed(lists.get("read"), lists.get("modify"), lists.get("off-limits", ()))

    def effects(self, classes: frozenset[str]) -> tuple[tuple[str, str], ...]:
        table = self._table(CLASSES_TABLE, classes)
        return tuple((key, self.effect(CLASSES_TABLE, key, given)) for key, given in table.items())

    def effect(self, table: str, key: str, given: object) -> str:
        if not isinstance(given, str) or given not in EFFECTS:
            what = f"{key} is none of {', '.join(EFFECTS)}"
            raise self.fail(table, key, what, f'{key} = "{PROPOSE}"')
        return given

    def _table(self, name: str, keys: set[str] | frozenset[str]) -> dict[str, Any]:
        table = self._tables.get(name, {})
        if not isinstance(table, dict):
            raise self.fail("", name, f"{name} is no table", f"[{name}]")
        self.known(name, table, keys)
        return table

    def _globs(self, table: str, key: str, given: object) -> tuple[str, ...]:
        if (
            not isinstance(given, list)
            or len(given) > _MOST
            or not all(isinstance(glob, str) and glob.strip() for glob in given)
        ):
            raise self.fail(table, key, f"{key} is no list of names", f'{key} = ["…"]')
        for glob in given:
            bare = host_alone(glob) if table == "hosts" else os.path.basename(glob)
            if table in ("hosts", "programs") and bare != glob:
                raise self.fail(table, key, f"{glob} would fit no {table[:-1]}", f"name it: {bare}")
        if table == "paths":
            return tuple(self._path_of(glob) for glob in given)
        if table == "credentials":
            return tuple(self._path_of(glob) if "/" in glob else glob for glob in given)
        return tuple(glob.lower() if table == "hosts" else glob for glob in given)

    def _path_of(self, glob: str) -> str:
        """Return a glob of paths as an absolute one; a bare name like *.pem counts in every folder."""
        if glob == "~" or glob.startswith("~/"):
            glob = self._home + glob[1:]
        if "/" not in glob:
            exact = f"{self._base}/{glob}"
            return exact if not re.search(r"[*?\[]", glob) else f"*/{glob}"
        return os.path.normpath(os.path.join(self._base, glob))
