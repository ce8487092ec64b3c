"""Rows of the audit log on a terminal, in a pipe, or as JSON and CSV.

Whatever a record holds was written by others: in every form it is printable before it is printed (JSON is
ASCII, so it is anyway).
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
import unicodedata
from datetime import datetime
from signal import Signals

import click

from gatesh.audit.query import iso, running
from gatesh.printable import printable
from gatesh.redact import Redacted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

HISTORY = (
    "record", "time", "session", "agent", "door", "verdict", "outcome", "exit_code", "signal", "duration_ns",
    "severity", "rule_ids", "targets", "programs", "answered", "approver", "assurance", "reason",
    "working_directory", "command_line",
)  # fmt: skip
_FULL = (*HISTORY, "commands", "facts", "arguments", "script", "script_digest", "redactions", "message",
         "pattern_digest", "pid", "uid", "tty", "gatesh_version")  # fmt: skip
SESSIONS = (
    "began", "agent", "agent_version", "root_name", "root_pid", "tty", "commands", "asked", "refused", "last",
    "session",
)  # fmt: skip
ALERTS = ("time", "what", "kind", "record", "text", "session", "pid", "uid")

_COLOURS = {
    "ran": "green", "approved": "yellow", "granted": "yellow", "observed": "yellow", "running": "cyan",
    "waiting": "cyan", "unknown": "magenta",
}  # fmt: skip
_MARK = ("\x1b[7m", "\x1b[27m")  # what was spelled out stands in reverse on a terminal


class Printer:
    """Prints rows in one form; without one, as lines for a person, or as a table of `names`."""

    def __init__(
        self,
        form: str | None,
        fmt: str | None = None,
        *,
        full: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        """Keep the form."""
        self._form = "table" if fmt else form
        self._fmt = fmt or "simple"
        self._full = full
        self._names = names
        self._headed = False

    def rows(self, found: list[Row]) -> None:
        """Print them all."""
        if self._form is None and self._names is HISTORY:
            for row in found:
                self.one(row)
            return
        names = _FULL if self._full and self._names is HISTORY else self._names
        picked = [_picked(row, names) for row in found]
        if self._form == "json":
            click.echo(as_json([_decoded(row) for row in picked]))
        elif self._form == "nl":
            for row in picked:
                click.echo(as_json(_decoded(row), indent=None))
        elif self._form == "csv":
            click.echo(_as_csv(picked, names), nl=False)
        elif picked:
            click.echo(_as_table(picked, self._fmt))

    def one(self, row: Row) -> None:
        """Print one record as it comes, for a person or as JSON."""
        if self._form == "nl":
            self.rows([row])
            return
        if not self._headed and sys.stdout.isatty():
            click.echo(click.style(_HEADING, dim=True), color=colour())
        self._headed = True
        click.echo(_line(row, full=self._full), color=colour())
        sys.stdout.flush()


def as_json(value: object, indent: int | None = 2) -> str:
    """Return JSON in ASCII."""
    return json.dumps(value, indent=indent)


def colour() -> bool | None:
    """Return whether to colour: click asks the terminal, and NO_COLOR is heard."""
    return False if os.environ.get("NO_COLOR") else None


# -- tables ----------------------------------------------------------------------------------------


def _picked(row: Row, names: tuple[str, ...]) -> Row:
    times = {"time": "time_ns", "began": "time_ns", "last": "last_ns"}
    return {
        name: iso(row.get(times[name])) if name in times else row.get(name) for name in names or row
    }


def _decoded(row: Row) -> Row:
    nested = ("commands", "facts", "arguments", "redactions")
    return {k: json.loads(v) if k in nested and isinstance(v, str) else v for k, v in row.items()}


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(str(item) for item in value)
    return printable(value) if isinstance(value, str) else "" if value is None else value


def _as_csv(found: list[Row], names: tuple[str, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names or (found[0] if found else ()))
    writer.writerows([_cell(value) for value in row.values()] for row in found)
    return text.getvalue()


def _as_table(found: list[Row], fmt: str) -> str:
    from tabulate import tabulate, tabulate_formats

    from gatesh.errors import UsageError

    if fmt not in tabulate_formats:
        raise UsageError(f"not a format: {fmt}", f"one of {' '.join(sorted(tabulate_formats))}")
    cells = [[_cell(value) for value in row.values()] for row in found]
    return str(tabulate(cells, headers=list(found[0]), tablefmt=fmt, disable_numparse=True))


# -- lines for a person ----------------------------------------------------------------------------

_HEADING = (
    f"{'record':>7}  {'time':<14} {'state':<10} {'exit':>7} {'took':>7}  {'agent':<11} {'cwd':<20} "
    "command"
)
_BEFORE = len(_HEADING) - len("command")


def state(row: Row) -> str:
    """Return one word for what became of a record."""
    outcome = row["outcome"]
    if outcome == "unknown":
        if not running(row):
            return "unknown"
        return "waiting" if row["verdict"] == "ask" and not row["answered"] else "running"
    if row["verdict"] == "deny" and outcome == "refused":
        return "denied"
    if row["verdict"] == "ask" and row["answered"]:
        return str(row["answered"])
    return "observed" if row["reason"].startswith("observe") else str(outcome)


def _line(row: Row, *, full: bool) -> str:
    word = state(row)
    before = (
        f"{row['record']:>7}  {_when(row['time_ns']):<14} "
        + click.style(f"{word:<10}", fg=_COLOURS.get(word, "red"))
        + f" {_exit(row):>7} {_took(row['duration_ns']):>7}  {_fit(printable(row['agent'] or '-'), 11):<11} "
        f"{_fit_path(row['working_directory'], 20)} "
    )
    text = row["command_line"]
    if full:
        mark = _MARK if sys.stdout.isatty() and colour() is None else ("", "")
        return before + printable(text, lines=True, mark=mark).replace("\n", "\n" + " " * _BEFORE)
    if not sys.stdout.isatty():
        return before + printable(text)
    room = max(20, shutil.get_terminal_size().columns - _BEFORE)
    return before + _fit(printable(text[: room * 2]), room)


def _when(time_ns: int) -> str:
    moment = datetime.fromtimestamp(time_ns / 1e9).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%y-%m-%d %H:%M}"


def _exit(row: Row) -> str:
    if row["signal"] is not None:
        try:
            return Signals(row["signal"]).name.removeprefix("SIG")
        except ValueError:
            return f"sig {row['signal']}"
    return "-" if row["exit_code"] is None else str(row["exit_code"])


def _took(duration_ns: int | None) -> str:
    if duration_ns is None:
        return "-"
    seconds = duration_ns / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _width(char: str) -> int:
    return (
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
    )


def _fit(text: str, room: int) -> str:
    """Cut `text` to `room` columns."""
    if len(text) <= room and text.isascii():
        return text
    used = 0
    for place, char in enumerate(text):
        used += _width(char)
        if used > room - 1 and sum(map(_width, text[place:])) > room - used + _width(char):
            return text[:place] + "…"
    return text


def _fit_path(path: str, room: int) -> str:
    """Cut a path from its left, where it says least, and fill it up to `room` columns."""
    home = os.path.expanduser("~")
    if home != "/" and (path == home or path.startswith(home + "/")):
        path = "~" + path[len(home) :]
    path = printable(path)
    while sum(map(_width, path)) > room:
        path = "…" + path.removeprefix("…")[1:]
    return path + " " * (room - sum(map(_width, path)))


# -- one record, all of it ---------------------------------------------------------------------------


def page(row: Row) -> str:
    """Return everything about one record, for a person."""
    text = row["command_line"]
    cut = f", {len(row['redactions'])} secrets taken out" if row["redactions"] else ""
    head = [
        f"record {row['record']}: {state(row)}",
        _field("time", iso(row["time_ns"])),
        _field("session", row["session"]),
        _field(
            "agent",
            " ".join(
                filter(None, (row["agent"], row["agent_version"], f"pid {row['pid']}", row["tty"]))
            ),
        ),
        _field("door", row["door"]),
        _field("script", row["script"]),
        _field("cwd", row["working_directory"]),
        _field("line", f"{row['characters']} characters{cut}"),
        "",
        _indented(printable(text, lines=True)),
        "",
        _field("reading", f"{row['parse_status']} {row['unparsed']}".strip()),
        _field("verdict", f"{row['verdict']} {row['reason']}".strip()),
        _field("patterns", row["pattern_digest"]),
    ]
    parts = [line for line in head if line is not None]
    parts += [_command(index, one) for index, one in enumerate(row["commands"])]
    parts += [_fact(index, one) for index, one in row["facts"]]
    parts += [_match(one, row) for one in row["matches"]]
    parts += [_answer(one) for one in row["answers"]]
    parts += [
        _field("not believed", f"{iso(one['time_ns'])} {one['who']}, {one['how']}: {one['why']}")
        or ""
        for one in row["refused_answers"]
    ]
    return "\n".join([*parts, _outcome(row)])


def _field(name: str, value: object) -> str | None:
    return f"{name:<13} {printable(str(value))}" if value not in (None, "") else None


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _command(index: int, one: Row) -> str:
    words = " ".join(word["text"] for word in one["words"])
    extra = [*one.get("prefixes", ()), one.get("remote", ""), one.get("origin", "direct")]
    return _field(f"command {index}", f"{words}  ({', '.join(filter(None, extra))})") or ""


def _fact(index: int, one: Row) -> str:
    target = one.get("target", {})
    what = {
        k: v for k, v in one.items() if k not in ("is", "target", "operands", "options", "text")
    }
    where = f"{target.get('kind', '')}:{target.get('name', '')} {target.get('locality', 'unknown')}"
    return (
        _field(f"fact {index}", f"{one['is']} on {where} {json.dumps(what) if what else ''}") or ""
    )


def _match(one: Row, row: Row) -> str:
    spans = tuple((start, end) for start, end in row["redactions"])
    start, end = Redacted("", spans, ()).moved(one["span_start"], one["span_end"])
    part = row["command_line"][start:end]
    lines = [
        _field("match", f"{one['rule']}  {one['severity']}  {one['class']}"),
        _field("  says", one["say"]),
        _field("  instead", one["instead"]),
        _field("  preview", one["preview"]),
        _field("  part", part),
        _field("  cannot see", "; ".join(one["cannot_see"])),
    ]
    return "\n".join(line for line in lines if line)


def _answer(one: Row) -> str:
    by = f", as in record {one['by']}" if one["by"] else ""
    lines = [
        _field(
            "answer",
            f"{iso(one['time_ns'])} {one['answered']} ({one['assurance']}{by}) {one['approver']}",
        ),
        _field("  comment", one["comment"]),
        _field("  why", one["why"]),
    ]
    return "\n".join(line for line in lines if line)


def _outcome(row: Row) -> str:
    if row["outcome"] == "ran":
        return _field("outcome", f"ran, exit {_exit(row)}, took {_took(row['duration_ns'])}") or ""
    if row["outcome"] == "unknown":
        still = (
            "it still runs"
            if running(row)
            else "no end row: gatesh was killed, or the machine stopped"
        )
        return _field("outcome", f"unknown ({still})") or ""
    return (
        _field("outcome", f"{row['outcome']} ({row['refused_status']}) {row['message'].strip()}")
        or ""
    )
