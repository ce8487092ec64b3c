"""The labels a keeper goes by: environments.toml as it stood when the keeper began.

Of a later change only what makes a target stricter counts, until a person confirms all of it: the file may
have been changed by an agent.
"""

from __future__ import annotations

import os

from gatesh.errors import ConfigError
from gatesh.scope.labels import FILE, Labels, stricter
from gatesh.scope.load import read_labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.approval.attach import Approvers
    from gatesh.model import Target
    from gatesh.places import Places


class PinnedLabels:
    """The labels in force, and what the file says since."""

    def __init__(self, places: Places, approvers: Approvers) -> None:
        """Read them; a file that cannot be used is told to the person, and makes nothing less strict."""
        self._places, self._approvers = places, approvers
        self._stamp = self._look()
        self._pinned = self._fresh = self._read()
        self._asked = ""

    def label(self, *targets: Target) -> tuple[str, str]:
        """Return the strictest label of targets and where it comes from; empty where nobody knows."""
        pinned, fresh = self._pinned, self._fresh
        if fresh is pinned:
            return pinned.label(*targets)
        return stricter(pinned.label(*targets), fresh.label(*targets))

    def lists(self, label: str) -> bool:
        """Claim that a person has listed what a label stands for."""
        return self._pinned.lists(label) or self._fresh.lists(label)

    def doubts(self, wanted: Iterable[str]) -> list[str]:
        """Return what a person should know: that the file has a mistake, else which labels nothing has."""
        if self._mistake:
            return [self._mistake]
        return list(filter(None, map(self._fresh.doubt, wanted)))

    @property
    def digest(self) -> str:
        """Return what changes whenever a label may: with what the file says since, too."""
        return f"{self._pinned.digest} {self._fresh.digest}"

    def look_again(self) -> None:
        """Ask about the file if it has changed."""
        before, self._stamp = self._stamp, self._look()
        if before == self._stamp:
            return
        self._fresh = fresh = self._read()
        if self._asked:
            self._approvers.shut(self._asked, f"{FILE} has changed again")
            self._asked = ""
        changes = [f"{FILE}: {one}" for one in fresh.changes_since(self._pinned)]
        if not changes:
            self._pinned = fresh
            return
        self._asked = self._approvers.loosening(changes, lambda who: self._confirm(fresh, who))

    def _confirm(self, shown: Labels, who: str) -> None:
        self._asked = ""
        if shown is not self._fresh:
            return  # it has changed since it was shown
        self._pinned = shown
        self._approvers.note(f"{FILE} counts as it stands: confirmed by {who}")

    def _read(self) -> Labels:
        try:
            self._mistake = ""
            return read_labels(self._places, loosens=True)
        except ConfigError as error:
            self._mistake = f"no label but production counts: {error.message}"
            self._approvers.note(self._mistake, "alert")
            return Labels(broken=True, digest="broken")

    def _look(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(f"{self._places.config}/{FILE}")
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
