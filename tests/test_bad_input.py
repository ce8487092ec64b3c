"""Bad input: a clear message, the right exit status, nothing run that should not, nothing lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.installed import GATESH

WRONG_USE = [
    (["--nope"], "unknown option --nope"),
    (["-c"], "-c needs a command line"),
    (["-i"], "an interactive shell needs a terminal"),
    (["--frobnicate", "-c", "true"], "unknown option --frobnicate"),
    (["history", "--nope"], "no such option"),
    (["history", "--since", "yesterweek"], "yesterweek"),
    (["check"], "check takes one LINE"),
    (["show", "x"], "x"),
    (["keeper", "--late", "-1"], "-1"),
]


@pytest.fixture
def gatesh(env: dict[str, str], work: Path):
    def run(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([GATESH, *words], env=env, cwd=work, capture_output=True, input=stdin)

    return run


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode()
    assert text.startswith("gatesh: error: "), text
    assert "\ngatesh: hint: " in text, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("words", "names"), WRONG_USE, ids=[" ".join(w) or "none" for w, _ in WRONG_USE]
)
def test_wrong_use_exits_2_and_names_what_is_wrong(gatesh, words, names) -> None:
    done = gatesh(*words)

    assert done.returncode == 2
    assert names in said(done)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"touch ran\0now\n", "control character U+0000 at offset 9"),
        (b"touch ran # caf\xe9\n", "no UTF-8 at offset 15"),
    ],
    ids=["NUL", "Latin-1"],
)
def test_a_script_with_characters_that_deceive_is_refused(gatesh, work, content, names) -> None:
    (work / "script").write_bytes(content)

    done = gatesh("script")

    assert done.returncode == 126
    assert names in said(done)
    assert not (work / "ran").exists()
    assert names.encode() in gatesh("stats", "--alerts").stdout


@pytest.mark.parametrize(
    "content", [b"touch ran\rrm x\n", b"touch ran # \x1b[2J\n"], ids=["CR", "ESC"]
)
def test_a_script_with_control_characters_is_held(gatesh, work, content) -> None:
    (work / "script").write_bytes(content)

    done = gatesh("script")

    assert done.returncode == 126
    assert (
        b"gatesh: refused [unparsed]: this line cannot be read: the control character U+00"
        in done.stderr
    )
    assert not (work / "ran").exists()


def test_a_script_of_a_megabyte_is_held_and_nothing_of_it_is_lost(gatesh, work) -> None:
    (work / "script").write_text("touch ran\n: " + "x " * 500_000)

    done = gatesh("script")

    assert done.returncode == 126
    assert "longer than 512 kB" in done.stderr.decode()
    assert not (work / "ran").exists()
    (row,) = json.loads(gatesh("history", "--json").stdout)
    assert row["outcome"] == "refused"
    assert row["command_line"].startswith("touch ran\n: x x")


def test_a_file_that_is_not_there_ends_as_under_bash(gatesh, work) -> None:
    (work / "folder").mkdir()

    assert gatesh("missing").returncode == 127
    assert gatesh("folder").returncode == 126
    assert "missing: No such file" in said(gatesh("missing"))


def test_jsonl_goes_on_after_lines_it_cannot_read(gatesh) -> None:
    lines = [
        json.dumps({"command": "echo hi\0"}),
        "no json",
        json.dumps({"cmd": "ls"}),
        json.dumps({"command": "echo " + "x" * 1_000_000}),
        json.dumps({"command": "ls", "cwd": "/"}),
        '{"command": "echo \\ud800"}',
        json.dumps({"command": "rm -rf /etc"}),
    ]

    done = gatesh("check", "--jsonl", stdin="\n".join(lines).encode() + b"\n\xff\n")

    found = [json.loads(raw) for raw in done.stdout.splitlines()]
    assert done.returncode == 2, "some lines were no JSON"
    assert [f.get("verdict", "error") for f in found] == [
        "deny", "error", "error", "ask", "allow", "deny", "ask", "error",
    ]  # fmt: skip
    assert all("error" in f or f["elapsed_us"] >= 0 for f in found)


@pytest.mark.parametrize("mode", ["alone", "keeper"])
def test_nothing_starts_on_a_broken_pattern_file(gatesh, place, work, mode, env, agent) -> None:
    folder = place / "patterns"
    folder.mkdir(mode=0o700)
    (folder / "mine.toml").write_text('[my-rule]\ncli = "foo"\nseverty = "high"\n')

    if mode == "alone":
        done = gatesh("-c", "touch ran")
        assert done.returncode == 125
        text = said(done)
        assert b"unknown key" in gatesh("stats", "--alerts").stdout
    else:
        done = agent.run("script", "-qec", f"{GATESH} keeper >message 2>&1", "/dev/null")
        assert done.exit == 2
        text = (work / "message").read_text()

    assert f"{folder}/mine.toml:3: unknown key 'severty'" in text
    assert "severity" in text.split("gatesh: hint: ")[1]
    assert not (work / "ran").exists()


def test_a_corrupted_database_runs_nothing_and_is_left_as_it_is(gatesh, place, work) -> None:
    gatesh("-c", "true")
    for name in ("audit.db-wal", "audit.db-shm"):
        (place / name).unlink(missing_ok=True)
    broken = b"SQLite format 3\0" + b"garbage " * 1000
    (place / "audit.db").write_bytes(broken)

    done = gatesh("-c", "touch ran")
    looked = gatesh("history")

    assert done.returncode == looked.returncode == 125
    for text in (said(done), said(looked)):
        assert str(place / "audit.db") in text
    assert not (work / "ran").exists()
    assert (place / "audit.db").read_bytes() == broken


def test_a_database_of_a_later_gatesh_is_not_touched(gatesh, place, work) -> None:
    gatesh("-c", "true")
    with sqlite3.connect(place / "audit.db") as db:
        db.execute("PRAGMA user_version = 999")

    done = gatesh("-c", "touch ran")

    assert done.returncode == 125
    assert "later" in said(done) or "newer" in said(done)
    assert not (work / "ran").exists()
