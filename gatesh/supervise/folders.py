"""What counts in the folders that a session works in, not looked up again for every exec."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.facts import World
    from gatesh.rules.match import RuleSet
    from gatesh.scope.manifest import Scope

_LOOK_AGAIN_S = 0.1  # how long a folder's own rules and scope are taken for what they were
_MOST = 1000  # folders of which that is known


class Folders:
    """The rules, the world and the scope of each folder, as they were a moment ago."""

    def __init__(
        self,
        rules_of: Callable[[str], tuple[RuleSet, World]],
        scope_of: Callable[[str], Scope | None],
        scoped: Callable[[World, Scope | None], World],
    ) -> None:
        """Keep who looks them up; `scoped` puts a world and a scope together."""
        self._rules_of, self._scope_of, self._scoped = rules_of, scope_of, scoped
        self._known: dict[tuple[object, ...], tuple[float, tuple[RuleSet, World]]] = {}
        self._goes_by: tuple[object, ...] = ()

    def of(self, folder: str) -> tuple[RuleSet, World]:
        """Return what counts in a folder: of a project that the session begins to work in, too.

        Raises GateshError, as the files are read.
        """
        now, key = time.monotonic(), (folder, *_identity(folder))  # another may take the name
        since, found = self._known.get(key, (0.0, None))
        if found is None or now - since > _LOOK_AGAIN_S:
            rules, world = self._rules_of(folder)
            scope = self._scope_of(folder)
            # What a session has taken up in one folder holds in all of them from then on.
            goes_by = rules, scope.manifests if scope else ()
            if goes_by != self._goes_by or len(self._known) >= _MOST:
                self._known.clear()
                self._goes_by = goes_by
            found = rules, self._scoped(world, scope)
            self._known[key] = now, found
        return found


def _identity(folder: str) -> tuple[int, ...]:
    try:
        found = os.stat(folder)
    except OSError:  # in another root, or gone
        return ()
    return found.st_dev, found.st_ino
