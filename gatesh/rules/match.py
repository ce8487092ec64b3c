"""Rules meet facts: which rules speak about what was seen. Pure.

Three answers are possible for every comparison: no, yes, and "cannot see". What can be seen has to fit;
a rule whose rest cannot be seen counts as matched and says what it could not see. Only `unless` needs
certainty, and so does nothing else.

Longer than 400 lines: what a rule says of a fact, of the reading and of a path is one list of matches.
"""

from __future__ import annotations

import re

from gatesh.facts import grammar_of
from gatesh.model import (
    CliCall,
    CloudCall,
    FileChange,
    GraphqlField,
    HttpRequest,
    Locality,
    Match,
    Origin,
    PathEffect,
    Severity,
    Span,
    SqlStatement,
    Target,
    Unparsed,
)
from gatesh.printable import printable
from gatesh.rules import condition
from gatesh.rules.hit import Hit
from gatesh.rules.on_cli import as_call, cli_hit
from gatesh.rules.on_code import is_setup, unseen_code
from gatesh.rules.on_facts import action_on, file_hit, graphql_hit, http_hit, sql_hit
from gatesh.rules.on_words import may_point, names, names_needed, pointed_at, points
from gatesh.rules.rule import (
    LOSING,
    SOME,
    CliPattern,
    FilePattern,
    GraphqlPattern,
    HttpPattern,
    LinePattern,
    Rule,
    SqlPattern,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from gatesh.facts.cli import Grammar
    from gatesh.model import CommandLine, Fact, Reading, SimpleCommand
    from gatesh.rules.rule import Pattern

    Index = Mapping[str, tuple[int, ...]]
    Part = (
        GraphqlField | PathEffect | None
    )  # what a rule speaks of one by one; None: the whole fact
    Watch = Callable[[int, Fact, Rule, Part, "Hit | str"], None]
    TargetOf = Callable[[int, Fact], Target]

_RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}
_LONGEST = 120  # characters of a capture
_CAPTURE = re.compile(r"\{([a-z]+|\d+)\}")
EVERYTHING = "*"
_NO_SQL = ("mongodb", "redis", "memcached")  # a rule's preview is a SELECT: these have none
_CLOUD = ("aws",)  # every command line of theirs that does something is a CloudCall as well
# Why a rule that looked at a fact does not match it.
MISFIT, EXCEPTED, CONDITION, UNCERTAIN = "pattern", "unless", "when", "certain"
_ANYWHERE = Target("host")  # locality unknown: it may reach anything
_HERE = Target("host", locality=Locality.LOCAL)


