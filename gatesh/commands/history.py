"""`gatesh history`, `show`, `sessions` and `stats`: the audit log, read by people and by programs."""

from __future__ import annotations

import functools
import os

import click

from gatesh.audit.query import OUTCOMES, AuditReader, Filter, follow, parse_time
from gatesh.commands import page, rows
from gatesh.doors.client import here
from gatesh.errors import PatternFileError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Row = dict[str, Any]

_VERDICTS = ("allow", "ask", "deny")
_FORMATS = (
    "simple",
    "plain",
    "github",
    "grid",
    "simple_grid",
    "rounded_grid",
    "outline",
    "pipe",
    "psql",
    "orgtbl",
    "rst",
    "mediawiki",
    "jira",
    "html",
    "latex",
    "tsv",
)  # fmt: skip  of those that tabulate knows
_FORMS = {
    "json": click.option("--json", is_flag=True, help="One JSON array."),
    "nl": click.option("--nl", is_flag=True, help="JSON, one object per line."),
    "csv": click.option("--csv", is_flag=True, help="CSV with a header."),
    "table": click.option("-t", "--table", is_flag=True, help="A table."),
    "fmt": click.option(
        "--fmt", type=click.Choice(_FORMATS), metavar="F", help="A table: github, grid, tsv …"
    ),
}


class _Count(click.IntRange):
    """A number of rows; the name is what a message calls it."""

    name = "number"


_COUNT = _Count(1, 1_000_000)


