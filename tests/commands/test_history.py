from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatesh.audit.store import SqliteLog
from gatesh.model import (
    Answer,
    Answered,
    Assurance,
    CliCall,
    Decision,
    HttpRequest,
    Match,
    Ran,
    Refused,
    Severity,
    Span,
    Target,
    Verdict,
)
from tests.audit.values import ASKER, CHILD_ENV, allow, command, line, seen
from tests.installed import GATESH

MAIN = "import sys; from gatesh.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def gatesh(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        env=CHILD_ENV | {"GATESH_HOME": str(home), **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def listed(home: Path, *words: str) -> list[int]:
    done = gatesh(home, "history", "--json", *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    return [row["record"] for row in json.loads(done.stdout)]


@pytest.fixture
def filled(home: Path) -> Path:
    """Six records: ls, a rejected DELETE, git by another agent, a failure, a kill, one without an end."""
    log = SqliteLog(str(home / "audit.db"))
    log.end(
        log.begin(line("ls -la"), ASKER, seen(command("ls", "-la")), allow(), "d1"),
        Ran(0, 5_000_000),
    )

    text = "curl -H 'Authorization: Bearer abcDEF123456' -X DELETE https://api.prod/v1"
    place = text.index("-X DELETE")
    found = Match("http-delete", "data-destroy", Severity.HIGH, "deletes at api.prod", "ask the owner",
                  Target("http", "api.prod", label="production"), 0, Span(place, place + 9))  # fmt: skip
    request = HttpRequest("DELETE", "https", "api.prod", "/v1", Target("http", "api.prod"))
    number = log.begin(
        line(text, cwd="/srv/app/sub"), ASKER, seen(command(*text.split()), facts=((0, request),)),
        Decision(Verdict.ASK, (found,)), "d1",
    )  # fmt: skip
    log.refused_answer(number, "pid 4711 socat", "socket", "descends from the asker")
    log.answer(
        number, Answer(Answered.REJECTED, "terminal /dev/pts/9", Assurance.A1, "use the dashboard")
    )
    log.end(
        number, Refused(126, "gatesh: refused [http-delete]\ngatesh: hint: use the dashboard\n")
    )

    other = ASKER.but(session="boot:9:9", agent="claude-code", root_pid=9)
    facts = ((0, CliCall("git", (), (), Target("git", "origin"))),)
    git = seen(command("git", "push"), facts=facts)
    log.end(
        log.begin(line("git push", cwd="/srv/app2"), other, git, allow(), "d1"),
        Ran(0, 2_000_000_000),
    )
    log.end(log.begin(line("false"), ASKER, seen(command("false")), allow(), "d1"), Ran(3 << 8, 1))
    log.end(log.begin(line("sleep 100%_"), ASKER, seen(command("sleep")), allow(), "d1"), Ran(9, 1))
    log.begin(line("make"), ASKER.but(pid=2**22 + 1), seen(command("make")), allow(), "d1")
    log.alert("unpaired", "who are you", pid=5)
    log.close()
    return home


@pytest.mark.parametrize(
    ("words", "records"),
    [
        ((), [6, 5, 4, 3, 2, 1]),
        (("--reverse", "--limit", "2"), [5, 6]),
        (("--limit", "2"), [6, 5]),
        (("curl", "prod"), [2]),
        (("CURL",), [2]),
        (("100%_",), [5]),
        (("%",), [5]),
        (("nothing like it",), []),
        (("'; DROP TABLE record; --",), []),
        (("--session", "boot:9:9"), [3]),
        (("--agent", "claude-code"), [3]),
        (("--program", "git"), [3]),
        (("--program", "gi"), []),
        (("--verdict", "ask"), [2]),
        (("--rule", "http-delete"), [2]),
        (("--target", "api.prod"), [2]),
        (("--target", "origin"), [3]),
        (("--label", "production"), [2]),
        (("--label", "prod"), []),
        (("--cwd", "/srv/app"), [6, 5, 4, 2, 1]),
        (("--cwd", "/srv/app/sub/"), [2]),
        (("--cwd", "/"), [6, 5, 4, 3, 2, 1]),
        (("--exit", "0"), [3, 1]),
        (("--exit", "fail"), [5, 4]),
        (("--exit", "KILL"), [5]),
        (("--outcome", "refused"), [2]),
        (("--outcome", "unknown"), [6]),
        (("--outcome", "rejected"), [2]),
        (("--outcome", "expired"), []),
        (("--outcome", "denied"), []),
        (("--since", "1h"), [6, 5, 4, 3, 2, 1]),
        (("--until", "1h"), []),
        (("--since", "2026-01-01", "--until", "2999-01-01T00:00", "--exit", "3"), [4]),
    ],
)
def test_filters(filled, words, records):
    assert listed(filled, *words) == records


def test_lines_for_a_person_name_what_happened(filled):
    done = gatesh(filled, "history", TZ="UTC")
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["record", "time", "state", "exit", "took", "agent", "cwd", "command"]
    assert [row.split()[2] for row in lines] == ["unknown", "ran", "ran", "ran", "rejected", "ran"]
    assert re.fullmatch(
        r" +2  \d\d:\d\d:\d\d +rejected +- +-  opencode +/srv/app/sub +"
        r"curl -H 'Authorization: Bearer <redacted>' -X DELETE https://api.prod/v1",
        lines[4],
    )
    assert " KILL " in lines[1]
    assert " 2.0 s " in lines[3]


def test_json_lines_csv_and_tables(filled):
    rows = [json.loads(row) for row in gatesh(filled, "history", "--nl").stdout.splitlines()]
    assert [row["record"] for row in rows] == [6, 5, 4, 3, 2, 1]
    assert rows[4]["rule_ids"] == ["http-delete"]
    table = list(csv.DictReader(gatesh(filled, "history", "--csv").stdout.splitlines()))
    assert [row["command_line"] for row in table][-1] == "ls -la"
    assert set(table[0]) == set(rows[0])
    assert "| record" in gatesh(filled, "history", "--fmt", "github").stdout
    assert "-----" in gatesh(filled, "history", "-t").stdout
    bad = gatesh(filled, "history", "--fmt", "nope")
    assert bad.returncode == 2
    full = json.loads(gatesh(filled, "history", "--json", "--full", "curl").stdout)
    assert full[0]["facts"][0][1]["method"] == "DELETE"


def test_show_tells_everything_about_one_record(filled):
    text = gatesh(filled, "show", "2").stdout
    for part in (
        "record 2: rejected", "agent         opencode 1.0\n", "process       pid 4711 on /dev/pts/3\n", "/srv/app/sub",
        "1 secret taken out", "request DELETE https://api.prod/v1, on http api.prod (local or remote is not known)\n", "http-delete  high  data-destroy", "deletes at api.prod", "ask the owner",
        "part        -X DELETE", "rejected (A1) terminal /dev/pts/9", "use the dashboard",
        "descends from the asker", "outcome       refused (126) gatesh: refused [http-delete]\n              gatesh: hint: use the dashboard",
    ):  # fmt: skip
        assert part in text, text
    assert "abcDEF123456" not in text
    row = json.loads(gatesh(filled, "show", "2", "--json").stdout)
    assert row["answers"][0]["assurance"] == "A1"
    assert row["refused_answers"][0]["who"] == "pid 4711 socat"
    assert row["commands"][0]["words"][0]["text"] == "curl"
    missing = gatesh(filled, "show", "77")
    assert (missing.returncode, missing.stdout) == (2, "")


def test_every_record_can_be_shown(filled):
    for number in range(1, 7):
        done = gatesh(filled, "show", str(number))
        assert (done.returncode, done.stderr) == (0, "")


def test_sessions_and_stats(filled):
    rows = json.loads(gatesh(filled, "sessions", "--json").stdout)
    assert [(r["agent"], r["commands"], r["asked"], r["refused"]) for r in rows] == [
        ("claude-code", 1, 0, 0),
        ("opencode", 5, 1, 1),
    ]
    counts = json.loads(gatesh(filled, "stats", "--json").stdout)
    assert counts["verdict"] == [{"verdict": "allow", "count": 5}, {"verdict": "ask", "count": 1}]
    assert counts["rule"] == [{"rule": "http-delete", "severity": "high", "count": 1, "held": 1}]
    assert {"program": "git", "count": 1} in counts["program"]
    assert "unpaired" in gatesh(filled, "stats", "--alerts").stdout
    assert "by verdict" in gatesh(filled, "stats").stdout


def test_a_log_that_nobody_has_written_is_empty_not_an_error(home):
    for words, out in ((("history", "--json"), "[]\n"), (("history",), ""), (("sessions", "--json"), "[]\n"),
                       (("stats",), ""), (("history", "--nl"), "")):  # fmt: skip
        done = gatesh(home, *words)
        assert (done.returncode, done.stdout) == (0, out)
        assert "nothing has been recorded yet" in done.stderr
    assert not home.exists(), "reading must not make a log"


def test_a_damaged_log_is_an_error(home):
    home.mkdir(mode=0o700)
    (home / "audit.db").write_bytes(b"rubbish " * 1000)
    done = gatesh(home, "history")
    assert (done.returncode, done.stdout) == (125, "")
    assert "damaged" in done.stderr
    assert "gatesh: hint: it is left as it is" in done.stderr


def test_another_sqlite_file_is_an_error(home):
    home.mkdir(mode=0o700)
    sqlite3.connect(home / "audit.db").execute("CREATE TABLE x(y)").connection.close()
    done = gatesh(home, "history")
    assert done.returncode == 125
    assert "is not an audit log" in done.stderr


def test_reading_writes_nothing(filled):
    before = (filled / "audit.db").read_bytes()
    gatesh(filled, "history")
    gatesh(filled, "stats")
    assert (filled / "audit.db").read_bytes() == before


def test_reading_goes_on_while_a_keeper_writes(filled):
    log = SqliteLog(str(filled / "audit.db"))
    log.begin(line("id"), ASKER, seen(command("id")), allow(), "d")
    assert listed(filled, "--limit", "1") == [7]
    log.begin(line("id"), ASKER, seen(command("id")), allow(), "d")
    log.close()


EVIL = "echo \x1b[2J\x1b]0;x\x07 \u202egpj\u202c\r\nrm -rf / \u200b\x9b31m"


@pytest.mark.parametrize("words", [("history",), ("history", "--full"), ("history", "--csv"), ("history", "-t"),
                                   ("history", "--json"), ("history", "--nl"), ("show", "1"),
                                   ("show", "1", "--json"), ("sessions",), ("stats",)], ids=" ".join)  # fmt: skip
def test_nothing_recorded_reaches_a_terminal_as_a_control_character(home, words):
    log = SqliteLog(str(home / "audit.db"))
    asker = ASKER.but(agent="a\x1b[31m", root_name="\x1b]0;x\x07", tty="\u202etty")
    found = Match(
        "r", "c", Severity.HIGH, EVIL, EVIL, Target("http", EVIL), 0, Span(0, 4), preview=EVIL
    )
    number = log.begin(
        line(EVIL, cwd="/tmp/\x1b[2J"),
        asker,
        seen(command("echo\x1b", EVIL)),
        Decision(Verdict.ASK, (found,)),
        "d",
    )
    log.answer(number, Answer(Answered.REJECTED, EVIL, comment=EVIL))
    log.end(number, Refused(126, EVIL))
    log.close()
    out = gatesh(home, *words).stdout
    assert out
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u202c]", out), repr(out)


