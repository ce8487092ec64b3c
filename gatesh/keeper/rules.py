"""The rules a keeper goes by: loaded when it starts, loaded again when files change.

What tightens is active at once. What loosens (an override that lets something by, a rule that is gone or
catches less than the one that was active) is listed to the person and stays inactive until they confirm
it; a rule that was active goes on until then. Nothing that was confirmed is stored: the next keeper asks
again. A change that cannot be read changes nothing.

A session in a project with pattern files of its own goes by those as well, wherever it works later: Projects
keeps one Rules for each set of such folders, on top of the user's.
"""

from __future__ import annotations

import os
import threading

from gatesh import wiring
from gatesh.errors import ConfigError, PatternFileError
from gatesh.facts import World
from gatesh.keeper.labels import PinnedLabels
from gatesh.model import Severity
from gatesh.places import Places
from gatesh.rules import layers
from gatesh.rules.load import files, projects_of, read_all
from gatesh.rules.match import RuleSet
from gatesh.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.approval.attach import Approvers
    from gatesh.rules.source import PatternFile

_MOST_FOLDERS = 8  # with pattern files, that one session works in
_MOST_PROJECTS = 32  # sets of such folders
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def covers(new: Rule, old: Rule) -> bool:
    """Claim that `new` catches all that `old` does, at least as strictly."""
    return (
        new.notation == old.notation
        and set(old.patterns) <= set(new.patterns)
        and new.when == old.when
        and set(new.unless) <= set(old.unless)
        and _RANK[new.severity] >= _RANK[old.severity]
        and new.deny >= old.deny
        and new.certain <= old.certain
    )


