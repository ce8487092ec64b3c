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

from gatesh._value import Value
from gatesh.audit.query import iso, running
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

HISTORY = (
    "record", "time", "session", "agent", "door", "verdict", "outcome", "exit_code", "signal", "duration_ns",
    "severity", "rule_ids", "targets", "labels", "programs", "answered", "approver", "assurance", "reason",
    "working_directory", "command_line", "inner_command", "wrapping", "internal", "elevations",
    "above", "connections",
)  # fmt: skip
_FULL = (*HISTORY, "commands", "facts", "arguments", "script", "script_digest", "redactions",
         "inner_redactions", "message", "pattern_digest", "pid", "uid", "tty", "gatesh_version")  # fmt: skip
_NARROW = ("record", "time", "agent", "verdict", "outcome", "exit_code", "rule_ids", "command_line")
SESSIONS = (
    "began", "name", "agent", "agent_version", "root_name", "root_pid", "tty", "gate", "commands", "programs",
    "asked", "refused", "last", "elevated", "session",
)  # fmt: skip
ALERTS = ("time", "what", "kind", "record", "text", "session", "pid", "uid")
# What a table shows of them on a terminal: it has to fit.
_ON_TERMINAL = {
    HISTORY: _NARROW,
    SESSIONS: ("began", "agent", "commands", "programs", "asked", "refused", "session"),
    ALERTS: ("time", "what", "kind", "record", "text"),
}