def _output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say in which form rows are printed; only one of them goes."""

    @functools.wraps(command)
    def chosen(**given: Any) -> Any:
        picked = {name: value for name in _FORMS if (value := given.pop(name))}
        forms = [name for name in picked if name != "fmt"]
        if len({*forms, *(["table"] if "fmt" in picked else [])}) > 1:
            said = " and ".join(f"--{name}" for name in picked)
            raise UsageError(f"{said} do not go together", "one form of output at a time")
        return command(form=forms[0] if forms else None, fmt=picked.get("fmt"), **given)

    for option in reversed(_FORMS.values()):
        chosen = option(chosen)
    return chosen


@click.command(short_help="List recorded command lines.")
@click.argument("words", nargs=-1)
@click.option(
    "--session", default="", metavar="KEY", help="Of one session; a part of its key will do."
)
@click.option("--agent", default="", metavar="NAME", help="Submitted by this agent.")
@click.option(
    "--program", default="", metavar="NAME", help="Lines that start this program anywhere."
)
@click.option(
    "--verdict",
    type=click.Choice(_VERDICTS),
    help="What the rules said.",
)
@click.option("--rule", default="", metavar="ID", help="Lines that this rule matched.")
@click.option(
    "--target", default="", metavar="TEXT", help="Lines that would reach this host, database …"
)
@click.option(
    "--label", default="", metavar="NAME", help="A target of theirs is production, staging …"
)
@click.option("--cwd", default="", metavar="DIR", help="Submitted there or below.")
@click.option(
    "--since", default="", metavar="TIME", help="30m, 2h, 3d, today, or an ISO 8601 time."
)
@click.option("--until", default="", metavar="TIME", help="Likewise.")
@click.option(
    "--exit", "exit_", default="", metavar="N", help="An exit status, a signal's name, or fail."
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    metavar="STATE",
    help="What became of it: ran, refused, rejected … (a word of the column `state`).",
)
@click.option(
    "--alerts", is_flag=True, help="What left its scope or was refused, instead of lines."
)
@click.option("--limit", default=50, type=_COUNT, show_default=True, help="How many at most.")
@click.option("--reverse", is_flag=True, help="The same records, oldest first.")
@click.option(
    "--full", is_flag=True, help="Whole command lines; with --json also commands and facts."
)
@click.option("--internal", is_flag=True, help="The agents' own errands, too.")
@click.option("--programs", is_flag=True, help="Below `gatesh run`, harmless programs too.")
@click.option(
    "--pick",
    is_flag=True,
    help="Search on this terminal, beginning with WORDS; print the one line.",
)
@click.option("--tree", is_flag=True, help="What started what, oldest first; with --programs.")
@click.option(
    "-f", "--follow", "follow_", is_flag=True, help="Print records as they come, until Ctrl-C."
)
@_output
def history(
    words: tuple[str, ...], *, since: str, until: str, exit_: str, reverse: bool, full: bool, follow_: bool,
    form: str | None, fmt: str | None, internal: bool, programs: bool, tree: bool, alerts: bool, pick: bool,
    **narrow: Any,
) -> None:  # fmt: skip
    """List recorded command lines, newest first; WORDS must all be in the line.

    What an agent put around its command, its own errands, and harmless programs below a line are left out:
    `gatesh show`, --internal and --tree have them. Secrets were taken out before anything was recorded, and
    control characters are spelled out. Outcome `unknown` means that nothing came after the begin row: it
    waits or runs still, or gatesh was killed.
    """
    if follow_ and (fmt or form not in (None, "nl")):
        raise UsageError(
            "-f prints lines or --nl, nothing else", "leave out --json, --csv, -t and --fmt"
        )
    if alerts:
        _alerts(form, fmt, narrow["limit"])
        return
    if pick:
        _pick(" ".join(words))
        return
    given = {name: value for name, value in narrow.items() if value}
    wanted = Filter(
        words,
        since_ns=parse_time(since),
        until_ns=parse_time(until),
        exit=exit_,
        internal=internal,
        programs=programs or tree,
        **given,
    )
    reader = _open()
    show = rows.Printer(form, fmt, full=full, names=rows.HISTORY)
    if reader is None:
        show.rows([])
        return
    found = reader.history(wanted if not follow_ else wanted.but(limit=min(wanted.limit, 10)))
    if not found and wanted.rule:
        _refuse_unknown_rule(reader, wanted.rule)
    if tree:
        found = rows.as_tree(_with_above(reader, found))
    show.rows(found[::-1] if (reverse or follow_) and not tree else found)
    if follow_:
        for row in follow(reader, wanted):
            show.one(row)


@click.command(short_help="Show everything about one record.")
@click.argument("record")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(record: str, *, as_json: bool) -> None:
    """Show everything about one RECORD: line, commands, facts, matches, answers, outcome."""
    if not (record.isascii() and record.isdecimal() and len(record) < 19):
        raise UsageError(f"{record} is no record's number", "gatesh history lists them")
    reader = _open()
    row = reader.show(int(record)) if reader else None
    if row is None:
        raise UsageError(f"there is no record {record}", "gatesh history lists them")
    click.echo(rows.as_json(row) if as_json else page.page(row), color=rows.colour())


@click.command(short_help="List the sessions of agents.")
@click.option("--limit", default=50, type=_COUNT, show_default=True, help="How many at most.")
@_output
def sessions(*, limit: int, form: str | None, fmt: str | None) -> None:
    """List sessions, newest first: who, since when, how many lines, how many asked and refused."""
    reader = _open()
    found = reader.sessions(limit) if reader else []
    rows.Printer(form, fmt, names=rows.SESSIONS).rows(found)


@click.command(short_help="Count records by verdict, rule and program.")
@click.option(
    "--since", default="", metavar="TIME", help="30m, 2h, 3d, today, or an ISO 8601 time."
)
@click.option(
    "--alerts", is_flag=True, help="List what was refused at the keeper's socket instead."
)
@_output
def stats(*, since: str, alerts: bool, form: str | None, fmt: str | None) -> None:
    """Count records by verdict, outcome, rule and program, answers, and alerts."""
    reader = _open()
    if alerts:
        _alerts(form, fmt, 1000)
        return
    found = reader.stats(parse_time(since)) if reader else {}
    if form in ("json", "nl"):
        click.echo(rows.as_json(found))
        return
    for name, counted in found.items():
        if counted:
            click.echo(f"by {name}")
            rows.Printer(form or "table", fmt).rows(counted)
            click.echo()


def _alerts(form: str | None, fmt: str | None, limit: int) -> None:
    """Print what left its scope, and what was refused at the keeper's socket."""
    reader = _open()
    rows.Printer(form, fmt, names=rows.ALERTS).rows(reader.alerts(limit) if reader else [])


def _pick(text: str) -> None:
    """Print the line that a person picks; leave with 1 where it is none."""
    from gatesh.interactive.search import pick, remembered

    found = pick(remembered(here().audit_db), text)
    if found is None:
        raise SystemExit(1)
    click.echo(found)


def _with_above(reader: AuditReader, found: list[Row]) -> list[Row]:
    """Return records with what started them, which may be older than what was asked for."""
    known, more = set(), found
    while more:
        known |= {row["record"] for row in more}
        more = reader.of({row["above"] for row in more if row["above"]} - known)
        found = [*found, *more]
    return found


def _refuse_unknown_rule(reader: AuditReader, rule: str) -> None:
    """Refuse a rule id that neither a pattern file nor a record knows: it is a slip of the pen."""
    from gatesh.rules.load import load
    from gatesh.rules.notation import near

    try:
        known = {found.id for found in load(here()).rules}
    except PatternFileError:
        return
    if rule not in known and not reader.has_matched(rule):
        raise UsageError(
            f"there is no rule {rule}", near(rule, known, "gatesh patterns list names the rules")
        )


def _open() -> AuditReader | None:
    """Open the log; a log that nobody has written yet is no error, and is said so."""
    path = here().audit_db
    if not os.path.lexists(path):
        click.echo(f"gatesh: hint: nothing has been recorded yet in {path}", err=True)
        return None
    return AuditReader(path)
