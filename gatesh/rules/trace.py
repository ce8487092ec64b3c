"""What every rule made of every fact, for a person who asks why: kept while `match` runs, told afterwards.

The comparisons are those of the run itself; only what a pattern lacked is worked out again, by the same
functions that found that it did not fit.
"""

from __future__ import annotations

from gatesh._value import Value
from gatesh.facts import grammar_of
from gatesh.model import CliCall, CloudCall, FileChange, HttpRequest, PathEffect, SqlStatement
from gatesh.rules.hit import Hit
from gatesh.rules.match import CONDITION, EXCEPTED, MISFIT, compare
from gatesh.rules.on_cli import as_call, cli_lacks
from gatesh.rules.on_facts import file_lacks, graphql_lacks, http_lacks
from gatesh.rules.rule import CliPattern, FilePattern, GraphqlPattern, HttpPattern, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Fact, GraphqlField, SimpleCommand
    from gatesh.rules.match import Part, RuleSet
    from gatesh.rules.rule import Pattern


class Look(Value):
    """One rule that looked at one part of a fact, and what came of it."""

    command: int
    fact: Fact
    rule: Rule
    part: GraphqlField | PathEffect | None
    judged: Hit | str  # the hit, or why there is none


class Trace:
    """Every comparison of one run; `watch` is handed to `match`."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.looks: list[Look] = []

    def watch(self, command: int, fact: Fact, rule: Rule, part: Part, judged: Hit | str) -> None:
        """Keep one comparison."""
        self.looks.append(Look(command, fact, rule, part, judged))

    def of(self, command: int, fact: Fact) -> Iterator[Look]:
        """Yield what looked at this fact, in the order of the rules; its target may be known by now."""
        looks = [look for look in self.looks if look.command == command]
        same = [look for look in looks if look.fact is fact]
        return iter(same or [k for k in looks if k.fact.but(target=fact.target) == fact])


def fitting(look: Look, command: SimpleCommand, rules: RuleSet) -> str:
    """Return the rule's pattern, as written, that fits."""
    source, patterns = look.rule.source, look.rule.patterns
    if len(source) != len(patterns):  # an @set alone stands for many patterns
        return " or ".join(source)
    found = zip(source, patterns, strict=True)
    return next(t for t, p in found if compare(p, look.fact, look.part, command, rules))


def lacking(look: Look, command: SimpleCommand, rules: RuleSet) -> tuple[int, str]:
    """Return how near a rule came that did not match, and why it did not."""
    if look.judged == MISFIT:
        return max(
            (_lacks(p, look, command, rules) for p in look.rule.patterns), key=lambda told: told[0]
        )
    pattern = fitting(look, command, rules)
    if look.judged == EXCEPTED:
        return _NEAREST, f"{pattern} fits, and so does its unless"
    if look.judged == CONDITION:
        return _NEAREST, f"{pattern} fits, but not: {look.rule.when}"
    return _NEAREST, f"{pattern} may fit, and this rule wants to be certain"


_NEAREST = 100


def _lacks(pattern: Pattern, look: Look, command: SimpleCommand, rules: RuleSet) -> tuple[int, str]:
    match pattern, look.fact:
        case CliPattern(), CliCall() | CloudCall():
            call = as_call(look.fact, command)
            return cli_lacks(pattern, call, command, grammar_of(command, rules.grammars))
        case HttpPattern(), HttpRequest():
            return http_lacks(pattern, look.fact)
        case GraphqlPattern(), HttpRequest() if not isinstance(look.part, PathEffect):
            return graphql_lacks(pattern, look.fact, look.part)
        case FilePattern(), FileChange() if isinstance(look.part, PathEffect):
            return file_lacks(pattern, look.part)
        case _, SqlStatement():
            return 0, "another kind of statement"
    return 0, "another notation"
