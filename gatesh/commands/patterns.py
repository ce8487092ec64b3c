"""`gatesh patterns`: show, check and try the rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gatesh.commands.check import concerning, note
from gatesh.commands.patterns_backtest import backtest, coverage
from gatesh.commands.patterns_explain import explain
from gatesh.commands.patterns_new import new
from gatesh.commands.patterns_trust import trust
from gatesh.commands.patterns_tune import tune
from gatesh.doors.client import here
from gatesh.errors import Exit, PatternFileError, UsageError
from gatesh.model import Layer, Severity, Verdict
from gatesh.printable import printable
from gatesh.rules.rule import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.model import Match
    from gatesh.rules.examples import Broken
    from gatesh.rules.layers import Effect
    from gatesh.rules.match import RuleSet
    from gatesh.rules.rule import Examples, Rule
    from gatesh.rules.source import PatternFile


@click.group("patterns", short_help="Show, check and try the rules.")
def patterns() -> None:
    """Show, check and try the rules."""


@patterns.command("list", short_help="List the active rules.")
@click.argument("words", nargs=-1)
@click.option(
    "--class", "klass", type=click.Choice(sorted(CLASSES)), metavar="CLASS", help="Of this class."
)
@click.option(
    "--severity", type=click.Choice([s.value for s in Severity]), help="Of this severity."
)
@click.option("--program", default="", metavar="NAME", help="That look at this program's lines.")
@click.option(
    "--file", "file_", default="", metavar="NAME", help="Of this pattern file: aws, mine.toml."
)
@click.option(
    "--changed", is_flag=True, help="Your changes of rules instead, and whether they count."
)
def list_rules(
    words: tuple[str, ...], klass: str, severity: str, program: str, file_: str, changed: bool
) -> None:
    """List the active rules, or those in which all WORDS occur."""
    if changed:
        _list_changes()
        return
    from gatesh.rules.load import load, projects_of

    wanted, none = [word.lower() for word in words], True
    for rule in load(here(), projects=projects_of(os.getcwd())).rules:
        text = " ".join((rule.id, rule.klass, rule.say, rule.notation, *rule.source)).lower()
        if (
            all(word in text for word in wanted)
            and klass in (None, rule.klass)
            and severity in (None, rule.severity)
            and (not program or _speaks_of(rule, program))
            and (not file_ or _is_file(rule.file, file_))
        ):
            none = False
            deny = " deny" if rule.deny else ""
            mark = "" if rule.layer is Layer.SHIPPED else f" [{rule.layer}]"
            click.echo(f"{rule.id:28} {rule.severity:8} {rule.klass:16} {rule.say}{deny}{mark}")
    if none:
        click.echo(
            "gatesh: hint: no rule is like that; gatesh patterns list shows all of them", err=True
        )


def _list_changes() -> None:
    from gatesh.rules import layers, load

    where = here()
    files = load.read_all(where, load.files(where, load.projects_of(os.getcwd())))
    for one in layers.effects(files):
        if one.change is None:
            continue
        what = f"{one.change.rule}: {one.change.key} = {_toml(one.change.value)}"
        click.echo(f"{what}  [{one.file}:{one.line}] {_state(one)}")


def _state(one: Effect) -> str:
    if one.counts:
        return "counts"
    if one.layer is Layer.PROJECT:
        return "does not count: the project is not trusted"
    return "counts under a keeper whose person has confirmed it"


def _speaks_of(rule: Rule, program: str) -> bool:
    """Claim that a rule looks at a program's lines, or at what they ask of a host."""
    from gatesh.rules.rule import CliPattern, LinePattern

    return any(
        (isinstance(p, CliPattern) and p.programs.holds(program))
        or (isinstance(p, LinePattern) and p.about == "names" and program in p.words.literals)
        for p in rule.patterns
    )


def _is_file(path: str, name: str) -> bool:
    return path == name or os.path.basename(path) in (name, f"{name}.toml")


@patterns.command("show", short_help="Show one rule and its examples.")
@click.argument("rule_id", metavar="ID")
def show(rule_id: str) -> None:
    """Show one rule as it is written, what changes it, and whether that counts."""
    from gatesh.rules import layers
    from gatesh.rules.load import files as listed
    from gatesh.rules.load import load, projects_of, read_all
    from gatesh.rules.positions import table_of

    where, projects = here(), projects_of(os.getcwd())
    files = read_all(where, listed(where, projects))
    file, rule = found(files, rule_id)
    click.echo(f"{rule.id}  ({file.path}:{rule.line}, {rule.layer})\n")
    click.echo(printable(table_of(_read_text(file.path), rule_id), lines=True))
    for change in (c for other in files for c in other.overrides if c.rule == rule_id):
        click.echo(f"changed by: {change.file}:{change.line}: {change.key} = {_toml(change.value)}")
    active = next(
        (r for r in load(where, projects=projects, cached=False).rules if r.id == rule_id), None
    )
    if active and active.deny:
        click.echo("verdict:    deny, without asking")
    for one in concerning(layers.loosenings(files), {rule_id}, set()):
        click.echo(f"note:       {note(one)}")


