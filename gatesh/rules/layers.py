"""Whose word counts: what tightens is active at once, what loosens waits for a person.

Tightening is a new rule, a raised severity, `deny`. Everything else in a user's files loosens: a lowered
severity, an `unless`, a `when`, `off`, another grammar for a program that shipped rules speak of. The digest
of a loosening covers its whole meaning: a person confirms this one, not whatever stands there later. A file
of a project that nobody trusts loosens nothing at all, and its sentences are not shown; those of a trusted
one are when a person has confirmed that, too.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.model import Layer, Severity
from gatesh.rules.cache import digest_of
from gatesh.rules.match import RuleSet, keys_of
from gatesh.rules.rule import CliPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts.cli import Grammar
    from gatesh.rules.rule import Rule
    from gatesh.rules.source import Override, PatternFile

_RANK = {s: n for n, s in enumerate(Severity)}

# Programs whose lines become facts of a notation that names no program itself.
SPEAKERS = {
    "http": ("curl", "wget", "http", "https", "xh", "gh", "glab", "az", "railway", "vercel"),
    "sql": ("psql", "mysql", "mariadb", "sqlite3", "dropdb", "pg_restore", "duckdb", "usql",
            "redis-cli", "valkey-cli", "mongosh", "mongo", "cockroach", "sqlcmd", "clickhouse-client",
            "snowsql"),
    "file": ("rm", "unlink", "shred", "dd", "truncate", "find", "mkfs", "wipefs", "rsync"),
}  # fmt: skip


class Loosening(Value):
    """One thing in a user's files that loosens, as a sentence for a person."""

    sentence: str
    digest: str
    file: str
    line: int
    about: str = ""  # the rule, or the program whose grammar it is


class Effect(Value):
    """What one override, grammar or project's file changes, as a sentence for a person."""

    sentence: str
    file: str
    line: int
    layer: Layer
    loosens: bool
    counts: bool
    change: Override | None = None  # where it is one


def combine(files: tuple[PatternFile, ...], confirmed: frozenset[str] = frozenset()) -> RuleSet:
    """Return the rules that are active when a person has confirmed these loosenings and no other."""
    rules = {
        rule.id: rule if _speaks(file, confirmed) else _silenced(rule)
        for file in files
        for rule in file.rules
    }
    grammars = {
        program: grammar
        for file in files
        for program, grammar in file.grammars.items()
        if not _rereads(file, program, files)
        or (file.layer is not Layer.PROJECT and _grammar_digest(program, grammar) in confirmed)
    }
    off = set()
    for change in (o for file in files for o in file.overrides):
        rule = rules[change.rule]
        if _tightens(change, rule) or _may_loosen(change, confirmed):
            rules[change.rule] = _changed(rule, change)
            off |= {change.rule} if change.key == "off" else set()
    return rule_set([r for r in rules.values() if r.id not in off], grammars)


def _speaks(file: PatternFile, confirmed: frozenset[str]) -> bool:
    """Claim that a file's sentences may stand on a card: the asker could have written a project's."""
    if file.layer is Layer.PROJECT:
        return False
    return file.layer is not Layer.TRUSTED or _voice(file) in confirmed


def _silenced(rule: Rule) -> Rule:
    said = "a rule of this project, in whose words you have not trusted, holds it"
    return rule.but(
        say=said,
        instead="gatesh patterns trust, in the project, shows its rules",
        preview="",
        loses=None,
    )


def _voice(file: PatternFile) -> str:
    return digest_of((file.path, file.rules))


def _may_loosen(change: Override, confirmed: frozenset[str]) -> bool:
    return change.layer is not Layer.PROJECT and _digest(change) in confirmed


def _rereads(file: PatternFile, program: str, files: tuple[PatternFile, ...]) -> bool:
    """Claim that a grammar in this file would have lines read differently that others have rules for."""
    if file.layer is Layer.SHIPPED:
        return False
    above = (Layer.SHIPPED,) if file.layer is Layer.USER else (Layer.SHIPPED, Layer.USER)
    return _spoken_of(program, [f for f in files if f.layer in above])


def rule_set(rules: list[Rule], grammars: dict[str, Grammar]) -> RuleSet:
    """Return rules ready to be matched: filed under what they speak of."""
    index: dict[str, tuple[int, ...]] = {}
    for number, rule in enumerate(rules):
        for key in keys_of(rule):
            index[key] = (*index.get(key, ()), number)
    programs = frozenset(name for rule in rules for name in _programs(rule))
    shown = [rule.but(file="", line=0) for rule in rules]
    return RuleSet(rules, index, grammars, programs, digest_of((shown, sorted(grammars.items()))))


def loosenings(files: tuple[PatternFile, ...]) -> tuple[Loosening, ...]:
    """Return what a user's files loosen, for a person to read and confirm."""
    return tuple(_loosenings(files))


