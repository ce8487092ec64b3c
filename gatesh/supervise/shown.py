"""Whether a match is about what a person approved above: the same rule, the same things, the same target."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gatesh.model import Verdict
from gatesh.policy import verdict_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.model import Match, Target

_HIDDEN = "…"  # a part of a target's name that nobody could see


def shown_above(match: Match, approved: Iterable[Match]) -> bool:
    """Claim that a person approved the very thing: the same rule for the same names on the same target."""
    return verdict_of(match) is Verdict.ASK and any(
        known.rule == match.rule
        and _same(known.target, match.target)
        and (match.names or known.say == match.say)
        and all(any(name == n or fnmatchcase(name, n) for n in known.names) for name in match.names)
        for known in approved
    )


def _same(approved: Target, found: Target) -> bool:
    """Claim that a target is the one that was approved, wherever it was read from."""
    if approved.kind != found.kind or approved.locality is not found.locality:
        return False
    return approved.name == found.name or _HIDDEN in approved.name  # whichever it is was approved