class RuleSet:
    """All rules that are active, found by what they speak of; unpacked when first asked for."""

    __slots__ = (
        "_firsts",
        "_index",
        "_pointing",
        "_read",
        "_rules",
        "_unpack",
        "digest",
        "grammars",
        "programs",
    )

    def __init__(
        self,
        rules: Iterable[Any],
        index: Index,
        grammars: dict[str, Grammar],
        programs: frozenset[str],
        digest: str,
        unpack: Callable[[Any], Rule] | None = None,
    ) -> None:
        """Keep the parts; `unpack` turns a packed rule into a Rule."""
        self._rules = list(rules)
        self._index = index
        self._unpack = unpack
        self._firsts: dict[int, frozenset[str] | None] = {}
        self._pointing: tuple[tuple[Rule, ...], re.Pattern[str]] | None = None
        self._read: tuple[Any, ...] = (None, None)
        self.grammars = grammars
        self.programs = programs
        self.digest = digest

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return every rule, in the order of the files."""
        return tuple(self._rule(i) for i in range(len(self._rules)))

    def speaks_of(self, program: str) -> bool:
        """Claim that some rule looks at the command lines of a program."""
        index = self._index
        return program in self.programs or f"cli {program}" in index or f"cli {EVERYTHING}" in index

    def about(self, *keys: str) -> Iterator[Rule]:
        """Yield the rules filed under any of these keys, each once, in the order of the files."""
        numbers = {n for key in keys for n in self._index.get(key, ())}
        return (self._rule(n) for n in sorted(numbers))

    def that_may_fit(self, fact: Fact, command: SimpleCommand, *keys: str) -> Iterator[Rule]:
        """Yield of the rules under these keys those whose first operand stands somewhere in a command line.

        A rule that begins with a glob or with options may always fit, and so may any where a word is unknown.
        """
        if not isinstance(fact, (CliCall, CloudCall)) or command.more_words or fact.cannot_see:
            yield from self.about(*keys)
            return
        operands = self.read_as_call(fact, command)[0].operands
        given = {form for word in operands for form in (word.text, word.text.lower())}
        sure = all(word.known for word in operands)
        for number in sorted({n for key in keys for n in self._index.get(key, ())}):
            if not sure or self._begins(number, given):
                yield self._rule(number)

    def _begins(self, number: int, given: set[str]) -> bool:
        if number not in self._firsts:
            self._firsts[number] = _first_operands(self._rule(number))
        firsts = self._firsts[number]
        return firsts is None or not firsts.isdisjoint(given)

    def about_paths(self) -> tuple[tuple[Rule, ...], re.Pattern[str]]:
        """Return the rules that speak of what words point at, and the names that such a path needs."""
        if self._pointing is None:
            rules = tuple(self.about("line names"))
            choices = tuple(
                p.paths for r in rules for p in r.patterns if isinstance(p, LinePattern)
            )
            self._pointing = (rules, names_needed(choices))
        return self._pointing

    @property
    def index(self) -> Index:
        """Return which rules speak of what, by number."""
        return self._index

    def read_as_call(
        self, fact: CliCall | CloudCall, command: SimpleCommand
    ) -> tuple[CliCall, Grammar | None]:
        """Return a fact as a command line, and its grammar: once for all patterns that look at it."""
        read = self._read
        if read[0] is not fact or read[1] is not command:
            read = (fact, command, as_call(fact, command), grammar_of(command, self.grammars))
            self._read = read
        return read[2], read[3]

    def _rule(self, number: int) -> Rule:
        found = self._rules[number]
        if self._unpack and not isinstance(found, Rule):
            found = self._rules[number] = self._unpack(found)
        return found  # type: ignore[no-any-return]


def keys_of(rule: Rule) -> frozenset[str]:
    """Return the keys a rule is filed under: a notation and the words it speaks of."""
    return frozenset(f"{rule.notation} {word}" for p in rule.patterns for word in _heads(p))


def _first_operands(rule: Rule) -> frozenset[str] | None:
    """Return the words of which one must be the first operand; None where anything may be."""
    found: frozenset[str] = frozenset()
    for pattern in rule.patterns:
        first = (
            pattern.operands[0] if isinstance(pattern, CliPattern) and pattern.operands else None
        )
        if first is None or first.globs:
            return None
        found |= first.literals
    return found


def _heads(pattern: Pattern) -> Iterable[str]:
    """Return the literal words that a fact must have for the pattern to apply, or EVERYTHING."""
    if isinstance(pattern, LinePattern):
        return (pattern.about,)
    if isinstance(pattern, CliPattern):
        choice = pattern.programs
    elif isinstance(pattern, FilePattern):
        choice = pattern.actions
    elif isinstance(pattern, SqlPattern):
        choice = pattern.kinds
    else:
        choice = pattern.hosts
    return (EVERYTHING,) if choice.globs else choice.literals


def fact_target(_index: int, fact: Fact) -> Target:
    """Return the target that the fact names itself."""
    return fact.target


def match(
    rules: RuleSet,
    reading: Reading,
    facts: tuple[tuple[int, Fact], ...],
    line: CommandLine,
    watch: Watch | None = None,
    target_of: TargetOf = fact_target,
) -> tuple[Match, ...]:
    """Return what the rules say about the facts and about the reading itself.

    `watch` is told of every comparison: what a rule looked at, and its hit or why there is none.
    `target_of` is asked where a match, or a condition, needs to know what a fact's command would reach.
    """
    found: list[Match] = []
    for index, fact in facts:
        command = reading.commands[index]
        found += _seen_first(list(_about_fact(rules, fact, index, command, line, watch, target_of)))
    found += _about_line(rules, reading)
    found += _about_paths(rules, reading, line.cwd)
    return tuple(dict.fromkeys(found))


def considered(rules: RuleSet, fact: Fact) -> tuple[Rule, ...]:
    """Return the rules that look at a fact, whether they match or not."""
    return tuple(rule for rule in rules.about(*_keys(fact)))


def _keys(fact: Fact) -> tuple[str, ...]:
    match fact:
        case CliCall() if fact.program in _CLOUD:
            return ()
        case CliCall() | CloudCall():
            return (f"cli {_program(fact)}", f"cli {EVERYTHING}")
        case HttpRequest():
            hosts = {fact.host.lower().rstrip("."), fact.connect_host.lower(), EVERYTHING}
            return tuple(f"{kind} {host}" for kind in ("http", "graphql") for host in sorted(hosts))
        case SqlStatement():
            return (f"sql {fact.kind}", f"sql {EVERYTHING}")
        case FileChange():
            actions = {action_on(fact, path) for path in fact.paths} | {fact.action}
            return (*(f"file {action}" for action in sorted(actions)), f"file {EVERYTHING}")


def _program(fact: CliCall | CloudCall) -> str:
    return fact.program if isinstance(fact, CliCall) else fact.provider


def _about_fact(
    rules: RuleSet,
    fact: Fact,
    index: int,
    command: SimpleCommand,
    line: CommandLine,
    watch: Watch | None,
    target_of: TargetOf,
) -> Iterator[tuple[bool, Match]]:
    keys = _keys(fact)
    for rule in rules.about(*keys) if watch else rules.that_may_fit(fact, command, *keys):
        for part in _parts(rule, fact):
            judged = _judge(rule, fact, part, command, rules, line, lambda: target_of(index, fact))
            if watch:
                watch(index, fact, rule, part, judged)
            if not isinstance(judged, str):
                yield judged.sure, _match_of(rule, judged, target_of(index, fact), index, command)


def _judge(
    rule: Rule,
    fact: Fact,
    part: Part,
    command: SimpleCommand,
    rules: RuleSet,
    line: CommandLine,
    target: Callable[[], Target],
) -> Hit | str:
    """Return the rule's hit on a part of a fact, or why there is none."""
    hit = _hit(rule, fact, part, command, rules)
    if not hit:
        return MISFIT
    if _excepted(rule, fact, part, command, rules):
        return EXCEPTED
    checked = _when(rule, hit, target, command, line)
    if not checked:
        return CONDITION
    return checked if checked.sure or not rule.certain else UNCERTAIN


