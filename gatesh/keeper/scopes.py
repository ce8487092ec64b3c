"""The scopes of a keeper's sessions: pinned when a session first works in a folder, and never changed.

A scope.toml that an agent changes, or takes away, has no effect on its session; the change is recorded. One
that appears later counts: it can only tighten. While a session lives, one that begins in the same project is
held to what that goes by, too: it may be an orphan of the one that changed the file.
"""

from __future__ import annotations

import os
import threading
from functools import partial

from gatesh.scope.files import PROJECT, manifest
from gatesh.scope.manifest import Manifest, Scope
from gatesh.wiring import scope_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container

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
        living: Callable[[], Container[str]] = tuple,
    ) -> None:
        """Keep where scopes are found, and who is told and lifts.

        `record` writes down what a session is held to; `living` are the sessions that have not ended.
        """
        self._places, self._approvers, self._given = places, approvers, given
        self._record, self._living = record, living
        self._lock = threading.Lock()
        self._pinned: dict[str, dict[str, Manifest]] = {}  # by session, then by path
        self._stamps: dict[tuple[str, str], object] = {}

    def of(self, session: str, folders: tuple[str, ...]) -> Scope | None:
        """Return the scope of a session that now works in these folders; raises ConfigError."""
        found = {path: None for cwd in folders for path in scope_files(self._places, cwd)}
        with self._lock:
            pinned = self._pinned.get(session, {})
            if not (found or self._pinned or self._given):
                return None
            for path in found:
                if path not in pinned:
                    stamp = _stamp(path)
                    pinned = {**pinned, path: manifest(self._places, path)}
                    self._stamps[session, path] = stamp
            pinned = {**pinned, **self._of_others(session, pinned, folders)}
            if not (pinned or self._given):
                return None
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

    def _of_others(
        self, session: str, pinned: dict[str, Manifest], folders: tuple[str, ...]
    ) -> dict[str, Manifest]:
        """Return what other living sessions go by in these folders, and what this one has read does not say."""
        own = {(one.file, one.digest) for one in pinned.values()}
        found: dict[str, Manifest] = {}
        for other, manifests in self._pinned.items():
            for one in manifests.values() if other != session else ():
                if (one.file, one.digest) in own or not _is_about(one.file, folders):
                    continue
                if other in self._living():
                    key = f"{one.file}@{one.digest}"  # no path: nothing changes there
                    found[key], self._stamps[session, key] = one, None
        return found

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


def _is_about(file: str, folders: tuple[str, ...]) -> bool:
    """Claim that a file is the user's own, or that of a project which one of the folders is in."""
    if not file.endswith(f"/{PROJECT}"):
        return True
    project = file.removesuffix(PROJECT)
    return any(f"{os.path.realpath(cwd)}/".startswith(project) for cwd in folders)


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
