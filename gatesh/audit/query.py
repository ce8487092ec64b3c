"""Questions to the audit log, answered as plain rows. Reads only.

Every filter becomes a condition on the view `command`; values are always parameters. Times in the answers
are nanoseconds since 1970, as stored; JSON columns are decoded only where somebody asks for all of them.
Longer than 400 lines, because the statements stand below the functions that ask them.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from signal import Signals

from sqlite_utils import Database

from gatesh._value import Value
from gatesh.audit.database import open_for_reading
from gatesh.errors import UsageError
from gatesh.model import Answered, Door, Lift
from gatesh.session import HOOKED_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from gatesh.audit.replay import Past

    Row = dict[str, Any]

_LATEST = 2**63 - 1  # what SQLite can compare with; in the year 2262
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_JSON = (
    "redactions",
    "inner_redactions",
    "arguments",
    "commands",
    "facts",
    "target",
    "names",
    "cannot_see",
)
_LISTS = ("programs", "rule_ids", "targets", "labels", "elevations")


class Filter(Value):
    """What to look for; an empty field does not narrow."""

    words: tuple[str, ...] = ()  # all of them are in the command line
    session: str = ""
    agent: str = ""
    program: str = ""
    verdict: str = ""
    rule: str = ""
    target: str = ""
    label: str = ""
    cwd: str = ""  # there or below
    since_ns: int = 0
    until_ns: int = 0
    exit: str = ""  # a number, a signal's name, or "fail"
    outcome: str = ""
    internal: bool = True  # the agents' own errands, too
    programs: bool = True  # harmless programs that run below a line, too
    above: int = 0  # records after this one
    limit: int = 50


class AuditReader:
    """The log, opened so that it cannot be written; raises AuditError where it cannot be read."""

    def __init__(self, path: str) -> None:
        """Open the log at `path`, which must exist."""
        self._conn = open_for_reading(path)
        self._db = Database(self._conn, recursive_triggers=False, execute_plugins=False)
        columns = {row["name"] for row in self._db.query("PRAGMA table_info(record)")}
        lacking = [f"{kind} AS {name}" for name, kind in _LATER.items() if name not in columns]
        if lacking:  # nobody has written into it since gatesh was renewed
            self._conn.execute(
                f"CREATE TEMP VIEW command AS SELECT *, {', '.join(lacking)} FROM main.command"  # noqa: S608
            )
            self._conn.execute(_BEFORE_TREES)
        if not self._db["elevation"].exists():
            self._conn.executescript(_BEFORE_ELEVATIONS)

    def history(self, wanted: Filter) -> list[Row]:
        """Return the command lines that fit, newest first."""
        where, values = _conditions(wanted)
        sql = f"SELECT * FROM command WHERE {where} ORDER BY record DESC LIMIT :limit"  # noqa: S608
        return [_lists(row) for row in self._db.query(sql, values)]

    def of(self, records: set[int]) -> list[Row]:
        """Return these records, oldest first."""
        marks = ",".join(str(int(number)) for number in sorted(records))
        sql = f"SELECT * FROM command WHERE record IN ({marks}) ORDER BY record"  # noqa: S608
        return [_lists(row) for row in self._db.query(sql)]

    def show(self, record: int) -> Row | None:
        """Return everything about one record, its matches, answers and refused answers included."""
        found = self.of({record})
        if not found:
            return None
        row = _decoded(found[0])
        for table in ("match", "answer", "refused_answer"):
            sql = f'SELECT * FROM "{table}" WHERE record = ? ORDER BY rowid'  # noqa: S608
            row[_PLURAL[table]] = [_decoded(one) for one in self._db.query(sql, [record])]
        row["secrets"] = self._secrets(record)
        row["elevated"] = self._elevated(row["elevations"])
        below = """SELECT * FROM command WHERE session = :session AND time_ns >= :time_ns
            AND above = :record ORDER BY record"""
        row["below"] = [_lists(one) for one in self._db.query(below, found[0])]
        return row

    def _secrets(self, record: int) -> list[Row]:
        """Return the secrets that a record would use; older logs know of none."""
        if not self._db["credential_use"].exists():
            return []
        sql = "SELECT * FROM credential_use WHERE record = ? ORDER BY credential_use"
        found = self._db.query(sql, [record])
        return [{**one, "files": json.loads(one["files"] or "[]")} for one in found]

    def _elevated(self, numbers: list[str]) -> list[Row]:
        """Return the elevations of these numbers, as they were given."""
        marks = ",".join(str(int(number)) for number in numbers)
        sql = f"SELECT * FROM elevation WHERE elevation IN ({marks}) ORDER BY elevation"  # noqa: S608
        return list(self._db.query(sql))

    def sessions(self, limit: int) -> list[Row]:
        """Return the sessions, newest first, with what was submitted, asked and refused in each."""
        values = {"limit": limit, "now": time.time_ns()}
        return [_lifted(row) for row in self._db.query(_SESSIONS, values)]

    def alerts(self, limit: int) -> list[Row]:
        """Return what was refused at the keeper's socket, newest first."""
        return list(self._db.query(_ALERTS, {"limit": limit}))

    def stats(self, since_ns: int = 0) -> dict[str, list[Row]]:
        """Return counts of records by verdict, outcome, rule and program, and of alerts by kind."""
        values = {"since": since_ns}
        found = {name: list(self._db.query(sql, values)) for name, sql in _STATS.items()}
        programs = Counter(
            name
            for row in self._db.query("SELECT programs FROM record WHERE time_ns >= :since", values)
            for name in row["programs"].split()
        )
        found["program"] = [{"program": n, "count": c} for n, c in programs.most_common(20)]
        return found

    def pasts(self, since_ns: int = 0, records: tuple[int, ...] = ()) -> Iterator[Past | None]:
        """Yield records, oldest first, ready to be judged again; None for one that cannot be."""
        from gatesh.audit.replay import past_of

        where, values = "time_ns >= :since", {"since": since_ns}
        if records:
            where = f"record IN ({','.join(str(int(number)) for number in records)})"
        named = {
            row["record"]: tuple(json.loads(row["names"]))
            for row in self._db.query('SELECT record, names FROM "match" WHERE command = -1')
        }
        sql = f"SELECT {_PAST} FROM command WHERE {where} ORDER BY record"  # noqa: S608
        for row in self._db.query(sql, values):
            try:
                yield past_of(row, named.get(row["record"], ()))
            except ValueError:
                yield None

    def tally(self, since_ns: int = 0) -> list[Row]:
        """Return for each rule how often it decided that somebody is asked, and what was answered."""
        return list(self._db.query(_TALLY, {"since": since_ns}))

    def fired(self, since_ns: int = 0) -> dict[str, int]:
        """Return how many records each rule matched."""
        sql = """SELECT m.rule, count(DISTINCT m.record) AS count FROM "match" m
            JOIN record r ON r.record = m.record WHERE r.time_ns >= :since GROUP BY m.rule"""
        return {row["rule"]: row["count"] for row in self._db.query(sql, {"since": since_ns})}

    def programs(self, since_ns: int = 0) -> dict[str, tuple[int, str]]:
        """Return every program: how many records start it, and the latest of their lines."""
        found: dict[str, tuple[int, str]] = {}
        sql = """SELECT programs, coalesce(inner_command, command_line) AS command_line FROM command
            WHERE time_ns >= :since ORDER BY record"""
        for row in self._db.query(sql, {"since": since_ns}):
            for name in row["programs"].split():
                found[name] = (found.get(name, (0, ""))[0] + 1, row["command_line"])
        return found

    def has_matched(self, rule: str) -> bool:
        """Claim that a record was matched by a rule of this id."""
        sql = 'SELECT 1 FROM "match" WHERE rule = ? LIMIT 1'
        return next(self._db.query(sql, [rule]), None) is not None

    def version(self) -> int:
        """Return a number that changes when another process has written."""
        return int(self._conn.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._conn.close()


def follow(
    reader: AuditReader, wanted: Filter, wait: Callable[[], None] = lambda: time.sleep(0.2)
) -> Iterator[Row]:
    """Yield records as they begin, oldest first, and again when one of them is answered or ends."""
    last = max((row["record"] for row in reader.history(Filter(limit=1))), default=0)
    version = reader.version()
    open_: dict[int, tuple[object, object]] = {}
    while True:
        wait()
        if version == (version := reader.version()):
            continue
        for row in reader.of(set(open_)) if open_ else []:
            if _state(row) != open_[row["record"]]:
                yield row
                open_[row["record"]] = _state(row)
            if row["outcome"] != "unknown":
                del open_[row["record"]]
        for row in reversed(reader.history(wanted.but(above=last, limit=1000))):
            yield row
            last = max(last, row["record"])
            if row["outcome"] == "unknown":
                open_[row["record"]] = _state(row)


def _state(row: Row) -> tuple[object, object]:
    return row["answered"], row["outcome"]


def parse_time(text: str, now: datetime | None = None) -> int:
    """Return nanoseconds since 1970 for `2h`, `3d`, `today`, `yesterday` or an ISO 8601 time.

    Raises UsageError. A time without a zone is the reader's own; no text is the beginning of time.
    """
    if not text:
        return 0
    now = now or datetime.now().astimezone()
    ago = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text)
    try:
        if ago:
            moment = now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
        elif text in ("today", "yesterday"):
            moment = now.replace(hour=0, minute=0, second=0, microsecond=0)
            moment -= timedelta(days=text == "yesterday")
        else:
            moment = datetime.fromisoformat(text).astimezone()
        seconds = int(moment.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        raise UsageError(
            f"not a time: {text}", "write 30m, 2h, 3d, today, or 2026-01-31T12:00"
        ) from None
    return min(seconds * 1_000_000_000 + moment.microsecond * 1000, _LATEST)


def running(row: Row) -> bool:
    """Claim that the process that submitted `row` still lives, so that its outcome is yet to come.

    A hook is gone when the shell begins that runs its line, and comes back to the record.
    """
    if row["outcome"] != "unknown" or not row["pid"]:
        return False
    if row["door"] == Door.HOOK and time.time_ns() - row["time_ns"] < HOOKED_S * 1_000_000_000:
        return True
    try:
        with open(f"/proc/{row['pid']}/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/stat", encoding="ascii") as file:
            booted = next(int(line.split()[1]) for line in file if line.startswith("btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return False
    started = booted + ticks / os.sysconf("SC_CLK_TCK")
    return bool(started <= row["time_ns"] / 1e9 + 1)


def iso(time_ns: int | None) -> str | None:
    """Return a stored time in ISO 8601, UTC, to the microsecond."""
    if time_ns is None:
        return None
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000).isoformat()


def _conditions(wanted: Filter) -> tuple[str, dict[str, object]]:
    """Return the WHERE clause and its parameters."""
    parts: list[str] = ["1"]
    values: dict[str, object] = {"limit": wanted.limit}

    def like(column: str, name: str, text: str, shape: str = "%{}%") -> None:
        escaped = re.sub(r"([%_\\])", r"\\\1", text)
        parts.append(f"{column} LIKE :{name} ESCAPE '\\'")
        values[name] = shape.format(escaped)

    for index, word in enumerate(wanted.words):
        like("coalesce(inner_command, command_line)", f"word{index}", word)
    for column, text in (("session", wanted.session), ("targets", wanted.target)):
        if text:
            like(column, column, text)
    for column, text in (
        ("programs", wanted.program),
        ("rule_ids", wanted.rule),
        ("labels", wanted.label),
    ):
        if text:
            like(column, column, text, "% {} %")
    if not wanted.internal:
        parts.append("(internal = 0 OR verdict <> 'allow')")
    if not wanted.programs:
        parts.append("(door <> 'exec' OR verdict <> 'allow' OR above IS NULL OR elevations <> '')")
    if wanted.outcome:
        parts.append(_OUTCOMES.get(wanted.outcome, "outcome = :outcome"))
        values["outcome"] = wanted.outcome
    for column in ("agent", "verdict"):
        if text := getattr(wanted, column):
            parts.append(f"{column} = :{column}")
            values[column] = text
    if wanted.cwd:
        folder = os.path.abspath(wanted.cwd)
        like("working_directory", "below", folder.rstrip("/"), "{}/%")
        parts[-1] = f"({parts[-1]} OR working_directory = :cwd)"
        values["cwd"] = folder
    for column, sign, number in (
        ("time_ns", ">=", wanted.since_ns),
        ("time_ns", "<", wanted.until_ns),
        ("record", ">", wanted.above),
    ):
        if number:
            name = f"n{len(values)}"
            parts.append(f"{column} {sign} :{name}")
            values[name] = number
    if wanted.exit:
        parts.append(_exit_condition(wanted.exit))
    return " AND ".join(parts), values


def _exit_condition(text: str) -> str:
    if text == "fail":
        return "(exit_code <> 0 OR signal IS NOT NULL)"
    if text.isdecimal():
        return f"exit_code = {int(text)}"
    try:
        return f"signal = {Signals['SIG' + text.upper().removeprefix('SIG')].value}"
    except KeyError:
        raise UsageError(f"not an exit status: {text}", "write a number, fail, or KILL") from None


def _lists(row: Row) -> Row:
    return {k: v.split() if k in _LISTS and isinstance(v, str) else v for k, v in row.items()}


def _lifted(row: Row) -> Row:
    """Return a session's row, what is lifted of its scope told as a person is told it."""
    pairs = [pair.partition("\t") for pair in (row["elevated"] or "").splitlines()]
    said = [Lift(tuple(classes.split()), target).said for classes, _, target in pairs]
    return {**row, "elevated": ", ".join(said)}


def _decoded(row: Row) -> Row:
    return {k: json.loads(v) if k in _JSON and isinstance(v, str) else v for k, v in row.items()}


# What a record is called beside how it ended: by who answered, and by what the rules had said.
_OUTCOMES = {
    **{a.value: "verdict = 'ask' AND answered = :outcome" for a in Answered},
    "denied": "verdict = 'deny' AND outcome = 'refused'",
    "observed": "reason LIKE 'observe%'",
    "elevated": "elevations <> ''",
}
OUTCOMES = ("ran", "refused", "abandoned", "failed", "unknown", *_OUTCOMES)

_PLURAL = {"match": "matches", "answer": "answers", "refused_answer": "refused_answers"}

# Columns of a record that older logs lack, and what stands for them.
_LATER = {
    "inner_command": "NULL",
    "inner_redactions": "NULL",
    "wrapping": "NULL",
    "internal": "0",
    "above": "NULL",
    "labels": "''",
    "elevations": "''",
    "connections": "NULL",
}
_BEFORE_TREES = """
CREATE TEMP VIEW session AS SELECT *, '' AS name, '' AS gate FROM main.session
"""

_BEFORE_ELEVATIONS = """
CREATE TEMP TABLE elevation (elevation, time_ns, session, classes, target, until_ns, approver, assurance);
CREATE TEMP TABLE elevation_end (elevation_end, elevation, time_ns, how, who)
"""

_PAST = (
    "record, coalesce(inner_command, command_line) AS command_line, working_directory, verdict, reason,"
    " rule_ids, answered, pattern_digest, parse_status, unparsed, commands, facts"
)

# A rule decided where its match is as severe as the worst one of the line.
_TALLY = """
SELECT m.rule, count(DISTINCT m.record) AS asked,
  count(DISTINCT CASE WHEN c.answered IN ('approved', 'granted') THEN m.record END) AS approved,
  count(DISTINCT CASE WHEN c.answered IN ('rejected', 'repeated', 'stopped') THEN m.record END) AS rejected,
  max(c.time_ns) AS last_ns
FROM command c JOIN "match" m ON m.record = c.record AND m.severity = c.severity
WHERE c.time_ns >= :since AND (c.verdict <> 'allow' OR c.reason LIKE 'observe%')
GROUP BY m.rule ORDER BY asked DESC, m.rule
"""

_SESSIONS = """
SELECT s.session, s.time_ns, s.agent, s.agent_version, s.root_name, s.root_pid, s.tty, s.uid,
  s.name, s.gate,
  coalesce(sum(c.door <> 'exec'), 0) AS commands,
  coalesce(sum(c.door = 'exec'), 0) AS programs,
  coalesce(sum(c.verdict = 'ask'), 0) AS asked,
  coalesce(sum(c.outcome = 'refused'), 0) AS refused,
  max(c.time_ns) AS last_ns,
  (SELECT group_concat(e.classes || char(9) || e.target, char(10)) FROM elevation e
    WHERE e.session = s.session AND e.until_ns > :now
      AND NOT EXISTS (SELECT 1 FROM elevation_end x WHERE x.elevation = e.elevation)) AS elevated
FROM (SELECT * FROM session ORDER BY time_ns DESC LIMIT :limit) s
LEFT JOIN command c ON c.session = s.session
GROUP BY s.session ORDER BY s.time_ns DESC
"""

_ALERTS = """
SELECT time_ns, 'alert' AS what, kind, text, session, pid, uid, NULL AS record FROM alert
UNION ALL
SELECT time_ns, 'refused answer', how, why || ': ' || who, NULL, NULL, NULL, record FROM refused_answer
ORDER BY time_ns DESC LIMIT :limit
"""

_STATS = {
    "verdict": """SELECT verdict, count(*) AS count FROM record WHERE time_ns >= :since
        GROUP BY verdict ORDER BY 2 DESC""",
    "outcome": """SELECT outcome, count(*) AS count FROM command WHERE time_ns >= :since
        GROUP BY outcome ORDER BY 2 DESC""",
    "rule": """SELECT m.rule, m.severity, count(DISTINCT m.record) AS count,
          count(DISTINCT CASE WHEN r.verdict <> 'allow' THEN m.record END) AS held
        FROM "match" m JOIN record r ON r.record = m.record WHERE r.time_ns >= :since
        GROUP BY m.rule ORDER BY 3 DESC LIMIT 50""",
    "answer": """SELECT answered, assurance, count(*) AS count FROM answer WHERE time_ns >= :since
        GROUP BY answered, assurance ORDER BY 3 DESC""",
    "alert": """SELECT kind, count(*) AS count FROM alert WHERE time_ns >= :since
        GROUP BY kind ORDER BY 2 DESC""",
}