def _seen_first(found: list[tuple[bool, Match]]) -> list[Match]:
    """Keep what is certain, and of what cannot be seen only the worst: one question, not twenty."""
    sure = [m for certain, m in found if certain]
    unsure = [m for certain, m in found if not certain]
    if not unsure:
        return sure
    worst = max(unsure, key=_weight)
    if any(_weight(m) >= _weight(worst) for m in sure):
        return sure
    return [*sure, worst]


def _weight(found: Match) -> tuple[bool, int]:
    return found.deny, _RANK[found.severity]


def _parts(rule: Rule, fact: Fact) -> Iterable[Part]:
    """Return the parts of a fact that a rule speaks of one by one; None is the fact as a whole."""
    if isinstance(fact, FileChange):
        return fact.paths
    if rule.notation == "graphql" and isinstance(fact, HttpRequest):
        unseen = any(c.startswith(("body", "query", "graphql")) for c in fact.cannot_see)
        return (*fact.graphql, None) if unseen else fact.graphql
    return (None,)


def _hit(
    rule: Rule,
    fact: Fact,
    part: Part,
    command: SimpleCommand,
    rules: RuleSet,
) -> Hit | None:
    """Return the surest hit of the rule's patterns."""
    found = None
    for pattern in rule.patterns:
        hit = compare(pattern, fact, part, command, rules)
        if hit and (hit.sure or not found):
            found = hit
            if hit.sure:
                break
    return found


