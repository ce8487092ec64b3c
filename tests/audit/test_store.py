"""What a record holds, that it is never changed, and what writing it costs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time

import pytest

from gatesh.audit.store import SqliteLog
from gatesh.model import (
    Answer,
    Answered,
    Assurance,
    CliCall,
    Decision,
    Match,
    Ran,
    Refused,
    Severity,
    Span,
    Target,
    Unparsed,
    Verdict,
)
from tests.audit.values import ASKER, LS, ROOT, allow, command, line, rows, seen

# -- what is written ---------------------------------------------------------------------------------


def test_a_begin_row_says_who_submitted_what_where_and_what_was_decided(log, path):
    found = Match(
        "r1",
        "data-destroy",
        Severity.HIGH,
        "deletes x",
        "stop",
        Target("files", "/x"),
        0,
        Span(0, 2),
    )
    inspection = seen(command("rm", "x"), facts=((0, CliCall("rm", (), (), Target("host", "h"))),))

    number = log.begin(line("rm x"), ASKER, inspection, Decision(Verdict.ASK, (found,)), "d1")

    (row,) = rows(path, "SELECT * FROM command")
    assert row["record"] == number == 1
    assert abs(row["time_ns"] - time.time_ns()) < 60e9
    kept = ("session", "door", "command_line", "working_directory", "parse_status", "programs", "verdict",
            "severity", "rule_ids", "targets", "pattern_digest", "pid", "uid", "tty", "agent", "outcome")  # fmt: skip
    assert [row[name] for name in kept] == [
        "boot:4711:99", "line", "rm x", "/srv/app", "parsed", " rm ", "ask", "high", " r1 ",
        " files:/x host:h ", "d1", 4711, 1000, "/dev/pts/3", "opencode", "unknown",
    ]  # fmt: skip
    assert rows(path, 'SELECT rule, say, span_end FROM "match"')[0][:] == ("r1", "deletes x", 2)
    assert rows(path, "SELECT agent_version, root_name FROM session")[0][:] == ("1.0", "node")


@pytest.mark.parametrize(
    ("status", "exit_code", "signal"),
    [(0, 0, None), (0x0300, 3, None), (9, None, 9), (0x86, None, 6)],
)
def test_an_end_row_tells_exit_from_signal(log, path, status, exit_code, signal):
    number = log.begin(*LS)
    log.end(number, Ran(status, 1500))
    (row,) = rows(path, "SELECT * FROM command")
    assert (row["outcome"], row["wait_status"], row["exit_code"], row["signal"], row["duration_ns"]) == (
        "ran", status, exit_code, signal, 1500,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "end", "outcome"),
    [
        (Answer(Answered.REJECTED), Refused(126, "no"), "refused"),
        (Answer(Answered.WITHDRAWN), Refused(126, "gone"), "abandoned"),
        (Answer(Answered.APPROVED), Refused(125, "no bash"), "failed"),
        (Answer(Answered.APPROVED), Ran(0, 1), "ran"),
        (Answer(Answered.APPROVED), None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_the_view_says_what_became_of_a_record(log, path, answer, end, outcome):
    number = log.begin(
        line("rm x"), ASKER, seen(command("rm", "x")), Decision(Verdict.ASK, ()), "d"
    )
    if answer:
        log.answer(number, answer)
    if end:
        log.end(number, end)
    assert rows(path, "SELECT outcome FROM command")[0][0] == outcome


def test_the_first_answer_and_the_first_end_row_count_whatever_is_appended_later(log, path):
    number = log.begin(*LS)
    log.answer(number, Answer(Answered.REJECTED, "tty", Assurance.A1, "no"))
    log.end(number, Refused(126, "no"))
    log.answer(number, Answer(Answered.APPROVED))
    log.end(number, Ran(0, 1))
    row = rows(path, "SELECT * FROM command")
    assert [(r["answered"], r["assurance"], r["comment"], r["outcome"]) for r in row] == [
        ("rejected", "A1", "no", "refused")
    ]


def test_a_session_is_registered_once(path):
    for log in (SqliteLog(path), SqliteLog(path)):
        log.session(ASKER)
        log.session(ASKER)
        log.begin(*LS)
        log.close()
    assert rows(path, "SELECT count(*) FROM session")[0][0] == 1


def test_what_was_refused_at_the_socket_is_kept(log, path):
    number = log.begin(*LS)
    log.alert("answer-by-asker", "approve 1 --password hunter2", session="s", pid=7, uid=0)
    log.refused_answer(number, "pid 7 /usr/bin/socat", "socket", "descends from the asker")
    assert rows(path, "SELECT kind, text, pid FROM alert")[0][:] == (
        "answer-by-asker", "approve 1 --password <redacted>", 7,
    )  # fmt: skip
    assert rows(path, "SELECT record, why FROM refused_answer")[0][:] == (
        1,
        "descends from the asker",
    )


def test_bytes_that_are_no_text_are_spelled_out_and_still_told_apart(log, path):
    one, other = (b"echo \xff".decode("utf-8", "surrogateescape"), "echo \\udcff")
    for text in (one, other, "echo a\0b", "echo \ud800"):
        log.begin(line(text), ASKER, seen(command("echo", text[5:])), allow(), "d")
    found = rows(path, "SELECT command_line, command_hmac FROM record ORDER BY record")
    assert [row[0] for row in found] == [
        "echo \\udcff",
        "echo \\udcff",
        "echo a\\x00b",
        "echo \\ud800",
    ]
    assert len({row[1] for row in found}) == 4


def test_a_very_long_line_is_cut_and_says_so_and_its_hmac_is_of_the_whole(log, path):
    text = "echo " + "x" * 2_000_000
    log.begin(line(text), ASKER, seen(command("echo")), allow(), "d")
    (row,) = rows(path, "SELECT command_line, characters, command_hmac FROM record")
    assert len(row[0]) < 1_100_000
    assert row[0].endswith("more characters]")
    assert row[1] == 2_000_005
    assert row[2] == log.mac(text.encode())


def test_an_unparsed_line_is_an_ordinary_record(log, path):
    reading = Unparsed("a quote is never closed", Span(5, 6), (), ("rm",))
    log.begin(
        line("rm 'x"),
        ASKER,
        seen().but(reading=reading),
        Decision(Verdict.ASK, (), reading.reason),
        "d",
    )
    assert rows(path, "SELECT parse_status, unparsed FROM record")[0][:] == (
        "unparsed", "a quote is never closed",
    )  # fmt: skip


# -- append-only -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", ["session", "record", "match", "answer", "refused_answer", "alert", "outcome"]
)
@pytest.mark.parametrize(
    "change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_rows_are_never_changed(log, path, table, change):
    """REPLACE deletes without firing delete triggers, unless recursive_triggers is on: hence a trigger of its own."""
    found = Match("r1", "c", Severity.LOW, "", "", Target("x"), 0, Span(0, 1))
    number = log.begin(
        line("rm x"), ASKER, seen(command("rm")), Decision(Verdict.ASK, (found,)), "d"
    )
    log.answer(number, Answer(Answered.REJECTED))
    log.refused_answer(number, "w", "h", "y")
    log.alert("k", "t")
    log.end(number, Refused(126, "no"))
    db = sqlite3.connect(path, isolation_level=None)
    before = db.execute(f'SELECT * FROM "{table}"').fetchall()
    column = db.execute(f'SELECT * FROM "{table}"').description[0][0]
    assert before
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        db.execute(change.format(f'"{table}"', f'"{column}"'))
    assert db.execute(f'SELECT * FROM "{table}"').fetchall() == before
    db.close()


def test_a_record_number_is_never_given_twice(log, path):
    log.begin(*LS)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TRIGGER record_no_delete")
    db.execute("DELETE FROM record")
    db.close()
    assert log.begin(*LS) == 2


# -- the hot path ----------------------------------------------------------------------------------------


def test_writing_a_plain_record_imports_nothing_heavy(path):
    SqliteLog(path).close()
    heavy = "typing dataclasses json contextlib threading hashlib hmac sqlite3 sqlite_utils inspect logging pathlib"
    code = f"""
import sys
from gatesh.audit.store import SqliteLog
from gatesh.model import Asker, CommandLine, Decision, Inspection, Parsed, Verdict
log = SqliteLog(sys.argv[1])
log.begin(CommandLine("ls", "/", {{"PATH": "/bin"}}), Asker(1, 1, "s", 1, 1), Inspection(Parsed(()), (), ()), Decision(Verdict.ALLOW, ()), "d")
print(sorted(set({heavy.split()!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-ISc", f"import sys; sys.path.insert(0, {ROOT!r})\n{code}", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\n", "")