def lost(old: tuple[Rule, ...], new: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules of `old` that nothing in `new` covers."""
    by_id: dict[str, list[Rule]] = {}
    for rule in new:
        by_id.setdefault(rule.id, []).append(rule)
    return tuple(r for r in old if not any(covers(n, r) for n in by_id.get(r.id, ())))


class Rules:
    """The active rules, and the world they look at."""

    def __init__(
        self,
        places: Places,
        approvers: Approvers,
        projects: tuple[str, ...] = (),
        base: Rules | None = None,
    ) -> None:
        """Load them; raises PatternFileError. What loosens is put before the approvers.

        `projects` are the folders of pattern files beside the user's, whose own state `base` keeps.
        """
        self._places, self._approvers = places, approvers
        self._projects, self._base = projects, base
        self._lock = threading.Lock()
        self.labels: PinnedLabels = base.labels if base else PinnedLabels(places, approvers)
        self._confirmed: frozenset[str] = frozenset()
        self._asked = ""  # the id of the question that is open
        self._shown: tuple[frozenset[str], tuple[Rule, ...]] | None = None
        self._stamp = self._look()
        self._baseline: tuple[Rule, ...] = ()
        self.kept: tuple[Rule, ...] = ()  # active, and in the files no more
        self.active: tuple[RuleSet, World]
        self._load()

    def look_again(self) -> None:
        """Load them again if a file has changed; who comes meanwhile waits for what counts now."""
        if not self._base:
            self.labels.look_again()
        with self._lock:
            stamp = self._look()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                self._load()
            except PatternFileError as error:
                hint = f" ({error.hint})" if error.hint else ""
                self._approvers.note(f"keeping the old rules: {error.message}{hint}", "alert")
            else:
                self._approvers.note("the pattern files have changed and were read again")

    def _look(self) -> tuple[object, ...]:
        paths = [path for path, _ in files(self._places, self._projects)]
        if self._base:
            paths.append(f"{self._places.config}/trusted")
        above = self._base.active[0].digest if self._base else ""
        return (above, *((path, _identity(path)) for path in paths))

    def _read(self) -> tuple[PatternFile, ...]:
        return read_all(self._places, files(self._places, self._projects))

    @property
    def confirmed(self) -> frozenset[str]:
        """Return the digests of what a person has confirmed, here or for all projects."""
        return self._confirmed | (self._base.confirmed if self._base else frozenset())

    def _load(self) -> None:
        found = self._read()
        fresh = layers.combine(found, self.confirmed)
        kept = lost(self._baseline, fresh.rules)
        above = self._base.kept if self._base else ()
        self.kept = (*kept, *lost(above, (*fresh.rules, *kept)))
        rules = fresh
        if self.kept:
            rules = layers.rule_set([*fresh.rules, *self.kept], fresh.grammars)
        self._baseline = rules.rules
        self.active = rules, wiring.world_of(self._places, rules, self.labels)
        self._ask(found, kept)

    def _ask(self, found: tuple[PatternFile, ...], kept: tuple[Rule, ...]) -> None:
        """List what loosens, unless the same is asked already."""
        mine = self._projects or ("",)
        open_ = [
            one
            for one in layers.loosenings(found)
            if one.digest not in self.confirmed and one.file.startswith(mine)
        ]
        shown = frozenset(one.digest for one in open_), kept
        if shown == self._shown:
            return
        if self._asked:
            self._approvers.shut(self._asked, "the pattern files have changed again")
        self._asked, self._shown = "", shown
        sentences = [f"{one.sentence}  [{one.file}:{one.line}]" for one in open_]
        sentences += [
            f"{rule.id} is gone, or catches less than before ({rule.say})" for rule in kept
        ]
        if sentences:
            self._asked = self._approvers.loosening(
                sentences, lambda who: self._confirm(shown, who)
            )

    def _confirm(self, shown: tuple[frozenset[str], tuple[Rule, ...]], who: str) -> None:
        """Make active what was shown, and nothing that stands in the files only since then."""
        with self._lock:
            try:
                self._loosen(*shown)
            except PatternFileError as error:
                self._approvers.note(f"keeping the old rules: {error.message}", "alert")
                return
        text = f"what the pattern files loosen is active until this keeper ends: confirmed by {who}"
        self._approvers.note(text)

    def _loosen(self, digests: frozenset[str], dropped: tuple[Rule, ...]) -> None:
        found = self._read()
        before = layers.combine(found, self.confirmed).rules
        after = layers.combine(found, self.confirmed | digests).rules
        weakened = {rule.id for rule in lost(before, after)}
        self._confirmed |= digests
        self._baseline = tuple(
            r for r in self._baseline if r.id not in weakened and r not in dropped
        )
        self._asked, self._shown = "", None
        self._load()


class Projects:
    """The rules of each session: the user's, and those of every project it has worked in."""

    def __init__(self, places: Places, approvers: Approvers, base: Rules) -> None:
        """Begin with the user's alone."""
        self._places, self._approvers, self._base = places, approvers, base
        self._lock = threading.Lock()
        self._folders: dict[str, tuple[str, ...]] = {}  # of a session
        self._rules: dict[tuple[str, ...], Rules] = {}

    @property
    def confirmed(self) -> frozenset[str]:
        """Return the digests of what a person has confirmed for projects."""
        with self._lock:
            return frozenset(one for rules in self._rules.values() for one in rules.confirmed)

    def of(self, session: str, cwds: tuple[str, ...]) -> tuple[RuleSet, World]:
        """Return what a session goes by that now works in these folders; raises GateshError."""
        found = {folder for cwd in cwds for folder in projects_of(cwd)}
        with self._lock:
            known = self._folders.get(session, ())
            folders = tuple(sorted(found | {*known}))
            if not folders:
                return self._base.active
            if len(folders) > _MOST_FOLDERS or (
                folders not in self._rules and len(self._rules) >= _MOST_PROJECTS
            ):
                raise ConfigError(
                    "there are too many projects with pattern files of their own",
                    "start the keeper again to forget the ones that are done",
                )
            self._folders[session] = folders
            if folders not in self._rules:
                self._rules[folders] = Rules(self._places, self._approvers, folders, self._base)
            rules = self._rules[folders]
        rules.look_again()
        return rules.active


def _identity(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