def found(files: tuple[PatternFile, ...], rule_id: str) -> tuple[PatternFile, Rule]:
    """Return a rule as it is written, and its file; raises UsageError with the nearest id."""
    from gatesh.rules.notation import near

    written = {rule.id: (file, rule) for file in files for rule in file.rules}
    if rule_id not in written:
        hint = near(rule_id, written, "gatesh patterns list names the rules")
        raise UsageError(f"there is no rule {rule_id}", hint)
    return written[rule_id]


def _toml(value: object) -> str:
    import json

    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


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
@click.option("--plain", "plainly", is_flag=True, help="As written only, not in disguise.")
@click.pass_context
def test(ctx: click.Context, files: tuple[str, ...], plainly: bool) -> None:
    """Run the examples of every rule, or of those in FILES, through reading, facts and rules.

    Each simple line is tried in disguise as well: under sudo, in sh -c and $( ), oddly quoted …
    """
    from gatesh.rules import layers

    read = _read(files)
    rules = layers.combine(read)
    wanted = {os.path.abspath(f) for f in files}
    tried = broken = varied = 0
    for file in read:
        if wanted and os.path.abspath(file.path) not in wanted:
            continue
        for rule in file.rules:
            shown = file.examples[rule.id]
            tried += len(shown.catches) + len(shown.passes) + len(shown.known_misses)
            wrong, count = examined(rules, rule, shown, plainly=plainly)
            varied += count
            broken += len(wrong)
            for one in wrong:
                click.echo(
                    f"{file.path}:{rule.line}: {one.rule}: {one.kind}: {printable(one.line)}"
                )
                click.echo(f"    {one.said}")
    also = "" if plainly else f", {varied} in disguise"
    click.echo(f"{tried} examples{also}, {broken} broken")
    ctx.exit(Exit.ASKED if broken else Exit.OK)


def examined(
    rules: RuleSet, rule: Rule, shown: Examples, *, plainly: bool = False
) -> tuple[list[Broken], int]:
    """Return the examples of a rule that do not hold, and how many were tried in disguise."""
    from gatesh.policy import verdict_of
    from gatesh.rules import examples
    from gatesh.rules.disguise import disguises
    from gatesh.scope.labels import Labels

    def asks(match: Match) -> bool:
        return verdict_of(match) is not Verdict.ALLOW

    labels = Labels()  # what nobody has listed: guesses
    wrong = examples.check(rules, rule.id, shown, asks, labels)
    if wrong or plainly or rule.notation == "line":
        return wrong, 0
    catches = tuple(text for line in shown.catches for _, text in disguises(line))
    passes = tuple(text for line in shown.passes for _, text in disguises(line))
    # What a rule that only records lets by is compared with its own matches; a prefix does not matter.
    hidden = shown.but(catches=catches, passes=passes, known_misses=())
    return examples.check(rules, rule.id, hidden, asks, labels), len(catches) + len(passes)


@patterns.command("schema", short_help="Print the JSON Schema of pattern files.")
@click.option("--scope", is_flag=True, help="That of scope.toml instead.")
def schema(*, scope: bool) -> None:
    """Print the JSON Schema of pattern files, by which editors complete and check them."""
    import json

    if scope:
        from gatesh.scope.schema import schema as made
    else:
        from gatesh.rules.schema import schema as made

    click.echo(json.dumps(made(), indent=1))


def _read(
    files: tuple[str, ...], report: Callable[[PatternFileError], None] | None = None
) -> tuple[PatternFile, ...]:
    """Read the pattern files as the examples' world has them; named ones join the shipped ones.

    One that is called as a shipped one takes its place: it is the next version of it.
    """
    from gatesh.rules import load
    from gatesh.rules.examples import PLACES

    named = {os.path.basename(f): f for f in files}
    listed = [
        (named.get(os.path.basename(path), path) if layer is Layer.SHIPPED else path, layer)
        for path, layer in load.files(here())
    ]
    known = {os.path.abspath(path) for path, _ in listed}
    listed += [(f, Layer.USER) for f in files if os.path.abspath(f) not in known]
    return load.read_all(PLACES, listed, report)


for command in (explain, new, tune, backtest, coverage, trust):
    patterns.add_command(command)