def _excepted(
    rule: Rule,
    fact: Fact,
    part: Part,
    command: SimpleCommand,
    rules: RuleSet,
) -> bool:
    """Claim that an `unless` certainly matches."""
    hits = (compare(p, fact, part, command, rules, exact=True) for p in rule.unless)
    return any(hit is not None and hit.sure for hit in hits)


def compare(
    pattern: Pattern,
    fact: Fact,
    part: Part,
    command: SimpleCommand,
    rules: RuleSet,
    *,
    exact: bool = False,
) -> Hit | None:
    """Return the hit of one pattern on a part of a fact; `exact` takes no guess."""
    match pattern, fact:
        case CliPattern(), CliCall() | CloudCall():
            if not pattern.programs.holds(_program(fact)):
                return None
            call, grammar = rules.read_as_call(fact, command)
            cloud = isinstance(fact, CloudCall)
            return cli_hit(pattern, call, command, grammar, exact=exact, cloud=cloud)
        case HttpPattern(), HttpRequest():
            return http_hit(pattern, fact)
        case GraphqlPattern(), HttpRequest() if not isinstance(part, PathEffect):
            return graphql_hit(pattern, fact, part)
        case SqlPattern(), SqlStatement():
            return sql_hit(pattern, fact)
        case FilePattern(), FileChange() if isinstance(part, PathEffect):
            return file_hit(pattern, fact, part)
    return None


def _when(
    rule: Rule, hit: Hit, target: Callable[[], Target], command: SimpleCommand, line: CommandLine
) -> Hit | None:
    """Return the hit if the rule's condition holds, or cannot be decided."""
    if not rule.when:
        return hit
    variables = {
        **hit.variables,
        "target": condition.target(target()),
        "program": command.program,
        "cwd": command.cwd or line.cwd,
        "env": line.env | {a.name: a.value.text for a in command.assignments if a.value.known},
    }
    held = condition.holds(rule.when, variables)
    if held is False:
        return None
    return hit if held else hit.but(sure=False, cannot_see=(*hit.cannot_see, f"when: {rule.when}"))


def _about_line(rules: RuleSet, reading: Reading) -> Iterator[Match]:
    """Yield what is said of the reading itself, and of commands that are no fact of a tool."""
    if isinstance(reading, Unparsed):
        named = {c.program for c in reading.commands} | {*reading.names}
        known = tuple(sorted(named & rules.programs))
        hit = Hit(known or ("none that a rule knows",), {"reason": reading.reason})
        for rule in rules.about("line unparsed") if known or reading.beyond else ():
            yield _match_of(rule, hit, _ANYWHERE, -1, None).but(span=reading.span)
    # A function or an alias may have taken the name of the tool.
    setups = not any(c.origin is Origin.FUNCTION or c.program == "alias" for c in reading.commands)
    for index, command in enumerate(reading.commands):
        for about, hit, target in _line_hits(command, setups):
            for rule in rules.about(f"line {about}"):
                if _named(rule.patterns, hit) and not _named(rule.unless, hit):
                    yield _match_of(rule, hit, target, index, command)


def _line_hits(command: SimpleCommand, setups: bool) -> Iterator[tuple[str, Hit, Target]]:
    word = command.words[0].text if command.words and not command.words[0].known else ""
    if word and not (setups and is_setup(word)):
        seen = {"program": word}
        yield "unknown-program", Hit((word,), seen, cannot_see=(f"program: {word}",)), _ANYWHERE
    code = unseen_code(command)
    if code and not (setups and is_setup(code)):
        yield "unseen-code", Hit((command.program,), cannot_see=(f"code: {code}",)), _ANYWHERE
    for name, value in _assigned(command):
        yield "assign", Hit((name,), {"name": name, "value": value}), _HERE


def _named(patterns: Iterable[Pattern], hit: Hit) -> bool:
    value = hit.captures.get("value", "")
    return any(
        isinstance(p, LinePattern)
        and p.words.holds(hit.names[0])
        and all(names(choice, (value,)) for choice in p.named)
        for p in patterns
    )


