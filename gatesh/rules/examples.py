"""Runs a rule's own examples through the real reading, facts and matching, in one documented world.

The world (docs/patterns.md shows it): a repository at /home/me/project with committed, untracked and
ignored files, HOME=/home/me, an empty environment, nothing else; a rule's `world` table adds to it.
"""

from __future__ import annotations

import posixpath

from gatesh._value import Value
from gatesh.errors import InputError
from gatesh.facts import World, inspect_all
from gatesh.model import CommandLine, Door, Extent, Inspection, Severity
from gatesh.places import Places
from gatesh.rules.match import RuleSet, match
from gatesh.rules.rule import Examples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatesh.facts import Labels
    from gatesh.facts.cli import Grammar
    from gatesh.model import Match

HOME = "/home/me"
PROJECT = f"{HOME}/project"
PLACES = Places(
    HOME, f"{HOME}/.config/gatesh", f"{HOME}/.local/state/gatesh", "/run/user/1000/gatesh"
)

COMMITTED = {
    f"{PROJECT}/README.md": "# project\n",
    f"{PROJECT}/src/main.py": "print('hello')\n",
    f"{PROJECT}/.env.example": "A=\n",
}
LOSABLE = {  # untracked, or outside of the repository
    f"{PROJECT}/notes.txt": "remember\n",
    f"{PROJECT}/data/users.csv": "id,name\n",
    f"{PROJECT}/app.sqlite3": "content\n",
    f"{HOME}/Documents/letter.txt": "dear\n",
    f"{HOME}/.ssh/id_ed25519": "content\n",
    f"{HOME}/.ssh/known_hosts": "content\n",
    f"{HOME}/.aws/credentials": "content\n",
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/usr/bin/ls": "content\n",
}
IGNORED = {  # build output, and what only looks like it
    f"{PROJECT}/node_modules/left-pad/index.js": "content\n",
    f"{PROJECT}/build/out.o": "content\n",
    f"{PROJECT}/.env": "SECRET=1\n",
}
METADATA = {
    f"{PROJECT}/.git/HEAD": "ref: refs/heads/main\n",
    f"{PROJECT}/.git/config": '[remote "origin"]\n\turl = git@github.com:me/project.git\n',
}


class ExampleFiles:
    """Files in memory; a folder is there when something in it is."""

    def __init__(self, files: dict[str, str]) -> None:
        """Keep path → content."""
        self._files = files
        parents = {"/"} | {"/dev", "/tmp", "/dev/pts"}  # noqa: S108  names in a made-up world
        for path in (*files, "/run/user/1000/x"):
            above = path
            while above != "/":
                above = posixpath.dirname(above)
                parents.add(above)
        self._folders = parents

    def read(self, path: str, limit: int) -> bytes | None:
        """Return the content."""
        text = self._files.get(path)
        return None if text is None or len(text) > limit else text.encode()

    def head(self, path: str, limit: int) -> bytes:
        """Return what the content begins with."""
        return self._files.get(path, "").encode()[:limit]

    def kind(self, path: str) -> str:
        """Return what stands there."""
        path = posixpath.normpath(path)
        if path in self._files:
            return "file"
        if path in self._folders:
            return "directory"
        return "other" if path.startswith("/dev/") else "missing"

    def real(self, path: str) -> str:
        """Return the path: there are no links here."""
        return posixpath.normpath(path)

    def names(self, path: str, limit: int) -> list[str] | None:
        """Return the names in a folder."""
        path = posixpath.normpath(path)
        if path not in self._folders:
            return None
        below = path.rstrip("/") + "/"
        known = (*self._files, *self._folders)
        found = sorted({p[len(below) :].split("/")[0] for p in known if p.startswith(below)} - {""})
        return found if len(found) <= limit else None

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return len(self._files.get(posixpath.normpath(path), ""))

    def stamp(self, path: str) -> str:
        """Return nothing: examples are never approved."""
        del path
        return ""

    def mountinfo(self) -> str:
        """Return nothing."""
        return ""


