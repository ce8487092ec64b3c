"""The scopes of a keeper's sessions: pinned when a session first works in a folder, and never changed.

A scope.toml that an agent changes, or takes away, has no effect on its session; the change is recorded. One
that appears later counts: it can only tighten.
"""

from __future__ import annotations

import os
import threading
from functools import partial

from gatesh.scope.files import manifest
from gatesh.scope.manifest import Manifest, Scope
from gatesh.wiring import scope_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.approval.attach import Approvers
    from gatesh.places import Places

CHANGED, PINNED = "scope-changed", "scope"


class Scopes:
    """What each session is held to; `given` is for all of them, as `gatesh run --scope` has it."""

    def __init__(
        self,
        places: Places,
        approvers: Approvers,
        given: tuple[Manifest, ...] = (),
        record: Callable[..., None] | None = None,
    ) -> None:
        """Keep where scopes are found, and who is told and lifts.

        `record` writes down what a session is held to.
        """
        self._places, self._approvers, self._given = places, approvers, given
        self._record = record
        self._lock = threading.Lock()
        self._pinned: dict[str, dict[str, Manifest]] = {}  # by session, then by path
        self._stamps: dict[tuple[str, str], object] = {}

    def of(self, session: str, folders: tuple[str, ...]) -> Scope | None:
        """Return the scope of a session that now works in these folders; raises ConfigError."""
        found = {path: None for cwd in folders for path in scope_files(self._places, cwd)}
        with self._lock:
            pinned = self._pinned.get(session, {})
            if not (found or pinned or self._given):
                return None
            for path in found:
                if path not in pinned:
                    stamp = _stamp(path)
                    pinned = {**pinned, path: manifest(self._places, path)}
                    self._stamps[session, path] = stamp
            fresh = [*pinned.values()][len(self._pinned.get(session, ())) :]
            if session not in self._pinned:
                fresh = [*self._given, *fresh]
            self._pinned[session] = pinned
            changed = [path for path in pinned if self._is_new(session, path)]
        for one in fresh:
            text = f"the session is held to {one.file}, sha256 {one.digest}"
            if self._record:
                self._record(PINNED, text, session=session)
        for path in changed:
            text = f"{path} has changed: this session goes by what it said before"
            self._approvers.alert(CHANGED, text)
        elevations = partial(self._approvers.elevations.of, session)
        return Scope((*self._given, *pinned.values()), elevations)

    def said(self, session: str) -> str:
        """Return what a session is held to, as far as is known; empty where it is held to nothing."""
        with self._lock:
            pinned = self._pinned.get(session, {})
        manifests = (*self._given, *pinned.values())
        return Scope(manifests).said if manifests else ""

    def _is_new(self, session: str, path: str) -> bool:
        stamp, key = _stamp(path), (session, path)
        before, self._stamps[key] = self._stamps[key], stamp
        return before != stamp


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
