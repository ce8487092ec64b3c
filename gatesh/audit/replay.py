"""The past under other rules: recorded facts are matched and decided again, nothing is read from the disk.

What is not recorded cannot be judged again: the environment (a `when` about it holds where it held then),
secrets that were taken out, and lines that nobody could read beyond the programs that were named.
"""

from __future__ import annotations

import re

from gatesh import policy
from gatesh._value import Value
from gatesh.audit.decode import from_json
from gatesh.model import (
    Answered,
    CommandLine,
    Decision,
    Inspection,
    Parsed,
    Span,
    Unparsed,
    Verdict,
)
from gatesh.rules.match import match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from gatesh.model import Fact, Reading
    from gatesh.rules.match import RuleSet
    from gatesh.rules.rule import Rule

_ENVIRONMENT = re.compile(r"(?<![\w.])env\b")
_UNKNOWN = "none that a rule knows"  # what match says of a line that is beyond reading
YES = (Answered.APPROVED, Answered.GRANTED)
NO = (Answered.REJECTED, Answered.REPEATED, Answered.STOPPED)


class Past(Value):
    """One recorded command line, as far as rules go."""

    record: int
    text: str  # redacted
    cwd: str
    verdict: Verdict  # of the rules; under --observe what they would have done
    rules: tuple[str, ...]  # that matched
    answered: str  # "" where nobody was asked
    digest: str  # of the rules that judged it
    reading: Reading
    facts: tuple[tuple[int, Fact], ...]


class Change(Value):
    """A past whose verdict would be another."""

    past: Past
    before: Verdict
    after: Verdict
    rules: tuple[str, ...]  # that match now

    @property
    def approved(self) -> bool:
        """Claim that a human said yes to it."""
        return self.past.answered in YES

    @property
    def rejected(self) -> bool:
        """Claim that a human said no to it."""
        return self.past.answered in NO


def past_of(row: dict[str, Any], named: tuple[str, ...]) -> Past:
    """Return a row of the view `command`; `named` are the programs of a line that could not be read.

    Raises ValueError where the row cannot be understood.
    """
    observed = str(row["reason"] or "").removeprefix("observe: ")
    verdict = Verdict(observed if observed in set(Verdict) else row["verdict"])
    commands = from_json(row["commands"])
    reading: Reading = Parsed(commands)
    if row["parse_status"] == "unparsed":
        beyond = _UNKNOWN in named
        names = () if beyond else named
        reading = Unparsed(row["unparsed"] or "", Span(0, 0), commands, names, beyond)
    return Past(
        record=row["record"],
        text=row["command_line"],
        cwd=row["working_directory"] or "",
        verdict=verdict,
        rules=tuple((row["rule_ids"] or "").split()),
        answered=row["answered"] or "",
        digest=row["pattern_digest"] or "",
        reading=reading,
        facts=from_json(row["facts"]),
    )


def judge(rules: RuleSet, past: Past) -> Decision:
    """Return what these rules decide about what was seen then."""
    line = CommandLine(past.text, past.cwd, {})
    matches = match(rules, past.reading, past.facts, line)
    unseen = _about_environment(rules)
    matches = tuple(m for m in matches if m.rule not in unseen or m.rule in past.rules)
    return policy.decide(Inspection(past.reading, past.facts, matches))


def caught(rules: RuleSet, past: Past, rule: str) -> tuple[Fact, ...]:
    """Return the facts that a rule catches in what was seen then."""
    found: list[Fact] = []

    def watch(_: int, fact: Fact, looking: Rule, __: object, judged: object) -> None:
        if looking.id == rule and not isinstance(judged, str):
            found.append(fact)

    match(rules, past.reading, past.facts, CommandLine(past.text, past.cwd, {}), watch)
    return tuple(dict.fromkeys(found))


def changes(
    pasts: Iterable[Past], after: RuleSet, before: RuleSet | None = None
) -> Iterator[Change]:
    """Yield what would be decided differently by `after` than by `before`, or than it was then."""
    for past in pasts:
        if not before and past.digest == after.digest:
            continue
        was = judge(before, past).verdict if before else past.verdict
        now = judge(after, past)
        if now.verdict is not was:
            yield Change(past, was, now.verdict, tuple(dict.fromkeys(m.rule for m in now.matches)))


_environments: dict[str, frozenset[str]] = {}


def _about_environment(rules: RuleSet) -> frozenset[str]:
    """Return the rules whose condition asks for the environment, which no record holds."""
    if rules.digest not in _environments:
        found = (r.id for r in rules.rules if _ENVIRONMENT.search(r.when))
        _environments[rules.digest] = frozenset(found)
    return _environments[rules.digest]
