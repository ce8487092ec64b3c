"""`gatesh patterns tune`: change a rule, and see first which recorded lines that would have changed."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

import click

from gatesh.audit.query import AuditReader, parse_time
from gatesh.commands.patterns_backtest import everything_confirmed, fit, pasts, told
from gatesh.doors.client import here
from gatesh.errors import UsageError
from gatesh.model import Layer, Severity
from gatesh.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.audit.replay import Past
    from gatesh.places import Places
    from gatesh.rules.source import PatternFile

_SHOWN = 15
_OWN_FILE = "tuned.toml"


@click.command("tune", short_help="Change a rule by what it did.")
@click.argument("rule_id", metavar="ID", required=False)
@click.option(
    "--unless", multiple=True, metavar="PATTERN", help="Let by what fits; may be repeated."
)
@click.option("--when", metavar="CEL", help="Only when this holds too: target.name != 'staging'.")
@click.option(
    "--severity", type=click.Choice([s.value for s in Severity]), help="Another severity."
)
@click.option("--off", is_flag=True, help="Switch the rule off.")
@click.option("--deny", is_flag=True, help="Never run it, do not even ask.")
@click.option("--undo", is_flag=True, help="Take the latest change back.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--since", default="", metavar="TIME", help="Look at records from then on only.")
def tune(
    rule_id: str | None, *, unless: tuple[str, ...], when: str | None, severity: str | None, off: bool,
    deny: bool, undo: bool, dry_run: bool, since: str,
) -> None:  # fmt: skip
    """Change the rule ID in your own pattern files; its history shows first what that would change.

    Without a change, show what the rule ID held; without ID, which rules asked most, and what you answered.
    What loosens stays inactive until you confirm it at a keeper, whoever typed it here.
    """
    changes: dict[str, Any] = {}
    changes |= {"unless": list(unless)} if unless else {}
    changes |= {"when": when} if when else {}
    changes |= {"severity": severity} if severity else {}
    changes |= {"off": True} if off else {}
    changes |= {"deny": True} if deny else {}
    if undo or not rule_id:
        if changes or (undo and rule_id):
            raise UsageError("say which rule", "gatesh patterns tune ID --severity …; --undo alone")
        return _undo(here(), dry_run=dry_run) if undo else _by_rule(here(), parse_time(since))
    if off and len(changes) > 1:
        raise UsageError("a rule that is off needs nothing else", "--off alone")
    if not changes:
        return _held_by(here(), rule_id, parse_time(since))
    return _change(here(), rule_id, changes, parse_time(since), dry_run=dry_run)


def _change(
    where: Places, rule_id: str, changes: dict[str, Any], since_ns: int, *, dry_run: bool
) -> None:
    from gatesh.audit.replay import changes as changed
    from gatesh.commands.patterns import found
    from gatesh.rules import edit, journal, load

    before = load.read_all(where)
    found(before, rule_id)
    file = _file_for(where, before, rule_id)
    text = journal.read(file) or edit.heading()
    new = edit.with_override(text, rule_id, changes)
    after = load.read_all(where, instead={file: new})
    if new == text:
        click.echo(f"{file} says so already")
        return
    for line in _diff(journal.read(file) or "", new, file):
        click.echo(line)
    past, _ = pasts(where, since_ns)
    was, now = everything_confirmed(before), everything_confirmed(after)
    click.echo(f"of {len(past)} recorded command lines:")
    for line in told(list(changed(past, now, was))):
        click.echo(f"  {line}")
    if not dry_run and agreed("write this?"):
        said = ", ".join(f"{key} = {edit.toml(value)}" for key, value in changes.items())
        journal.write(where, file, new, f"{rule_id}: {said}")
        click.echo(f"written to {file}; gatesh patterns tune --undo takes it back")
        _say_what_waits(before, after)


def _file_for(where: Places, files: tuple[PatternFile, ...], rule_id: str) -> str:
    """Return the user's file that overrides the rule already, or the one for new overrides."""
    own = [
        f for f in files if f.layer is Layer.USER and any(o.rule == rule_id for o in f.overrides)
    ]
    return own[-1].path if own else f"{where.user_patterns}/{_OWN_FILE}"


def _diff(before: str, after: str, file: str) -> Iterator[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), file, file, "", "", 2, "")
    colours = {"+": "green", "-": "red"}
    for line in lines:
        yield click.style(printable(line), fg=colours.get(line[:1]))