def on_terminal(home: Path, columns: int, *words: str) -> str:
    """What `gatesh WORDS` writes to a terminal of this width."""
    pid, fd = pty.fork()
    if pid == 0:
        env = CHILD_ENV | {"GATESH_HOME": str(home), "COLUMNS": str(columns), "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-c", MAIN, *words], env)
    out = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(fd)
    os.waitpid(pid, 0)
    return out.decode()


def test_on_a_terminal_a_record_is_one_line_cut_to_its_width(home):
    log = SqliteLog(str(home / "audit.db"))
    for text in (
        "echo " + "x" * 500,
        "echo " + "文" * 300,
        "cat <<E\n" + "line\n" * 50 + "E",
        "short",
    ):
        log.end(log.begin(line(text), ASKER, seen(command("echo")), allow(), "d"), Ran(0, 1))
    log.close()
    plain = re.sub("\x1b\\[[0-9;]*m", "", on_terminal(home, 120, "history"))
    rows = plain.replace("\r", "").splitlines()
    assert len(rows) == 5
    assert rows[0].split()[0] == "record"
    for row in rows:
        assert sum(2 if char == "文" else 1 for char in row) <= 120
    assert [row.endswith("…") for row in rows] == [False, False, True, True, True]


def test_follow_shows_a_record_as_it_begins_and_again_when_it_ends(filled):
    child = subprocess.Popen(
        [sys.executable, "-c", MAIN, "history", "-f", "--nl", "--limit", "1"],
        env=CHILD_ENV | {"GATESH_HOME": str(filled)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert json.loads(child.stdout.readline())["record"] == 6
        time.sleep(0.5)
        log = SqliteLog(str(filled / "audit.db"))
        number = log.begin(line("sleep 1"), ASKER, seen(command("sleep")), allow(), "d")
        begun = json.loads(child.stdout.readline())
        log.end(number, Ran(0, 1))
        ended = json.loads(child.stdout.readline())
        log.close()
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert [(row["record"], row["outcome"]) for row in (begun, ended)] == [
        (7, "unknown"),
        (7, "ran"),
    ]


def test_a_line_that_still_runs_is_not_called_unknown(home):
    log = SqliteLog(str(home / "audit.db"))
    alive = ASKER.but(pid=os.getpid())
    log.begin(line("make"), alive, seen(command("make")), allow(), "d")
    log.begin(line("rm x"), alive, seen(command("rm")), Decision(Verdict.ASK, ()), "d")
    log.close()
    assert [row.split()[2] for row in gatesh(home, "history").stdout.splitlines()[1:]] == [
        "waiting",
        "running",
    ]


def test_what_the_column_says_can_be_asked_for(home):
    """One record for each end that a refused or approved line can have, and a denied and an observed one."""
    log = SqliteLog(str(home / "audit.db"))
    ask = Decision(Verdict.ASK, ())
    for answered in Answered:
        number = log.begin(line(answered.value), ASKER, seen(command("x")), ask, "d")
        log.answer(number, Answer(answered))
        log.end(number, Ran(0, 1) if Answer(answered).yes else Refused(126, "no"))
    denied = log.begin(line("denied"), ASKER, seen(command("x")), Decision(Verdict.DENY, ()), "d")
    log.end(denied, Refused(126, "no"))
    observed = Decision(Verdict.ALLOW, (), reason="observe: ask")
    log.end(log.begin(line("observed"), ASKER, seen(command("x")), observed, "d"), Ran(0, 1))
    log.close()
    states = [row.split()[2] for row in gatesh(home, "history").stdout.splitlines()[1:]]
    assert states == ["observed", "denied", *reversed([a.value for a in Answered])]
    for number, state in enumerate(reversed(states), 1):
        assert listed(home, "--outcome", state) == [number], state


def test_a_withdrawn_line_is_not_counted_as_refused(home):
    log = SqliteLog(str(home / "audit.db"))
    for answered in (Answered.WITHDRAWN, Answered.REJECTED):
        number = log.begin(line("x"), ASKER, seen(command("x")), Decision(Verdict.ASK, ()), "d")
        log.answer(number, Answer(answered))
        log.end(number, Refused(126, "no"))
    log.close()
    (row,) = json.loads(gatesh(home, "sessions", "--json").stdout)
    assert (row["asked"], row["refused"]) == (2, 1)


@pytest.mark.parametrize("rule", ["http-delte", "http", "nosuchrule"])
def test_a_rule_that_nobody_knows_is_wrong_use(filled, rule):
    done = gatesh(filled, "history", "--rule", rule)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"gatesh: error: there is no rule {rule}\ngatesh: hint: ")


def test_a_rule_that_matched_nothing_or_is_gone_is_not(filled):
    assert listed(filled, "--rule", "git-clean") == []
    assert listed(filled, "--rule", "http-delete") == [2]


@pytest.mark.parametrize("words", [("--json", "--csv"), ("--nl", "-t"), ("--csv", "--fmt", "grid")])
@pytest.mark.parametrize("command_", ["history", "sessions", "stats"])
def test_two_forms_at_once_are_wrong_use(filled, command_, words):
    done = gatesh(filled, command_, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "do not go together" in done.stderr


@pytest.mark.parametrize("record", ["abc", "-1", "1.5", "9" * 30, "٣", ""])
def test_what_is_no_number_of_a_record_is_said_in_plain_words(filled, record):
    done = gatesh(filled, "show", "--", record)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"gatesh: error: {record} is no record's number\ngatesh: hint: gatesh history lists them\n"
    )


def test_the_number_of_a_terminal_is_shown_as_its_name(home):
    log = SqliteLog(str(home / "audit.db"))
    for tty in ("34817", "1025", "35072", "66000"):
        asker = ASKER.but(tty=tty)
        log.end(log.begin(line("ls"), asker, seen(command("ls")), allow(), "d"), Ran(0, 1))
    log.close()
    shown = [gatesh(home, "show", str(number)).stdout for number in range(1, 5)]
    names = [re.search("process +pid 4711 on (.*)", text)[1] for text in shown]
    assert names == ["/dev/pts/1", "/dev/tty1", "/dev/pts/256", "terminal 257:208"]


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize(
    "words", [("history",), ("history", "-t"), ("sessions",), ("stats", "--alerts")], ids=" ".join
)
def test_nothing_is_wider_than_the_terminal(home, words, columns):
    boot = "2f6d1c52-8a67-4bfb-9f0e-6a2f5a2f4c11:4711:123456789"
    log = SqliteLog(str(home / "audit.db"))
    for number in range(3):
        log.end(
            log.begin(
                line("echo " + "x" * 300, cwd="/srv/" + "long/" * 20), ASKER.but(session=boot),
                seen(command("echo")), allow(), "d",
            ), Ran(number << 8, 10**10),
        )  # fmt: skip
        log.alert("unpaired", "who are you, " * 20, pid=5)
    log.close()
    text = re.sub("\x1b\\[[0-9;]*m", "", on_terminal(home, columns, *words)).replace("\r", "")
    assert len(text.splitlines()) >= 3
    assert max(map(len, text.splitlines())) <= columns
    if words == ("history",):
        assert all(" echo xxxxxxxxxx" in row for row in text.splitlines()[1:]), text
    if words == ("sessions",):
        assert "4711:123456789" in text
        assert "programs" in text
        assert listed(home, "--session", "4711:123456789") == [3, 2, 1]


def test_a_reader_that_goes_away_ends_it_in_silence(filled):
    log = SqliteLog(str(filled / "audit.db"))
    text = line("echo " + "x" * 100_000)
    for _ in range(3):
        log.end(log.begin(text, ASKER, seen(command("echo")), allow(), "d"), Ran(0, 1))
    log.close()
    ran = subprocess.run(
        ["bash", "-c", f"{GATESH} history --full | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"],
        env=CHILD_ENV | {"GATESH_HOME": str(filled), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("141\n", "")
