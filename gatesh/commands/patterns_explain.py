"""`gatesh patterns explain`: how a line is read, what each rule made of it, and why the others did not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gatesh.commands.check import concerning, loosenings, note, plain
from gatesh.commands.facts import sentence
from gatesh.doors.client import here
from gatesh.model import CommandLine, Door, Unparsed
from gatesh.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Decision, Fact, Inspection, SimpleCommand
    from gatesh.rules.layers import Loosening
    from gatesh.rules.match import RuleSet
    from gatesh.rules.trace import Look, Trace

_TOLD = 8  # rules of which it is told one by one why they did not match
_NAMED = 6  # of the rest


@click.command("explain", short_help="Show how a line is read and judged.")
@click.argument("line")
@click.option("--cwd", default="", metavar="DIR", help="The folder the command would run in.")
@click.option("--all", "every", is_flag=True, help="Every rule that looked, however far off.")
def explain(line: str, cwd: str, every: bool) -> None:
    """Show how LINE is read: its commands, the facts, the rules that looked, and what they say."""
    from gatesh.rules.load import load, projects_of
    from gatesh.rules.trace import Trace
    from gatesh.wiring import gate_for_check

    where = here()
    folder = os.path.abspath(cwd) if cwd else os.getcwd()
    gate, world = gate_for_check(where, folder)
    asked = CommandLine(line, folder, dict(os.environ), Door.CHECK)
    trace = Trace()
    seen, decision = gate.consider(asked, world, trace.watch)
    told = _explained(
        load(where, projects=projects_of(folder)),
        seen,
        decision,
        loosenings(where, folder),
        trace,
        10**6 if every else _TOLD,
    )
    for text in told:
        click.echo(printable(text))


def _explained(
    rules: RuleSet,
    seen: Inspection,
    decision: Decision,
    loosened: tuple[Loosening, ...],
    trace: Trace,
    most: int,
) -> Iterator[str]:
    from gatesh.policy import verdict_of

    reading = seen.reading
    if isinstance(reading, Unparsed):
        yield f"cannot be read: {reading.reason} (names: {', '.join(reading.names) or 'none'})"
    spoken = {(m.rule, m.command) for m in decision.matches}
    for index, command in enumerate(reading.commands):
        words = " ".join(f"[{w.text}]" + ("" if w.known else "?") for w in command.words)
        yield f"command {index} ({command.origin}): {words}"
        for fact in (f for number, f in seen.facts if number == index):
            yield f"  fact {sentence(type(fact).__name__, plain(fact))}"
            looks = list(trace.of(index, fact))
            yield from (
                f"    {text}" for text in _looked(rules, looks, fact, command, spoken, most)
            )
    for found in decision.matches:
        where = f"command {found.command}" if found.command >= 0 else "the line"
        yield f"match {found.rule} ({found.severity}, {where}, {found.target.locality} target): {found.say}"
        yield from (f"  cannot see {what}" for what in found.cannot_see)
        yield f"  leads to: {verdict_of(found)}"
    yield f"verdict: {decision.verdict}"
    programs = {command.program for command in reading.commands}
    about = concerning(loosened, {m.rule for m in decision.matches}, programs)
    yield from (f"note: {note(one)}" for one in about)


def _looked(
    rules: RuleSet,
    looks: list[Look],
    fact: Fact,
    command: SimpleCommand,
    spoken: set[tuple[str, int]],
    most: int,
) -> Iterator[str]:
    """Yield what each rule made of a fact: those that match, then the others, the nearest first."""
    from gatesh.rules.match import considered
    from gatesh.rules.trace import fitting, lacking

    hits = [look for look in looks if not isinstance(look.judged, str)]
    for look in hits:
        sure = look.judged if isinstance(look.judged, str) else look.judged.sure
        given = "" if (look.rule.id, look.command) in spoken else "; a worse one speaks for it"
        how = "fits" if sure else "fits as far as can be seen"
        yield f"yes  {look.rule.id}: {fitting(look, command, rules)} {how}{given}"
    matched = {look.rule.id for look in hits}
    missed: dict[str, tuple[int, str]] = {}
    for look in looks:
        if look.rule.id not in matched:
            told = lacking(look, command, rules)
            missed[look.rule.id] = max(missed.get(look.rule.id, (-1, "")), told, key=lambda t: t[0])
    nearest = sorted(missed, key=lambda rule: -missed[rule][0])
    close = [rule for rule in nearest if missed[rule][0] > 0][:most]
    yield from (f"no   {rule}: {missed[rule][1]}" for rule in close)
    silent = [r.id for r in considered(rules, fact) if r.id not in matched | {*missed}]
    rest = [rule for rule in nearest if rule not in close]
    yield from _summed(rest, "speak of something else", most)
    yield from _summed(silent, "found nothing in it to look at", most)
    if not looks and not silent:
        yield "no rule speaks of it"


def _summed(rules: list[str], what: str, most: int) -> Iterator[str]:
    if rules:
        count = max(_NAMED, most if most > _TOLD else 0)
        more = f" and {len(rules) - count} more" if len(rules) > count else ""
        yield f"no   {', '.join(rules[:count])}{more}: {what}"
