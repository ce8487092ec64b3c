"""`gatesh patterns`: show, check and try the rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gatesh.commands.check import concerning, loosenings, note, plain
from gatesh.commands.facts import sentence
from gatesh.doors.client import here
from gatesh.errors import Exit, PatternFileError, UsageError
from gatesh.model import CommandLine, Door, Layer, Unparsed, Verdict
from gatesh.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.model import Decision, Inspection
    from gatesh.rules.layers import Loosening
    from gatesh.rules.match import RuleSet
    from gatesh.rules.rule import Rule
    from gatesh.rules.source import PatternFile


@click.group("patterns", short_help="Show, check and try the rules.")
def patterns() -> None:
    """Show, check and try the rules."""


@patterns.command("list", short_help="List the active rules.")
@click.argument("words", nargs=-1)
def list_rules(words: tuple[str, ...]) -> None:
    """List the active rules, or those in which all WORDS occur."""
    from gatesh.rules.load import load

    for rule in load(here()).rules:
        text = " ".join((rule.id, rule.klass, rule.say, rule.notation, *rule.source)).lower()
        if all(word.lower() in text for word in words):
            deny = " deny" if rule.deny else ""
            click.echo(f"{rule.id:28} {rule.severity:8} {rule.klass:16} {rule.say}{deny}")


@patterns.command("show", short_help="Show one rule and its examples.")
@click.argument("rule_id", metavar="ID")
def show(rule_id: str) -> None:
    """Show one rule with what it catches and what it lets by."""
    from gatesh.rules import layers
    from gatesh.rules.load import load, read_all
    from gatesh.rules.notation import near

    where = here()
    files = read_all(where)
    found = [(file, rule) for file in files for rule in file.rules if rule.id == rule_id]
    if not found:
        known = [rule.id for file in files for rule in file.rules]
        hint = near(rule_id, known, "gatesh patterns list names the rules")
        raise UsageError(f"there is no rule {rule_id}", hint)
    file, written = found[0]
    active = next(r for r in load(where, cached=False).rules if r.id == rule_id)
    for text in _shown(file, active):
        click.echo(text)
    if active != written:
        click.echo("changed by: your own pattern files")
    for one in concerning(layers.loosenings(files), {rule_id}, set()):
        click.echo(f"note:       {note(one)}")


def _shown(file: PatternFile, rule: Rule) -> Iterator[str]:
    yield f"{rule.id}  ({file.path}:{rule.line}, {rule.layer})"
    yield f"severity:   {rule.severity}{', deny' if rule.deny else ''}"
    yield f"class:      {rule.klass}"
    yield from (f"{rule.notation + ':':11} {text}" for text in rule.source)
    if rule.when:
        yield f"when:       {rule.when}"
    yield f"say:        {rule.say}"
    yield f"instead:    {rule.instead}"
    if rule.preview:
        yield f"preview:    {rule.preview}"
    examples = file.examples[rule.id]
    for kind, lines in (
        ("catches", examples.catches),
        ("passes", examples.passes),
        ("misses", examples.known_misses),
    ):
        yield from (f"{kind + ':':11} {line}" for line in lines)


@patterns.command("lint", short_help="Check the form of pattern files.")
@click.argument("files", nargs=-1, type=click.Path())
def lint(files: tuple[str, ...]) -> None:
    """Check the form of every pattern file, or of FILES beside the shipped ones."""
    from gatesh.rules import layers

    mistakes: list[PatternFileError] = []
    read = _read(files, mistakes.append)
    for mistake in mistakes:
        click.echo(mistake.lines(), err=True, nl=False)
    if mistakes:
        raise click.exceptions.Exit(Exit.USAGE)
    for one in layers.loosenings(read):
        click.echo(f"note: {note(one)}")
    click.echo(f"{sum(len(file.rules) for file in read)} rules, nothing wrong")


@patterns.command("test", short_help="Run the examples of the rules.")
@click.argument("files", nargs=-1, type=click.Path())
@click.pass_context
def test(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Run the examples of every rule, or of those in FILES, through reading, facts and rules."""
    from gatesh.policy import verdict_of
    from gatesh.rules import examples, layers

    read = _read(files)
    rules = layers.combine(read)
    wanted = {os.path.abspath(f) for f in files}
    broken = count = 0
    for file in read:
        if wanted and os.path.abspath(file.path) not in wanted:
            continue
        for rule in file.rules:
            shown = file.examples[rule.id]
            count += len(shown.catches) + len(shown.passes) + len(shown.known_misses)
            for wrong in examples.check(
                rules, rule.id, shown, lambda m: verdict_of(m) is not Verdict.ALLOW
            ):
                broken += 1
                click.echo(f"{file.path}:{rule.line}: {wrong.rule}: {wrong.kind}: {wrong.line}")
                click.echo(f"    {wrong.said}")
    click.echo(f"{count} examples, {broken} broken")
    ctx.exit(Exit.ASKED if broken else Exit.OK)


def _read(
    files: tuple[str, ...], report: Callable[[PatternFileError], None] | None = None
) -> tuple[PatternFile, ...]:
    """Read the pattern files as the examples' world has them; named ones join the shipped ones."""
    from gatesh.rules import load
    from gatesh.rules.examples import PLACES

    found = load.files(here())
    if files:
        known = {os.path.abspath(path) for path, _ in found}
        found += [(f, Layer.USER) for f in files if os.path.abspath(f) not in known]
    return load.read_all(PLACES, found, report)


@patterns.command("explain", short_help="Show how a line is read and judged.")
@click.argument("line")
@click.option("--cwd", default="", metavar="DIR", help="The folder the command would run in.")
def explain(line: str, cwd: str) -> None:
    """Show how LINE is read: its commands, the facts, the rules that looked, and what they say."""
    from gatesh.rules.load import load
    from gatesh.wiring import gate_for_check

    where = here()
    gate, world = gate_for_check(where)
    folder = os.path.abspath(cwd) if cwd else os.getcwd()
    seen, decision = gate.consider(CommandLine(line, folder, dict(os.environ), Door.CHECK), world)
    for text in _explained(load(where), seen, decision, loosenings(where)):
        click.echo(printable(text))


def _explained(
    rules: RuleSet, seen: Inspection, decision: Decision, loosened: tuple[Loosening, ...]
) -> Iterator[str]:
    from gatesh.policy import verdict_of
    from gatesh.rules.match import considered

    reading = seen.reading
    if isinstance(reading, Unparsed):
        yield f"cannot be read: {reading.reason} (names: {', '.join(reading.names) or 'none'})"
    for index, command in enumerate(reading.commands):
        words = " ".join(f"[{w.text}]" + ("" if w.known else "?") for w in command.words)
        yield f"command {index} ({command.origin}): {words}"
        for fact in (f for number, f in seen.facts if number == index):
            yield f"  fact {sentence(type(fact).__name__, plain(fact))}"
            looked = ", ".join(rule.id for rule in considered(rules, fact))
            yield f"    looked at by: {looked or 'no rule'}"
    for found in decision.matches:
        where = f"command {found.command}" if found.command >= 0 else "the line"
        yield f"match {found.rule} ({found.severity}, {where}, {found.target.locality} target): {found.say}"
        yield from (f"  cannot see {what}" for what in found.cannot_see)
        yield f"  leads to: {verdict_of(found)}"
    yield f"verdict: {decision.verdict}"
    programs = {command.program for command in reading.commands}
    about = concerning(loosened, {m.rule for m in decision.matches}, programs)
    yield from (f"note: {note(one)}" for one in about)
