"""What an elevation lifts of a scope: limits of its class, on its target. Pure.

`never` and what is off-limits are never lifted, nor is what a list of hosts or programs leaves out; rules go
on asking. Of several hosts each has to fit, and a name of which a part cannot be seen fits nothing. Where a
person has listed what a label stands for, a guess from a name lifts nothing.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from gatesh.scope.labels import HOSTS, SHOWN, SOFT, is_guess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import Labels
    from gatesh.model import Elevation, Match, Target

ANY = "*"
_ALIASES = ("aws-profile", "gcp-configuration", "kube-context", "docker-context")
READ, WRITE = "read", "data-write"  # the classes of what no rule speaks of


class Lifting:
    """The elevations in force while one line is judged, and those of them that were needed."""

    def __init__(
        self, elevations: tuple[Elevation, ...], matches: tuple[Match, ...], labels: Labels | None
    ) -> None:
        """Keep them, with what the rules say of the line, and what a person calls targets."""
        self._elevations, self._matches, self._labels = elevations, matches, labels
        self._needed: dict[int, Elevation] = {}

    @property
    def needed(self) -> tuple[Elevation, ...]:
        """Return those that lifted something."""
        return tuple(self._needed.values())

    def lifts(self, command: int, target: Target, *, modifies: bool) -> bool:
        """Claim that a person has lifted what a scope says of a command's target."""
        if not self._elevations:
            return False
        spoken = [match for match in self._matches if match.command in (command, -1)]
        found = {match.klass for match in spoken}
        # What a rule says of one of several targets says nothing of the others.
        if all(match.target.parts not in ((), target.parts) for match in spoken):
            found.add(WRITE if modifies else READ)
        return self.lifts_class(found, target)

    def lifts_class(self, classes: set[str], target: Target) -> bool:
        """Claim that a person has lifted all of these classes on a target."""
        for one in self._elevations:
            fits = all(_fits(klass, one.classes) for klass in classes)
            if fits and (self._is_called(target, one.target) or _is_on(target, one.target)):
                self._needed[one.number] = one
                return True
        return False

    def _is_called(self, target: Target, label: str) -> bool:
        if target.label != label:
            return False
        listed = self._labels is not None and self._labels.lists(label)
        return not (listed and is_guess(target.label_origin))


def _is_on(target: Target, wanted: str) -> bool:
    """Claim that what says where a target is fits a name."""
    if wanted == ANY:
        return True
    if any(SHOWN in text for _, text in target.parts):
        return False
    hosts = [text.lower() for part, text in target.parts if part in HOSTS]
    if hosts:
        return all(fnmatchcase(host, wanted.lower()) for host in hosts)
    sure = [(part, text) for part, text in target.parts if part not in SOFT]
    # An alias says nothing where what it stands for is known: `[profile 123456789012]` is quickly written.
    sure = [(part, text) for part, text in sure if part not in _ALIASES] or sure
    return any(
        all(fnmatchcase(text, wanted) for part, text in sure if part == kind) for kind, _ in sure
    )


def _fits(klass: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(klass, glob) for glob in globs)
