"""`gatesh patterns backtest` and `coverage`: the pattern files against what was really submitted."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import click

from gatesh.audit.query import AuditReader, parse_time
from gatesh.commands.check import note
from gatesh.doors.client import here
from gatesh.errors import Exit
from gatesh.model import Layer, Verdict
from gatesh.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from gatesh.audit.replay import Change, Past
    from gatesh.places import Places
    from gatesh.rules.match import RuleSet
    from gatesh.rules.source import PatternFile

_SHOWN = 12  # lines of one kind of change
_WIDTH = 100
_BUILTINS = frozenset(
    "alias bg bind break builtin caller case cd command compgen complete compopt continue declare dirs"
    " disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local"
    " logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend"
    " test times trap true type typeset ulimit umask unalias unset wait . : [ [[ ((".split()
)
_SINCE = click.option(
    "--since", default="", metavar="TIME", help="30m, 2h, 3d, today, or an ISO 8601 time."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command("backtest", short_help="Judge the recorded lines again.")
@_SINCE
@click.option(
    "--patterns",
    "folder",
    type=click.Path(exists=True, file_okay=False),
    help="Try the files in this folder; each takes the place of the one of its name.",
)
@click.option("--limit", default=_SHOWN, show_default=True, help="How many lines of each kind.")
@_JSON
@click.pass_context
def backtest(ctx: click.Context, since: str, folder: str | None, limit: int, as_json: bool) -> None:
    """Judge the recorded command lines by today's pattern files, or by a changed copy of them.

    Facts are those that were recorded; nothing is read again. What loosens counts as confirmed.
    Exit 1: a line that you rejected would run now.
    """
    from gatesh.audit.replay import changes

    where = here()
    files = _files(where, folder)
    rules = everything_confirmed(files)
    past, unreadable = pasts(where, parse_time(since))
    if not past:
        click.echo(f"gatesh: hint: nothing has been recorded in {where.audit_db}", err=True)
    found = list(changes(past, rules))
    slipped = any(c.rejected and c.after is Verdict.ALLOW for c in found)
    if as_json:
        click.echo(_as_json(past, unreadable, found))
    else:
        same = sum(1 for p in past if p.digest == rules.digest)
        also = f", {same} were judged by these very rules" if same else ""
        also += f", {unreadable} cannot be judged again" if unreadable else ""
        click.echo(f"{len(past)} command lines: {len(past) - same} judged again{also}")
        for text in told(found, limit):
            click.echo(text)
        for one in _loosening(files):
            click.echo(f"note: {one}")
    ctx.exit(Exit.ASKED if slipped else Exit.OK)


def _files(where: Places, folder: str | None) -> tuple[PatternFile, ...]:
    """Read the pattern files, those of `folder` in place of the ones of the same name."""
    from gatesh.rules import load

    listed = load.files(where)
    if folder:
        tried = {n: f"{folder}/{n}" for n in sorted(os.listdir(folder)) if n.endswith(".toml")}
        listed = [(tried.pop(os.path.basename(path), path), layer) for path, layer in listed]
        listed += [(path, Layer.USER) for path in tried.values()]
    return load.read_all(where, listed)


def everything_confirmed(files: tuple[PatternFile, ...]) -> RuleSet:
    """Return the rules as they would be when a person has confirmed all that loosens."""
    from gatesh.rules import layers

    return layers.combine(files, frozenset(one.digest for one in layers.loosenings(files)))


def _loosening(files: tuple[PatternFile, ...]) -> Iterator[str]:
    from gatesh.rules import layers

    return (note(one) for one in layers.loosenings(files))


def pasts(
    where: Places, since_ns: int = 0, records: tuple[int, ...] = ()
) -> tuple[list[Past], int]:
    """Return the recorded lines, oldest first, and how many more cannot be understood."""
    if not os.path.lexists(where.audit_db):
        return [], 0
    reader = AuditReader(where.audit_db)
    read = list(reader.pasts(since_ns, records))
    found = [past for past in read if past]
    return found, len(read) - len(found)


_KINDS: tuple[tuple[str, Any], ...] = (
    ("rejected, and would run", lambda c: c.rejected and c.after is Verdict.ALLOW),
    ("approved, and no longer asked", lambda c: c.approved and c.after is Verdict.ALLOW),
    ("asked without an answer, and would run", lambda c: c.after is Verdict.ALLOW),
    ("denied from now on", lambda c: c.after is Verdict.DENY),
    ("ran, and would be asked about", lambda c: c.before is Verdict.ALLOW),
    ("denied, and would be asked about", lambda _: True),
)


def kind_of(change: Change) -> str:
    """Say in words what a change means to the person who answered."""
    return next(kind for kind, is_it in _KINDS if is_it(change))


def told(found: list[Change], limit: int = _SHOWN) -> Iterator[str]:
    """Yield the changes for a person: what they mean, the same lines counted together."""
    if not found:
        yield "no verdict changes"
    for kind, _ in _KINDS:
        of_kind = [change for change in found if kind_of(change) == kind]
        if not of_kind:
            continue
        yield f"{kind}: {len(of_kind)}"
        lines = _grouped(of_kind)
        for same in lines[:limit]:
            rules = sorted({*same[-1].past.rules} ^ {*same[-1].rules}) or same[-1].rules
            yield f"  {len(same):>4}x  {fit(same[-1].past.text)}  [{', '.join(rules)}]  {_records(same)}"
        if len(lines) > limit:
            yield f"        and {len(lines) - limit} other lines (--limit)"


def _grouped(found: Iterable[Change]) -> list[list[Change]]:
    """Put changes of the same line together, the most frequent first."""
    groups: dict[str, list[Change]] = {}
    for change in found:
        groups.setdefault(change.past.text, []).append(change)
    return sorted(groups.values(), key=len, reverse=True)


def _records(same: list[Change]) -> str:
    latest = [str(c.past.record) for c in same[-1:-4:-1]]
    return f"record {', '.join(latest)}{' …' if len(same) > len(latest) else ''}"


def fit(text: str) -> str:
    """Return a recorded line as one line of a list."""
    shown = printable(text[:_WIDTH])
    return shown if len(text) <= _WIDTH else f"{shown[:_WIDTH]}…"


def _as_json(past: list[Past], unreadable: int, found: list[Change]) -> str:
    import json

    return json.dumps(
        {
            "records": len(past),
            "unreadable": unreadable,
            "changes": [
                {
                    "kind": kind_of(same[-1]),
                    "command_line": same[-1].past.text,
                    "records": [c.past.record for c in same],
                    "answered": dict(Counter(c.past.answered for c in same)),
                    "before": same[-1].before.value,
                    "after": same[-1].after.value,
                    "rules_then": list(same[-1].past.rules),
                    "rules_now": list(same[-1].rules),
                }
                for kind, _ in _KINDS
                for same in _grouped(c for c in found if kind_of(c) == kind)
            ],
        },
        indent=2,
    )


@click.command("coverage", short_help="Show what rules and history do not share.")
@_SINCE
@click.option("--limit", default=30, show_default=True, help="How many programs.")
@_JSON
def coverage(since: str, limit: int, as_json: bool) -> None:
    """Show which rules never fired, and which programs in the history no rule knows."""
    from gatesh.rules.load import load

    where = here()
    rules = load(where)
    reader = AuditReader(where.audit_db) if os.path.lexists(where.audit_db) else None
    since_ns = parse_time(since)
    fired = reader.fired(since_ns) if reader else {}
    programs = reader.programs(since_ns) if reader else {}
    known = _known(rules)
    silent = [rule.id for rule in rules.rules if rule.id not in fired]
    unknown = sorted(
        ((count, name, line) for name, (count, line) in programs.items() if not known(name)),
        reverse=True,
    )
    if as_json:
        import json

        click.echo(
            json.dumps(
                {
                    "fired": fired,
                    "never_fired": silent,
                    "unknown_programs": [
                        {"program": n, "records": c, "latest": line} for c, n, line in unknown
                    ],
                },
                indent=2,
            )
        )
        return
    click.echo(f"{len(rules.rules) - len(silent)} of {len(rules.rules)} rules have fired; never:")
    listed = ", ".join(silent) or "none"
    click.echo(
        textwrap.fill(
            listed, 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
    )
    click.echo(f"{len(unknown)} of {len(programs)} programs in the history are in no rule:")
    for count, name, line in unknown[:limit]:
        click.echo(f"  {count:>5}x  {printable(name):16}  {fit(line)}")
    if len(unknown) > limit:
        click.echo(f"         and {len(unknown) - limit} others (--limit)")


def _known(rules: RuleSet) -> Any:
    """Return a test for programs that a rule names, be it as one that only looks."""
    from gatesh.rules.layers import SPEAKERS
    from gatesh.rules.rule import CliPattern, LinePattern

    choices = {
        p.programs if isinstance(p, CliPattern) else p.words
        for rule in rules.rules
        for p in (*rule.patterns, *rule.unless)
        if isinstance(p, CliPattern) or (isinstance(p, LinePattern) and p.about == "names")
    }
    choices = {choice for choice in choices if not choice.any}
    named = {*_BUILTINS, *(n for names in SPEAKERS.values() for n in names), *rules.grammars}

    def known(name: str) -> bool:
        return name in named or any(choice.holds(name) for choice in choices)

    return known
