"""Whether an `unless` can ever speak of what its rule speaks of: one that cannot is a mistake."""

from __future__ import annotations

from gatesh.rules.rule import (
    Choice,
    CliPattern,
    FilePattern,
    GraphqlPattern,
    HttpPattern,
    Pattern,
    Rule,
    SqlPattern,
)


def may_suppress(excepted: tuple[Pattern, ...], rule: Rule) -> bool:
    """Claim that one of the patterns of an `unless` may speak of what the rule speaks of."""
    return any(_may_meet(e, p) for e in excepted for p in rule.patterns)


def _may_meet(one: Pattern, other: Pattern) -> bool:
    pairs = zip(_subjects(one), _subjects(other), strict=False)
    return all(a is None or b is None or _share(a, b) for a, b in pairs)


def _subjects(pattern: Pattern) -> tuple[Choice | None, ...]:
    """Return the words of a pattern that two patterns for one fact have to share."""
    if isinstance(pattern, CliPattern):
        return pattern.programs, *pattern.operands[:1]
    if isinstance(pattern, HttpPattern):
        return pattern.methods, pattern.hosts
    if isinstance(pattern, GraphqlPattern):
        return pattern.operations, pattern.fields, pattern.hosts
    if isinstance(pattern, SqlPattern):
        return (pattern.kinds,)
    return (pattern.actions,) if isinstance(pattern, FilePattern) else (pattern.words,)


def _share(one: Choice, other: Choice) -> bool:
    """Claim that a word may hold in both; two globs may always."""
    return bool(
        (one.globs and other.globs)
        or any(map(other.holds, one.literals))
        or any(map(one.holds, other.literals))
    )
