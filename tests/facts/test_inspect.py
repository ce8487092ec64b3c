"""What holds for the facts of any command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gatesh.facts
from gatesh.facts import files, url
from gatesh.facts.words import UNSEEN, visible
from gatesh.model import Certainty, CliCall, FileChange, Span, SqlStatement, Word

ROOT = Path(__file__).parents[2]


def test_a_known_program_has_one_plain_call(inspector):
    for line in ("ls -la", "curl h", "git status", "aws s3 ls", "railway up", "./own --x"):
        assert len(inspector.only(CliCall, line)) == 1


def test_a_program_that_nobody_knows_has_no_call(inspector):
    assert inspector.only(CliCall, '"$PROGRAM" x') == []


def test_a_redirect_alone_changes_a_file(inspector, tmp_path):
    (tmp_path / "data").write_text("precious")
    assert inspector.only(FileChange, "> data")
    assert inspector.only(FileChange, "curl http://h > data")


def test_every_program_that_changes_files_is_asked_about_files():
    known = {name for name, (module, _) in gatesh.facts._FACTS.items() if module == "files"}
    assert known | set(gatesh.facts._ALSO_FILES) >= set(files.PROGRAMS)


def test_every_name_in_the_registry_leads_to_a_function():
    for module, function in set(gatesh.facts._FACTS.values()):
        found = __import__(f"gatesh.facts.{module}", fromlist=[function])
        assert callable(getattr(found, function))


def broken(*_):
    raise RecursionError("deep")


def test_a_fact_that_fails_says_so_and_raises_nothing(inspector, monkeypatch):
    """INVARIANT: promise 3, when gatesh cannot tell, it asks."""
    monkeypatch.setattr("gatesh.facts.cli.call", broken)
    monkeypatch.setattr("gatesh.facts.curl.requests", broken)
    plain, failed, request = inspector.facts("curl -X DELETE http://h")
    for call in (plain, failed):
        assert call.program == "curl"
        assert call.cannot_see[0].startswith("facts: ")
    assert [entry.partition(":")[0] for entry in request.cannot_see] == [
        "method",
        "host",
        "path",
        "body",
    ]


@pytest.mark.parametrize(
    ("function", "line", "kind"),
    [
        ("files.changes", "rm x", FileChange),
        ("sql.psql", "psql x", SqlStatement),
        ("aws.calls", "aws s3 rb s3://b", CliCall),
    ],
)
def test_what_fails_is_taken_for_the_worst(inspector, monkeypatch, function, line, kind):
    monkeypatch.setattr(f"gatesh.facts.{function}", broken)
    assert any(fact.cannot_see for fact in inspector.only(kind, line))


PIECES = st.sampled_from(
    ["-X", "DELETE", "-d", "@p", "@-", "-K", "--next", "http://h/", "$X", '"$X/y"', "-G", "--json", "{", "[1-", "::",
     "-F", "a=@b", "--", "-", "--data-urlencode", "=", "api", "graphql", "-f", "query=mutation{a}", "--connect-to",
     "rds", "--cli-input-json", "file://x", "s3", "help", "é", "%", "http://[", "--url", "-T", "--endpoint-url", ":", "q:=1"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["curl", "wget", "http", "gh", "railway", "aws"]), st.lists(PIECES, max_size=7)
)
def test_no_command_line_makes_it_fail(tmp_path_factory, program, pieces):
    from tests.facts.conftest import Inspector

    inspector = Inspector(tmp_path_factory.getbasetemp())
    words = [
        Word(p, Span(0, 0), Certainty.UNKNOWN if "$" in p else Certainty.LITERAL)
        for p in (program, *pieces)
    ]
    for fact in inspector.facts(program, words=tuple(words)):
        assert not any(entry.startswith("facts: ") for entry in fact.cannot_see), fact.cannot_see
        assert UNSEEN not in repr(fact)
        assert "\\x00" not in repr(fact)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("$X", UNSEEN),
        ('"a $X b"', f"a {UNSEEN} b"),
        ("'$X'$X", f"$X{UNSEEN}"),
        ("a${X:-b}c", f"a{UNSEEN}c"),
        ("a$(b $(c) ')')d", f"a{UNSEEN}d"),
        ("`a`b", f"{UNSEEN}b"),
        (r'"\$X \" \\ \n"' + "$X", '$X " \\ \\n' + UNSEEN),
        (r"\$X$X", f"$X{UNSEEN}"),
        ("@<(a)", f"@{UNSEEN}"),
        ("$'\\x41'$X", UNSEEN * 2),
        ("a$", "a$"),
        ("$(unclosed", UNSEEN),
    ],
)
def test_what_can_be_seen_of_a_word(source, seen):
    assert visible(Word(source, Span(0, 0), Certainty.UNKNOWN)) == seen


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("a.localhost", True), ("127.0.0.1", True), ("127.255.1.2", True), ("::1", True),
        ("0.0.0.0", True), ("::", True), ("::ffff:127.0.0.1", True), ("unix:/run/x", True),
        ("localhost.example.com", False), ("127.0.0.1.example.com", False), ("10.0.0.1", False), ("192.168.0.1", False),
        ("169.254.169.254", False), ("fe80::1", False), ("::ffff:10.0.0.1", False), ("", False), ("1270.0.1", False),
        ("host.docker.internal", False), ("127.evil.com", False), ("x:y", False),
    ],
)  # fmt: skip
def test_local_is_this_machine_and_no_private_range(host, local):
    assert url.is_local(host) is local


def test_a_plain_command_imports_nothing_heavy():
    """The hot path: no dataclasses, typing, json, pathlib, subprocess, argparse, click, inspect."""
    code = (
        "import sys\n"
        "from gatesh.facts import World, inspect\n"
        "from gatesh.model import *\n"
        "w = lambda t: Word(t, Span(0, 1))\n"
        "class F:\n"
        "    kind = lambda s, p: 'missing'\n"
        "c = SimpleCommand((w('curl'), w('-sX'), w('GET'), w('http://localhost/x')), Span(0, 1))\n"
        "facts = list(inspect(c, CommandLine('curl', '/', {}), World(F(), None, '/')))\n"
        "assert len(facts) == 2, facts\n"
        "print(*sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
    )
    heavy = {
        "dataclasses",
        "typing",
        "json",
        "pathlib",
        "subprocess",
        "argparse",
        "click",
        "inspect",
        "logging",
    }
    assert heavy & set(re.split(r"\s", run.stdout)) == set()
