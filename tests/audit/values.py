"""Values to record, made short."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

from gatesh.model import (
    Asker,
    CommandLine,
    Decision,
    Fact,
    Inspection,
    Match,
    Parsed,
    SimpleCommand,
    Span,
    Verdict,
    Word,
)

# What a child needs to import what this process can.
CHILD_ENV = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LANG": "C.UTF-8"}

ASKER = Asker(4711, 1000, "boot:4711:99", 4711, 99, "node", "opencode", "1.0", "/dev/pts/3")


def line(text: str, **more: object) -> CommandLine:
    return CommandLine(text, more.pop("cwd", "/srv/app"), more.pop("env", {}), **more)


def command(*words: str) -> SimpleCommand:
    """A simple command whose words stand one blank apart, from 0 on."""
    found, place = [], 0
    for word in words:
        found.append(Word(word, Span(place, place + len(word))))
        place += len(word) + 1
    return SimpleCommand(tuple(found), Span(0, place - 1))


def seen(*commands: SimpleCommand, facts: tuple[tuple[int, Fact], ...] = ()) -> Inspection:
    return Inspection(Parsed(commands), facts, ())


def allow(*matches: Match) -> Decision:
    return Decision(Verdict.ALLOW, matches)


def rows(path: str, sql: str, *values: object) -> list[sqlite3.Row]:
    """Read a log."""
    db = sqlite3.connect(path)
    try:
        db.row_factory = sqlite3.Row
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


ROOT = str(Path(__file__).parents[2])
LS = line("ls -la"), ASKER, seen(command("ls", "-la")), allow(), "digest"
