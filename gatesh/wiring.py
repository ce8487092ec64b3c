"""Builds a gate from the places: the only module that knows every adapter."""

from __future__ import annotations

import os
import time

from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.places import Places
from gatesh.rules.match import RuleSet
from gatesh.run.shfmt import Shfmt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.audit.store import SqliteLog
    from gatesh.facts import Labels, Scope
    from gatesh.model import Target
    from gatesh.secrets.origin import Past


def open_log(places: Places, *, thorough: bool = False) -> SqliteLog:
    """Open the audit log; raises AuditError. `thorough` looks again at the file system it is on."""
    from gatesh.audit.store import SqliteLog

    return SqliteLog(places.audit_db, thorough=thorough)


def load_rules(places: Places, cwd: str = "") -> RuleSet:
    """Load the shipped, the user's and, for a folder, its project's pattern files; raises PatternFileError.

    What loosens is not active: that takes a person at a keeper.
    """
    from gatesh.rules.load import load, projects_of

    return load(places, projects=projects_of(cwd) if cwd else ())


def world_of(
    places: Places,
    rules: RuleSet,
    labels: Labels | None = None,
    scope: Scope | None = None,
) -> World:
    """Return the real machine, as far as facts may look at it."""
    from gatesh.run.look import GitProbe, OsFiles

    return World(
        OsFiles(),
        GitProbe(),
        places.user_home,
        rules.grammars,
        labels=labels or _Unpinned(places),
        scope=scope,
    )


def scope_of(places: Places, cwd: str) -> Scope | None:
    """Return the scope for lines that run in a folder; raises ConfigError. Mostly there is none."""
    found = scope_files(places, cwd)
    if not found:
        return None
    from gatesh.scope.files import read

    return read(places, found)


def scope_files(places: Places, cwd: str) -> list[str]:
    """Return the user's scope.toml and those of projects at or above a folder, as far as they are there.

    One counts that is ours, root's or of the owner of its project: a stranger's in /tmp does not.
    """
    folder = os.path.realpath(cwd)
    found: list[str] = []
    while True:
        path = os.path.join(folder, ".gatesh/scope.toml")
        try:
            if os.stat(path).st_uid in (0, os.getuid(), os.stat(folder).st_uid):
                found.insert(0, path)
        except OSError:
            pass
        if folder == (folder := os.path.dirname(folder)):
            break
    own = f"{places.config}/scope.toml"
    return [own, *found] if os.path.lexists(own) else found


class _Unpinned:
    """The labels as they stand in the file, read where one is needed; only what tightens counts."""

    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def digest(self) -> str:
        from gatesh.scope.load import unpinned

        return unpinned(self._places).digest

    def label(self, *targets: Target) -> tuple[str, str]:
        from gatesh.scope.load import unpinned

        return unpinned(self._places).label(*targets)

    def lists(self, label: str) -> bool:
        from gatesh.scope.load import unpinned

        return unpinned(self._places).lists(label)


def gate_at(places: Places, cwd: str = "") -> tuple[Gate, World]:
    """Return a gate for a door that works alone, with its own log."""
    rules = load_rules(places, cwd)
    gate = Gate(rules, open_log(places), time.time_ns, second=Shfmt())
    return gate, world_of(places, rules, scope=scope_of(places, cwd) if cwd else None)


def gate_for_check(places: Places, cwd: str = "") -> tuple[Gate, World]:
    """Return a gate that can only consider: it has no log, and nothing will run."""
    rules = load_rules(places, cwd)
    gate = Gate(rules, _NoLog(), time.time_ns, second=Shfmt())
    return gate, world_of(places, rules, scope=scope_of(places, cwd) if cwd else None)


class _NoLog:
    """A log for what never runs; every use is a defect."""

    def begin(self, *_: object) -> int:
        raise AssertionError("`gatesh check` must not record")

    def answer(self, *_: object) -> None:
        raise AssertionError("`gatesh check` must not record")

    def end(self, *_: object) -> None:
        raise AssertionError("`gatesh check` must not record")

    def mac(self, _data: bytes) -> str:
        raise AssertionError("`gatesh check` must not record")

    def past(self, _session: str) -> Past:
        raise AssertionError("`gatesh check` must not record")
