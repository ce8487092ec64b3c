"""What the log knows that a secret's card says: which files a session read, what a secret was used for.

Imported when a line is held. What a session's agent read with other tools than its shell is in no record.
"""

from __future__ import annotations

import json
import os.path
from fnmatch import fnmatchcase

from gatesh.audit.database import SqliteError, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Iterator
    from sqlite3 import Connection
    from typing import Any

    Row = dict[str, Any]

_LATEST = 150  # records that are looked through for the files they name
_MOST_PATHS = 400
_MOST_ROWS = 300  # that may name one file
_LONGEST = 100_000  # characters of the commands of one record
_NO_READERS = frozenset(
    """
    ls stat file du df rm rmdir unlink touch mkdir chmod chown chgrp ln cd pushd test [ [[ echo printf export
    unset which type command find fd locate tree realpath readlink basename dirname true false
    """.split()
)
_SEARCHERS = frozenset(("rg", "ag", "ack", "ugrep", "ug", "rgrep"))
_GREPS = frozenset(("grep", "egrep", "fgrep", "ggrep", "zgrep"))
_INTERPRETERS = ("python", "node", "ruby", "perl", "php", "deno", "bun")

_OF_SESSION = (
    "SELECT record, time_ns, working_directory, programs, commands,"
    " coalesce(inner_command, command_line) AS line FROM record WHERE session = ?"
)
_NAMING = """ AND (instr(coalesce(inner_command, command_line), ?) OR instr(commands, ?)
    OR programs GLOB '*grep *' OR programs GLOB '* rg *' OR programs GLOB '* ag *' OR programs GLOB '* ack *'
    OR programs GLOB '* git *' OR instr(commands, '"globbed":true'))"""
_RAN = """ AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.record = record.record AND o.refused_status IS NOT NULL)"""
_USES = """
SELECT operation, target, count(DISTINCT record) AS times FROM credential_use u
WHERE fingerprint = ? AND operation <> '' AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.record = u.record AND o.refused_status IS NOT NULL)
GROUP BY operation, target ORDER BY times DESC, min(record) LIMIT 20
"""


class SessionPast:
    """The log as it was before a line of one session."""

    def __init__(self, db: Connection, lock: LockType, session: str) -> None:
        """Keep the log's connection with its lock, and the session's key."""
        self._db, self._lock, self._session = db, lock, session

    def named(self) -> list[str]:
        """Return the files that the session's latest commands name, the last ones first."""
        paths: dict[str, None] = {}
        for row in self._rows(
            f"{_OF_SESSION} ORDER BY time_ns DESC LIMIT {_LATEST}", self._session
        ):
            for command in _commands(row):
                paths.update(dict.fromkeys(_paths(command, row)))
            if len(paths) >= _MOST_PATHS:
                break
        return list(paths)[:_MOST_PATHS]

    def first_read(self, path: str) -> tuple[int, int]:
        """Return the record and the time (ns) of the first command that reads a file; 0, 0 for none."""
        name = os.path.basename(path)
        sql = f"{_OF_SESSION}{_RAN}{_NAMING} ORDER BY time_ns LIMIT {_MOST_ROWS}"
        for row in self._rows(sql, self._session, name, json.dumps(name)[1:-1]):
            if any(_reads(command, path, row) for command in _commands(row)):
                return row["record"], row["time_ns"]
        return 0, 0

    def uses(self, fingerprint: str) -> list[tuple[str, int]]:
        """Return what a secret was used for, and how often, the most frequent first."""
        return [
            (
                f"{row['operation']} at {row['target']}" if row["target"] else row["operation"],
                row["times"],
            )
            for row in self._rows(_USES, fingerprint)
        ]

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            try:
                found = self._db.execute(sql, values)
                names = [column[0] for column in found.description]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            except SqliteError as error:
                raise explain(error, "the audit log") from error


def _commands(row: Row) -> list[Row]:
    """Return the commands of a record; of a program, of which none are kept, what its words are."""
    if len(row["commands"]) > _LONGEST:
        return []
    commands: list[Row] = json.loads(row["commands"])
    if commands:
        return commands
    return [{"words": [{"text": word} for word in row["line"].split()[:200]]}]


def _words(command: Row) -> list[Row]:
    words: list[Row] = command["words"][1:]
    return words + [r["target"] for r in command.get("redirects", ()) if r["op"] == "<"]


def _paths(command: Row, row: Row) -> Iterator[str]:
    """Yield what the words of a command would be as files."""
    folder = os.path.join(row["working_directory"], command.get("cwd") or "")
    for word in _words(command):
        text = word["text"].rpartition("=")[2].lstrip("@")
        if 0 < len(text) < 300 and not text.startswith("-") and "\0" not in text:
            yield os.path.normpath(os.path.join(folder, os.path.expanduser(text)))


def _reads(command: Row, path: str, row: Row) -> bool:
    """Claim that a command reads a file, by its name, a glob, or a search through its folder."""
    if not command["words"]:
        return path in _paths(command, row)
    program = os.path.basename(command["words"][0]["text"])
    words = [word["text"] for word in command["words"][1:]]
    if program == "git" and words[:1] != ["grep"] and words[:1] != ["show"]:
        return False
    if program in _NO_READERS:
        return False
    paths = list(_paths(command, row))
    if path in paths:
        return True
    if any("*" in one or "?" in one or "[" in one for one in paths):
        depth = path.count("/")
        if any(one.count("/") == depth and fnmatchcase(path, one) for one in paths):
            return True
    if _searches(program, words):
        folder = os.path.normpath(os.path.join(row["working_directory"], command.get("cwd") or ""))
        below = [one for one in paths if os.path.isdir(one)] or [folder]
        return any(path.startswith(one.rstrip("/") + "/") for one in below)
    if program.startswith(_INTERPRETERS):
        return os.path.basename(path) in row["line"]
    return False


def _searches(program: str, words: list[str]) -> bool:
    """Claim that a command looks into every file of a folder."""
    if program in _SEARCHERS or program == "git":
        return True
    short = "".join(word for word in words if word.startswith("-") and not word.startswith("--"))
    return program in _GREPS and ("r" in short.lower() or "--recursive" in words)
