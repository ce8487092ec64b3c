"""`gatesh history`, `show`, `sessions` and `stats`: the audit log, read by people and by programs."""

from __future__ import annotations

import os

import click

from gatesh.audit.query import AuditReader, Filter, follow, parse_time
from gatesh.commands import rows
from gatesh.doors.client import here
from gatesh.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Row = dict[str, Any]

_VERDICTS = ("allow", "ask", "deny")
_COUNT = click.IntRange(1, 1_000_000)
_OUTCOMES = ("ran", "refused", "abandoned", "failed", "unknown")


def _output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say in which form rows are printed."""
    for option in reversed(
        (
            click.option("--json", "form", flag_value="json", help="One JSON array."),
            click.option("--nl", "form", flag_value="nl", help="JSON, one object per line."),
            click.option("--csv", "form", flag_value="csv", help="CSV with a header."),
            click.option("-t", "--table", "form", flag_value="table", help="A table."),
            click.option(
                "--fmt", metavar="F", help="A table in a format of tabulate: github, grid …"
            ),
        )
    ):
        command = option(command)
    return command


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
    type=click.Choice(_OUTCOMES),
    help="What became of it.",
)
@click.option("--limit", default=50, type=_COUNT, show_default=True, help="How many at most.")
@click.option("--reverse", is_flag=True, help="The same records, oldest first.")
@click.option(
    "--full", is_flag=True, help="Whole command lines; with --json also commands and facts."
)
@click.option(
    "-f", "--follow", "follow_", is_flag=True, help="Print records as they come, until Ctrl-C."
)
@_output
def history(
    words: tuple[str, ...], *, since: str, until: str, exit_: str, reverse: bool, full: bool, follow_: bool,
    form: str | None, fmt: str | None, **narrow: Any,
) -> None:  # fmt: skip
    """List recorded command lines, newest first; WORDS must all be in the line.

    Secrets were taken out before anything was recorded, and control characters are spelled out. Outcome
    `unknown` means that nothing came after the begin row: it still runs, or gatesh was killed.
    """
    if follow_ and (fmt or form not in (None, "nl")):
        raise UsageError(
            "-f prints lines or --nl, nothing else", "leave out --json, --csv, -t and --fmt"
        )
    given = {name: value for name, value in narrow.items() if value}
    wanted = Filter(
        words, since_ns=parse_time(since), until_ns=parse_time(until), exit=exit_, **given
    )
    reader = _open()
    show = rows.Printer(form, fmt, full=full, names=rows.HISTORY)
    if reader is None:
        show.rows([])
        return
    found = reader.history(wanted if not follow_ else wanted.but(limit=min(wanted.limit, 10)))
    show.rows(found[::-1] if reverse or follow_ else found)
    if follow_:
        for row in follow(reader, wanted):
            show.one(row)


@click.command(short_help="Show everything about one record.")
@click.argument("record", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(record: int, *, as_json: bool) -> None:
    """Show everything about one RECORD: line, commands, facts, matches, answers, outcome."""
    reader = _open()
    row = reader.show(record) if reader else None
    if row is None:
        raise UsageError(f"there is no record {record}", "gatesh history lists them")
    click.echo(rows.as_json(row) if as_json else rows.page(row), color=rows.colour())


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
        rows.Printer(form, fmt, names=rows.ALERTS).rows(reader.alerts(1000) if reader else [])
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


def _open() -> AuditReader | None:
    """Open the log; a log that nobody has written yet is no error, and is said so."""
    path = here().audit_db
    if not os.path.lexists(path):
        click.echo(f"gatesh: hint: nothing has been recorded yet in {path}", err=True)
        return None
    return AuditReader(path)