def agreed(question: str) -> bool:
    """Ask on the terminal; without one nothing is written."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no terminal to ask on", "--dry-run shows it; a person runs it on a terminal"
        )
    return click.confirm(question, default=False)


def _say_what_waits(before: tuple[PatternFile, ...], after: tuple[PatternFile, ...]) -> None:
    """Say whether it counts at once, or waits for a person at a keeper."""
    from gatesh.keeper.rules import lost
    from gatesh.rules import layers

    known = {one.digest for one in layers.loosenings(before)}
    waiting = [one for one in layers.loosenings(after) if one.digest not in known]
    gone = lost(layers.combine(before).rules, layers.combine(after).rules)
    for one in waiting:
        click.echo(f"it loosens, and waits for you at the keeper: {printable(one.sentence)}")
        click.echo("until you confirm it there, and without a keeper, the rule stays as it was")
    for rule in gone:
        click.echo(
            f"{rule.id} catches less now; a keeper that runs asks you before it goes by that"
        )
    if not waiting and not gone:
        click.echo("it counts at once")


def _undo(where: Places, *, dry_run: bool) -> None:
    from gatesh.rules import journal, load

    last = journal.latest(where)
    if not last:
        raise UsageError("there is nothing to undo", "gatesh patterns tune writes what it can undo")
    click.echo(f"takes back: {printable(last.what)}")
    for line in _diff(last.after, last.before or "", last.file):
        click.echo(line)
    if dry_run or not agreed("take it back?"):
        return
    before = load.read_all(where)
    journal.undo(where)
    click.echo(f"{last.file} is what it was")
    _say_what_waits(before, load.read_all(where))


def _by_rule(where: Places, since_ns: int) -> None:
    """Show which rules asked most, and what was answered."""
    import os

    if not os.path.lexists(where.audit_db):
        click.echo(f"gatesh: hint: nothing has been recorded yet in {where.audit_db}", err=True)
        return
    rows = AuditReader(where.audit_db).tally(since_ns)
    click.echo(f"{'rule':28} {'asked':>6} {'approved':>9} {'rejected':>9} {'no answer':>10}")
    for row in rows:
        silent = row["asked"] - row["approved"] - row["rejected"]
        hint = "  always approved" if row["approved"] == row["asked"] > 1 else ""
        click.echo(
            f"{row['rule']:28} {row['asked']:>6} {row['approved']:>9} {row['rejected']:>9} {silent:>10}{hint}"
        )
    click.echo("gatesh patterns tune ID shows what one of them held")


def _suggested(where: Places, rule_id: str, held: list[Past]) -> Iterator[tuple[str, int]]:
    """Yield changes of the rule that the history speaks for, as options, with what they let by."""
    import shlex

    from gatesh.audit.replay import NO, YES, caught
    from gatesh.audit.replay import changes as changed
    from gatesh.errors import PatternFileError
    from gatesh.model import Verdict
    from gatesh.rules import edit, journal, load
    from gatesh.rules.suggest import suggestions

    before = load.read_all(where)
    was = everything_confirmed(before)
    approved = [one for one in held if one.answered in YES]
    facts = [fact for one in approved for fact in caught(was, one, rule_id)]
    file = _file_for(where, before, rule_id)
    for key, value in dict.fromkeys(suggestions(facts)) if facts else ():
        text = edit.with_override(
            journal.read(file) or "", rule_id, {key: [value] if key == "unless" else value}
        )
        try:
            now = everything_confirmed(load.read_all(where, instead={file: text}))
        except PatternFileError:
            continue  # a guess that is no pattern
        released = [c.past for c in changed(held, now, was) if c.after is Verdict.ALLOW]
        yes = sum(1 for one in released if one.answered in YES)
        if yes and not any(one.answered in NO for one in released):
            plain = "'" in value and not set('$`"\\!') & set(value.replace("!=", ""))
            yield f"--{key} " + (f'"{value}"' if plain else shlex.quote(value)), yes


def _held_by(where: Places, rule_id: str, since_ns: int) -> None:
    """Show the lines that a rule held, and what was answered."""
    from gatesh.audit.replay import NO, YES
    from gatesh.commands.patterns import found
    from gatesh.model import Verdict
    from gatesh.rules import load

    _, rule = found(load.read_all(where), rule_id)
    past, _ = pasts(where, since_ns)
    held: dict[str, list[Past]] = {}
    for one in past:
        if rule_id in one.rules and one.verdict is not Verdict.ALLOW:
            held.setdefault(one.text, []).append(one)
    click.echo(f"{rule_id} ({rule.severity}): {rule.say}")
    click.echo(f"{'asked':>6} {'yes':>5} {'no':>5}  line" if held else "it has held nothing yet")
    lines = sorted(held.items(), key=lambda pair: -len(pair[1]))
    for text, same in lines[:_SHOWN]:
        yes = sum(1 for one in same if one.answered in YES)
        no = sum(1 for one in same if one.answered in NO)
        click.echo(f"{len(same):>6} {yes:>5} {no:>5}  {fit(text)}")
    if len(lines) > _SHOWN:
        click.echo(f"       and {len(lines) - _SHOWN} other lines")
    click.echo(f"in its notation: {' · '.join(rule.source)}")
    for change, yes in _suggested(where, rule_id, [one for same in held.values() for one in same]):
        click.echo(f"lets by {yes} that you approved, and none that you rejected: {change}")
    click.echo(
        f"gatesh patterns tune {rule_id} --unless '…' | --when '…' | --severity … | --off | --deny"
    )