class ExampleProbe:
    """What git would say of the example repository."""

    def git_extent(self, path: str) -> Extent:
        """Return the worst of what lies at or below `path`."""
        path = posixpath.normpath(path)
        below = path.rstrip("/") + "/"

        def among(files: dict[str, str]) -> bool:
            return any(p == path or p.startswith(below) for p in files)

        if not f"{path}/".startswith(f"{PROJECT}/"):
            return Extent.UNKNOWN
        if among(IGNORED) and not among(COMMITTED) and not among(LOSABLE):
            return Extent.DERIVED
        if among(COMMITTED) and not among(LOSABLE):
            return Extent.RECOVERABLE
        return Extent.LOSABLE

    def git_extents(self, paths: tuple[str, ...]) -> tuple[Extent, ...]:
        """Return the same for each."""
        return tuple(map(self.git_extent, paths))

    def git_edits(self, path: str) -> Extent:
        """Return the same: what can be lost here counts as changed."""
        return self.git_extent(path)

    def repository(self, path: str) -> str:
        """Return the top of the repository."""
        return PROJECT if f"{posixpath.normpath(path)}/".startswith(f"{PROJECT}/") else ""


class Broken(Value):
    """An example that does not hold."""

    rule: str
    kind: str  # catches, passes, known_misses
    line: str
    said: str


def world_of(examples: Examples, grammars: Mapping[str, Grammar]) -> tuple[World, dict[str, str]]:
    """Return the world and the environment of a rule's examples."""
    files = {**COMMITTED, **LOSABLE, **IGNORED, **METADATA, **dict(examples.files)}
    return World(ExampleFiles(files), ExampleProbe(), HOME, grammars), dict(examples.env)


def consider(
    rules: RuleSet, text: str, examples: Examples, labels: Labels | None = None
) -> Inspection:
    """Return everything that is seen in one example line; `labels` are what its targets are called."""
    from gatesh.facts.targets import Targets
    from gatesh.shell.read import read

    world, env = world_of(examples, rules.grammars)
    world = world.labelled(labels) if labels else world
    line = CommandLine(text, PROJECT, {"HOME": HOME, **env}, Door.CHECK)
    seen = inspect_all(read(line), line, world, read)
    targets = Targets(seen, line, world)
    return seen.but(matches=match(rules, seen.reading, seen.facts, line, target_of=targets.of))


def check(
    rules: RuleSet,
    rule: str,
    examples: Examples,
    asks: Callable[[Match], bool],
    labels: Labels | None = None,
) -> list[Broken]:
    """Return the examples of a rule that do not hold.

    Each `catches` has to be caught by this very rule; each `passes` may not lead to a question or a
    refusal by any rule. `asks` is the policy's word about one match.
    """
    found = []
    for kind in ("catches", "passes", "known_misses"):
        for text in getattr(examples, kind):
            said = _wrong(rules, rule, kind, text, examples, asks, labels)
            if said:
                found.append(Broken(rule, kind, text, said))
    return found


def _wrong(
    rules: RuleSet,
    rule: str,
    kind: str,
    text: str,
    examples: Examples,
    asks: Callable[[Match], bool],
    labels: Labels | None,
) -> str:
    try:
        matches = consider(rules, text, examples, labels).matches
    except InputError as error:
        return f"cannot be submitted: {error.message}"
    own = [m for m in matches if m.rule == rule]
    if errs := next((m.cannot_see[0] for m in own if _only_when(m)), ""):
        return f"all can be seen, and yet the condition errs, which counts as held ({errs})"
    if kind == "catches":
        others = ", ".join(sorted({m.rule for m in matches})) or "nothing"
        return "" if own else f"is not caught ({others} matched)"
    if kind == "known_misses":
        return "is caught by now: move it to catches" if own else ""
    if any(m.severity is Severity.LOW for m in own):
        return "is caught"  # a rule that only records would otherwise have nothing to prove
    asking = ", ".join(sorted({m.rule for m in matches if asks(m)}))
    return f"is asked about by {asking}" if asking else ""


def _only_when(found: Match) -> bool:
    """Claim that nothing was hidden, and the rule's condition still gave neither yes nor no."""
    return bool(found.cannot_see) and all(c.startswith("when: ") for c in found.cannot_see)
