"""`gatesh patterns new`: a rule from a command line, by a few questions, tested before it is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gatesh.commands.patterns_backtest import everything_confirmed, pasts, told
from gatesh.doors.client import here
from gatesh.errors import PatternFileError, UsageError
from gatesh.model import Severity
from gatesh.printable import printable
from gatesh.rules.rule import CLASSES

if TYPE_CHECKING:
    from typing import Any

    from gatesh.model import Fact
    from gatesh.places import Places
    from gatesh.rules.draft import Draft
    from gatesh.rules.source import PatternFile

_FILE = "mine.toml"


@click.command("new", short_help="Write a rule for a command line.")
@click.argument("line", required=False)
@click.option(
    "--from", "record", type=click.IntRange(1), metavar="N", help="Take the line of record N."
)
@click.option(
    "--file", "name", default=_FILE, show_default=True, help="Which of your pattern files."
)
def new(line: str | None, record: int | None, name: str) -> None:
    """Write a rule that catches LINE, or a recorded one, into your own pattern files.

    Enter takes what is offered. The rule is checked and tested before it is written; it counts at once.
    """
    from gatesh.rules.draft import drafts

    if (line is None) is (record is None):
        raise UsageError("new takes one LINE, or --from N", "gatesh history lists the records")
    if os.path.basename(name) != name or not name.endswith(".toml"):
        raise UsageError(
            f"{name} is no pattern file's name", "a name that ends in .toml, no folder"
        )
    where = here()
    text, facts = _recorded(where, record) if record else _read(where, line or "")
    found = drafts(facts, where.user_home)
    if not found:
        raise UsageError(
            "there is nothing in this line to speak of",
            "gatesh patterns explain shows what is seen",
        )
    click.echo(f"a rule for: {printable(text)}")
    draft = _chosen(found)
    file = f"{where.user_patterns}/{name}"
    taken = _taken(where)
    while True:
        rule_id, fields = _asked(draft, text, taken)
        after = _tried(where, file, rule_id, fields)
        if after and _holds(after, rule_id):
            break
        click.echo("once more; Enter takes what is offered")
        draft = draft.but(pattern=fields[draft.notation], when=fields.get("when", ""))
    _write(where, file, rule_id, fields)


def _recorded(where: Places, record: int) -> tuple[str, tuple[tuple[int, Fact], ...]]:
    past, _ = pasts(where, records=(record,))
    if not past:
        raise UsageError(f"there is no record {record}", "gatesh history lists them")
    return past[0].text, past[0].facts


def _read(where: Places, line: str) -> tuple[str, tuple[tuple[int, Fact], ...]]:
    from gatesh.model import CommandLine, Door
    from gatesh.wiring import gate_for_check

    gate, world = gate_for_check(where, os.getcwd())
    seen, _ = gate.consider(CommandLine(line, os.getcwd(), dict(os.environ), Door.CHECK), world)
    return line, seen.facts


def _chosen(found: tuple[Draft, ...]) -> Draft:
    if len(found) == 1:
        return found[0]
    click.echo("it does several things; which of them is the rule about?")
    for number, draft in enumerate(found, 1):
        click.echo(f"  {number}  {draft.notation:8} {printable(draft.pattern)}")
    return found[click.prompt("number", default=1, type=click.IntRange(1, len(found))) - 1]


def _taken(where: Places) -> frozenset[str]:
    from gatesh.rules import load

    return frozenset(rule.id for file in load.read_all(where) for rule in file.rules)


def _free(wanted: str, taken: frozenset[str]) -> str:
    """Return the name, or the first `name-2`, `name-3` … that no rule has."""
    names = (f"{wanted}-{n}" if n > 1 else wanted for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _asked(draft: Draft, line: str, taken: frozenset[str]) -> tuple[str, dict[str, Any]]:
    """Ask for each part of the rule; what is offered makes one already."""
    from gatesh.rules.draft import again, look_alike

    pattern = click.prompt(
        f"{draft.notation} pattern ({{a,b}} either, * anything)", default=draft.pattern
    )
    offered = draft.but(pattern=pattern)
    rule_id = click.prompt("name of the rule", default=_free(offered.id, taken))
    while rule_id in taken:
        click.echo(f"there is a rule {rule_id} already; gatesh patterns show {rule_id}")
        rule_id = click.prompt("name of the rule", default=_free(offered.id, taken))
    severity = click.prompt(
        "severity (critical, high: ask; medium: ask if it is not on this machine; low: record)",
        default=Severity.HIGH.value, type=click.Choice([s.value for s in Severity]), show_choices=False,
    )  # fmt: skip
    klass = click.prompt(
        "class", default=draft.klass, type=click.Choice(sorted(CLASSES)), show_choices=False
    )
    say = click.prompt("what is lost", default=draft.say)
    instead = click.prompt("the safer way", default="ask first what it is needed for")
    passes = click.prompt("a line like it that is harmless", default=draft.passes)
    when = {"when": draft.when} if draft.when else {}
    return rule_id, {
        draft.notation: pattern, **when, "severity": severity, "class": klass, "say": say, "instead": instead,
        "catches": [line, again(line)], "passes": [passes, look_alike(line)],
    }  # fmt: skip


def _tried(
    where: Places, file: str, rule_id: str, fields: dict[str, Any]
) -> tuple[PatternFile, ...] | None:
    """Return all pattern files with the rule in them, or None where it has a mistake, which is told."""
    from gatesh.rules import edit, journal, load
    from gatesh.rules.examples import PLACES

    text = edit.with_rule(journal.read(file) or "", rule_id, fields)
    try:
        return load.read_all(PLACES, load.files(where), instead={file: text})
    except PatternFileError as error:
        click.echo(error.lines(), nl=False, err=True)
        return None


def _holds(files: tuple[PatternFile, ...], rule_id: str) -> bool:
    from gatesh.commands.patterns import examined, found
    from gatesh.rules import layers

    file, rule = found(files, rule_id)
    wrong, varied = examined(layers.combine(files), rule, file.examples[rule_id])
    for one in wrong:
        click.echo(f"{one.kind}: {printable(one.line)}\n    {one.said}", err=True)
    if not wrong:
        click.echo(f"it catches and passes what it should, {varied} times in disguise as well")
    return not wrong


def _write(where: Places, file: str, rule_id: str, fields: dict[str, Any]) -> None:
    from gatesh.audit.replay import changes
    from gatesh.rules import edit, journal, load

    text = journal.read(file) or edit.heading()
    made = edit.with_rule(text, rule_id, fields)
    click.echo("\n" + made[len(text.rstrip("\n")) :].strip("\n") + "\n")
    before, after = load.read_all(where), load.read_all(where, instead={file: made})
    past, _ = pasts(where)
    found = list(changes(past, everything_confirmed(after), everything_confirmed(before)))
    click.echo(f"of {len(past)} recorded command lines:")
    for one in told(found):
        click.echo(f"  {one}")
    if click.confirm(f"write it to {file}?", default=True):
        journal.write(where, file, made, f"new rule {rule_id}")
        click.echo("it counts at once; gatesh patterns tune --undo takes it back")