_COLOURS = {
    "ran": "green", "elevated": "yellow", "approved": "yellow", "granted": "yellow", "observed": "yellow",
    "running": "cyan", "waiting": "cyan", "unknown": "magenta",
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
        if self._form in (None, "table") and sys.stdout.isatty():
            names = _ON_TERMINAL.get(names, names)
            found = [_shortened(row) for row in found]
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
        widths = _widths()
        if not self._headed:
            click.echo(click.style(_heading(widths), dim=True), color=colour())
        self._headed = True
        click.echo(_line(row, widths, full=self._full), color=colour())
        sys.stdout.flush()


def as_json(value: object, indent: int | None = 2) -> str:
    """Return JSON in ASCII."""
    return json.dumps(value, indent=indent)


def colour() -> bool | None:
    """Return whether to colour: click asks the terminal, and NO_COLOR is heard."""
    return False if os.environ.get("NO_COLOR") else None


# -- tables ----------------------------------------------------------------------------------------


_TIMES = {"time": "time_ns", "began": "time_ns", "last": "last_ns"}


def _picked(row: Row, names: tuple[str, ...]) -> Row:
    return {
        name: row[name] if name in row else iso(row.get(_TIMES[name])) if name in _TIMES else None
        for name in names or row
    }


def _shortened(row: Row) -> Row:
    """Return a row as a person reads it: clock times, and of a session's key what --session needs."""
    short = {name: _when(row[key]) for name, key in _TIMES.items() if row.get(key)}
    key = str(row.get("session") or "")
    weaker = row.get("gate") not in (None, "", "exec-gate")
    if "asked" in row:
        said = row["name"] or row["agent"] or row["root_name"], f"({row['gate']})" if weaker else ""
        elevated = f"(elevated: {row['elevated']})" if row.get("elevated") else ""
        short["agent"] = " ".join(filter(None, (*said, elevated)))
    shown = {"session": key.partition(":")[2] or key}
    return {
        **row,
        **short,
        **shown,
        **({"command_line": command(row)} if "inner_command" in row else {}),
    }


def as_tree(found: list[Row]) -> list[Row]:
    """Return rows with their depth: each below the one that started it, the oldest first."""
    known = {row["record"] for row in found}
    below: dict[object, list[Row]] = {}
    for row in sorted(found, key=lambda row: int(row["record"])):
        below.setdefault(row["above"] if row["above"] in known else None, []).append(row)
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    ordered = []
    while waiting:
        row, depth = waiting.pop()
        ordered.append({**row, "depth": depth})
        waiting += [(one, depth + 1) for one in reversed(below.get(row["record"], []))]
    return ordered


def command(row: Row) -> str:
    """Return the command of a record as its author wrote it, without what an agent put around it."""
    return str(row["command_line"] if row["inner_command"] is None else row["inner_command"])


def _decoded(row: Row) -> Row:
    nested = ("commands", "facts", "arguments", "redactions", "inner_redactions")
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
    text = str(tabulate(cells, headers=list(found[0]), tablefmt=fmt, disable_numparse=True))
    if not sys.stdout.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(_fit(line, columns) for line in text.split("\n"))


# -- lines for a person ----------------------------------------------------------------------------


class _Widths(Value):
    """Columns of a line for a person; the command gets the rest."""

    time: int = 14
    state: int = 10
    exit: int = 7
    took: int = 7
    agent: int = 11
    cwd: int = 20
    command: int = 0  # 0: whole

    @property
    def before(self) -> int:
        """Return how many columns stand in front of the command."""
        return sum((16, self.time, self.state, self.exit, self.took, self.agent, self.cwd))


def _widths() -> _Widths:
    """Return what fits: on a narrow terminal agent and folder give way to the command."""
    if not sys.stdout.isatty():
        return _Widths()
    columns = shutil.get_terminal_size().columns
    wide = _Widths()
    if columns < wide.before + 34:
        wide = _Widths(time=11, state=9, exit=4, took=6, agent=8 if columns >= 100 else 0, cwd=0)
        wide = wide.but(cwd=max(0, min(20, (columns - wide.before) // 3)))
    return wide.but(command=max(1, columns - wide.before))


def _heading(widths: _Widths) -> str:
    w = widths
    return (
        f"{'record':>7}  {'time':<{w.time}} {'state':<{w.state}} {'exit':>{w.exit}} {'took':>{w.took}} "
        f" {'agent'[: w.agent]:<{w.agent}} {'cwd'[: w.cwd]:<{w.cwd}} command"
    )


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
    if row["reason"].startswith("observe"):
        return "observed"
    return "elevated" if row["elevations"] and outcome == "ran" else str(outcome)


def _line(row: Row, widths: _Widths, *, full: bool) -> str:
    w, word = widths, state(row)
    agent = _fit(printable(row["agent"] or "-"), w.agent)
    before = (
        f"{row['record']:>7}  {_when(row['time_ns'], w.time):<{w.time}} "
        + click.style(f"{word:<{w.state}}", fg=_COLOURS.get(word, "red"))
        + f" {exit_of(row):>{w.exit}} {took(row['duration_ns']):>{w.took}}  {agent:<{w.agent}} "
        f"{_fit_path(row['working_directory'], w.cwd)} "
    )
    text = "  " * row.get("depth", 0) + command(row)
    if row.get("connections") and "depth" in row:
        text += f"  -> {row['connections']}"
    if full:
        mark = _MARK if sys.stdout.isatty() and colour() is None else ("", "")
        return before + printable(text, lines=True, mark=mark).replace("\n", "\n" + " " * w.before)
    if not w.command:
        return before + printable(text)
    return before + _fit(printable(text[: w.command * 2]), w.command)


def _when(time_ns: int, room: int = 14) -> str:
    moment = datetime.fromtimestamp(time_ns / 1e9).astimezone()
    if moment.date() == datetime.now().astimezone().date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%y-%m-%d %H:%M}"[-room:]


def exit_of(row: Row) -> str:
    """Return the exit status or the signal's name."""
    if row["signal"] is not None:
        try:
            return Signals(row["signal"]).name.removeprefix("SIG")
        except ValueError:
            return f"sig {row['signal']}"
    return "-" if row["exit_code"] is None else str(row["exit_code"])


def took(duration_ns: int | None) -> str:
    """Return a duration in the unit that says most."""
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
    if not room:
        return ""
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
    if not room:
        return ""
    home = os.path.expanduser("~")
    if home != "/" and (path == home or path.startswith(home + "/")):
        path = "~" + path[len(home) :]
    path = printable(path)
    while sum(map(_width, path)) > room:
        path = "…" + path.removeprefix("…")[1:]
    return path + " " * (room - sum(map(_width, path)))