def _about_paths(rules: RuleSet, reading: Reading, cwd: str) -> Iterator[Match]:
    """Yield what is said of a command because of a path that one of its words means."""
    speaking, needed = rules.about_paths()
    for index, command in enumerate(reading.commands if speaking else ()):
        paths = pointed_at(command, cwd) if may_point(needed, command, cwd) else ()
        for rule in speaking if paths else ():
            path = _pointed(rule.patterns, command.program, paths)
            if path and not _pointed(rule.unless, command.program, paths):
                yield _match_of(rule, Hit((path,)), _HERE, index, command)


def _pointed(patterns: Iterable[Pattern], program: str, paths: tuple[str, ...]) -> str:
    """Return the first of a program's paths that one of the patterns speaks of."""
    fitting = (p for p in patterns if isinstance(p, LinePattern) and p.words.holds(program))
    return next(filter(None, (points(p.paths, paths) for p in fitting)), "")


def _assigned(command: SimpleCommand) -> Iterator[tuple[str, str]]:
    """Yield what a simple command assigns: `A=1`, `A=1 program`, `export A=1`, `env A=1 program`."""
    for assignment in command.assignments:
        yield assignment.name, assignment.value.text
    if command.program in ("export", "declare", "typeset", "local", "readonly"):
        for word in command.words[1:]:
            name, equals, value = word.text.partition("=")
            if equals:
                yield name, value


def _match_of(
    rule: Rule, hit: Hit, target: Target, index: int, command: SimpleCommand | None
) -> Match:
    captures = {
        "program": (command.program or "the shell") if command else "",
        "target": called(target),
        **{str(n): name for n, name in enumerate(hit.names, 1)},
        "names": ", ".join(hit.names),
        **hit.captures,
    }
    about, lost = _about(rule, hit)
    empty = "(unseen)" if hit.cannot_see or not hit.sure else "(not named)"
    return Match(
        rule=rule.id,
        klass=rule.klass,
        severity=rule.severity,
        say=fill(rule.say, captures, empty),
        instead=fill(rule.instead, captures, empty),
        target=target,
        command=index,
        span=command.span if command else Span(0, 0),
        preview="" if target.kind in _NO_SQL else fill(rule.preview, captures, empty),
        deny=rule.deny,
        names=tuple(map(one_line, about)),
        lost=tuple(one_line(f"{hit.part}{name}") for name in lost),
        cannot_see=tuple(one_line(c) for c in hit.cannot_see),
    )


def _about(rule: Rule, hit: Hit) -> tuple[Iterable[str], Iterable[str]]:
    """Return what a match is about, of which a name may have to be typed, and what of it is destroyed."""
    if rule.loses is not None:
        found = [
            name for said in rule.loses for name in _meant(said.strip("{}"), hit) if name.strip()
        ]
        return dict.fromkeys(found), dict.fromkeys(found)
    lost = hit.names if hit.lost is None else hit.lost
    about = dict.fromkeys((*lost, *hit.names))
    return about, dict.fromkeys(lost) if rule.klass in LOSING else ()


def _meant(capture: str, hit: Hit) -> Iterable[str]:
    """Return what one word of a rule's `loses` stands for."""
    if capture.isdigit():
        return hit.names[int(capture) - 1 : int(capture)]
    if capture in SOME:
        return hit.names[SOME[capture]]
    return (hit.captures.get(capture, ""),)


def called(target: Target) -> str:
    """Return a target's name, with the label where the name does not say it already."""
    name = target.name or target.kind
    return (
        name
        if target.label in (*re.split(r"\W+", name), "local", "")
        else f"{name} ({target.label})"
    )


def fill(template: str, captures: Mapping[str, str], empty: str) -> str:
    """Return the template with its captures; `empty` stands where nothing was captured."""
    return _CAPTURE.sub(lambda m: one_line(captures.get(m.group(1), "")) or empty, template)


def one_line(text: str) -> str:
    """Return text that came from an agent, made visible and short enough for one line."""
    shown = printable(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
