"""What git starts of itself: `git stash` a `git reset --hard`, after it has put everything away.

What was asked for is the first command; it was decided on, and none of these does more than belongs to it.
"""

from __future__ import annotations

import shlex

GIT = (
    "/usr/bin/git",
    "/usr/lib/git-core/",
    "/usr/libexec/git-core/",
)
_PARTS = {
    "stash": {"reset", "clean", "apply"},
    "worktree": {"reset"},
    "gc": {"reflog", "prune", "worktree"},
    "maintenance": {"reflog", "prune", "worktree"},
}
_WITH_VALUE = {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"}


def command_of(text: str) -> str:
    """Return which of git's own commands a program is, given as it was quoted; empty where it is not git."""
    if not text.startswith(GIT):
        return ""
    try:
        words = iter(shlex.split(text)[1:])
    except ValueError:
        return ""
    for word in words:
        if word in _WITH_VALUE:
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def is_part(text: str, above: str) -> bool:
    """Claim that a program is a part of git's command `above`, which has started it."""
    return bool(above) and command_of(text) in _PARTS.get(above, ())