def effects(
    files: tuple[PatternFile, ...], confirmed: frozenset[str] = frozenset()
) -> tuple[Effect, ...]:
    """Return what the files change of rules and grammars, and whether it counts."""
    left = {one.digest: one for one in loosenings(files)}
    rules = {rule.id: rule for file in files for rule in file.rules}
    found = []
    for change in (o for file in files for o in file.overrides):
        one = left.pop(_digest(change), None)
        rule = rules[change.rule]
        tightens = not one and _tightens(change, rule)
        said = _tighter(change, rule) if tightens else _sentence(change, rule)
        counts = one.digest in confirmed if one else tightens
        found.append(
            Effect(said, change.file, change.line, change.layer, not tightens, counts, change)
        )
        if tightens:
            rules[change.rule] = _changed(rule, change)
    layer_of = {file.path: file.layer for file in files}
    found += [
        Effect(one.sentence, one.file, one.line, layer_of[one.file], True, one.digest in confirmed)
        for one in left.values()
    ]
    return tuple(found)


def _loosenings(files: tuple[PatternFile, ...]) -> Iterator[Loosening]:
    rules = {rule.id: rule for file in files for rule in file.rules}
    for file in files:
        if file.layer is Layer.TRUSTED and file.rules:
            said = f"rules of a project speak in their own words: {', '.join(r.id for r in file.rules)}"
            yield Loosening(said, _voice(file), file.path, 1, file.rules[0].id)
        for change in file.overrides:
            rule = rules[change.rule]
            if _tightens(change, rule):
                rules[change.rule] = _changed(rule, change)
            elif file.layer is not Layer.PROJECT:
                said = _sentence(change, rule)
                yield Loosening(said, _digest(change), change.file, change.line, change.rule)
        for program, grammar in file.grammars.items():
            if file.layer is not Layer.PROJECT and _rereads(file, program, files):
                said = f"the command line of {program} is read by another grammar"
                yield Loosening(said, _grammar_digest(program, grammar), file.path, 1, program)


def _sentence(change: Override, rule: Rule) -> str:
    if change.key == "severity":
        return f"{rule.id} is only {change.value} instead of {rule.severity} ({_said(rule)})"
    if change.key == "unless":
        return f"{rule.id} lets by: {' · '.join(change.value)} ({_said(rule)})"
    if change.key == "when":
        return f"{rule.id} counts only when {change.value} ({_said(rule)})"
    return f"{rule.id} is off ({_said(rule)})"


def _tighter(change: Override, rule: Rule) -> str:
    if change.key == "deny":
        return f"{rule.id} is denied without asking ({_said(rule)})"
    return f"{rule.id} is {change.value} instead of {rule.severity} ({_said(rule)})"


def _tightens(change: Override, rule: Rule) -> bool:
    """Claim that a change leaves nothing unasked that the rule, as it is by now, asks about."""
    if change.key == "deny":
        return True
    return change.key == "severity" and _RANK[change.value] >= _RANK[rule.severity]


def _changed(rule: Rule, change: Override) -> Rule:
    if change.key == "severity":
        return rule.but(severity=change.value)
    if change.key == "deny":
        return rule.but(deny=True)
    if change.key == "unless":
        return rule.but(unless=rule.unless + change.patterns)
    if change.key == "when":
        both = f"({rule.when}) && ({change.value})" if rule.when else change.value
        return rule.but(when=both)
    return rule


def _digest(change: Override) -> str:
    # A project's loosening is confirmed for that project: for another, it is another one.
    where = change.file if change.layer is Layer.TRUSTED else ""
    return digest_of((change.rule, change.key, change.value, change.patterns, where))


def _grammar_digest(program: str, grammar: Grammar) -> str:
    return digest_of((program, grammar))


def _spoken_of(program: str, files: Iterable[PatternFile]) -> bool:
    """Claim that a rule or grammar of these files speaks of a program, or of a subcommand of it."""
    name = program.split(maxsplit=1)[0]
    listed = list(files)
    known = {grammar.split()[0] for file in listed for grammar in file.grammars}
    return name in known or any(name in _named(rule) for file in listed for rule in file.rules)


def _programs(rule: Rule) -> frozenset[str]:
    """Return the programs that a rule worth asking about speaks of.

    `awk ... rm` is about rm, not about awk, which stands in every other line that cannot be read.
    """
    if rule.severity is Severity.LOW:
        return frozenset()
    if rule.notation == "cli" and all(isinstance(p, CliPattern) and p.named for p in rule.patterns):
        return frozenset()
    return _named(rule)


def _named(rule: Rule) -> frozenset[str]:
    if rule.notation == "cli":
        patterns = [p for p in rule.patterns if isinstance(p, CliPattern)]
        return frozenset(name for p in patterns for name in p.programs.literals)
    return frozenset(SPEAKERS.get(rule.notation, ()))


def _said(rule: Rule) -> str:
    """Return what a rule says of every line that it catches."""
    return re.sub(r"\{\w+\}", "…", rule.say)
