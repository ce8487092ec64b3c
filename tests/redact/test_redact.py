"""tests/data/redact.toml holds the table: what must go, what must stay."""

from __future__ import annotations

import sqlite3
import string
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.audit.store import SqliteLog
from gatesh.model import (
    Answer,
    Answered,
    CliCall,
    Decision,
    Match,
    Refused,
    Severity,
    Span,
    Target,
    Verdict,
)
from gatesh.redact import MARK, redact, redact_words, secrets_of_environment
from tests.audit.values import ASKER, command, line, seen

TABLE = tomllib.loads((Path(__file__).parents[1] / "data" / "redact.toml").read_text())


@pytest.mark.parametrize("row", TABLE["hidden"], ids=lambda row: row["text"][:50])
def test_a_secret_is_taken_out_and_the_rest_stays(row):
    found = redact(row["text"])
    assert row["secret"] not in found.text
    for kept in row["keeps"]:
        assert kept in found.text


@pytest.mark.parametrize("row", TABLE["quiet"], ids=lambda row: row["text"][:50])
def test_what_only_looks_like_a_secret_stays(row):
    assert redact(row["text"]).text == row["text"]


@pytest.mark.parametrize("row", TABLE["hidden"], ids=lambda row: row["text"][:50])
def test_redacting_twice_changes_nothing_more(row):
    once = redact(row["text"]).text
    assert redact(once).text == once


@pytest.mark.parametrize("row", TABLE["hidden"], ids=lambda row: row["text"][:50])
def test_the_spans_lead_back(row):
    text, found = row["text"], redact(row["text"])
    rebuilt, last = "", 0
    for start, end in found.spans:
        assert last <= start < end <= len(text)
        rebuilt += text[last:start] + MARK
        last = end
    assert rebuilt + text[last:] == found.text


def test_a_span_of_the_text_that_came_in_is_found_again():
    text = "curl -u a:hunter2 https://x/ -X DELETE"
    found = redact(text)
    start = text.index("-X DELETE")
    moved = found.moved(start, len(text))
    assert found.text[slice(*moved)] == "-X DELETE"
    inside = text.index("hunter2") + 2
    assert found.text[slice(*found.moved(inside, inside + 2))] == MARK


def test_a_secret_found_once_is_taken_out_everywhere():
    whole = redact("curl -H 'Authorization: Bearer abcDEF=123+456' https://x/")
    say = redact('sends abcDEF=123+456 and abcDEF%3D123%2B456 to "x"', whole.secrets)
    assert say.text == f'sends {MARK} and {MARK} to "x"'


def test_a_word_that_is_somebodys_password_too_is_not_taken_out_everywhere():
    whole = redact("PGPASSWORD=postgres psql -U postgres postgres")
    assert whole.text == f"PGPASSWORD={MARK} psql -U postgres postgres"


@pytest.mark.parametrize(
    "word", ["volumeDelete", "; rm -rf /srv", "production", "srv/data/v1", "{me}", "$(id)1"]
)
def test_nobody_can_hide_a_word_by_calling_it_a_token(word):
    assert secrets_of_environment({"X_TOKEN": word}) == ()
    assert word in redact(f"X_TOKEN='{word}' true; echo {word}").text


def test_words_are_redacted_by_their_place():
    words, secrets = redact_words(["mysql", "-uroot", "-pabc", "--password", "x1", "app"])
    assert words == ["mysql", "-uroot", f"-p{MARK}", "--password", MARK, "app"]
    assert secrets == ()


def test_the_environments_secrets_are_known():
    env = {
        "PATH": "/usr/bin:/bin", "PWD": "/srv/abc123", "OLDPWD": "/srv/abc123", "SSH_AUTH_SOCK": "/tmp/agent.1",
        "API_KEY": "k-12345678", "DB_PASSWORD": "postgres", "TOKEN_FILE": "/run/t0ken", "GPG_KEY": "/home/me/key1",
    }  # fmt: skip
    assert secrets_of_environment(env) == ("k-12345678",)


@pytest.mark.parametrize(
    "text",
    [
        "token=" * 100_000,
        'token="a;b" ' * 40_000,
        "-----BEGIN X PRIVATE KEY-----" + "A" * 500_000,
        "cookie: a=b; " * 40_000,
        "a=" * 200_000,
        "password " * 60_000,
        'echo "' * 60_000,
        "https://" * 80_000,
        "https://" + "a" * 500_000,
        "curl -u " + "'" * 300_000,
        "x-" * 200_000 + "-token: 1",
        "authorization: " * 40_000,
        "cookie: " + "a; " * 150_000,
        "-----BEGIN RSA PRIVATE KEY-----" * 15_000,
        "eyJ" * 150_000,
        "sk-" * 150_000,
        "echo a | " * 50_000,
        '"' + "\\\\" * 200_000,
        "identified with a " * 25_000,
        "mysql -p " + "$(" * 150_000,
    ],
    ids=lambda text: text[:24],
)
def test_no_text_makes_it_slow(text):
    """A keeper redacts what an agent submits: half a megabyte of the worst must not hold it up."""
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 4


# -- nothing of it reaches the disk --------------------------------------------------------------------

SECRET = st.text(string.ascii_letters + string.digits + "+_-", min_size=10, max_size=40).filter(
    lambda s: s[0].isalnum() and s[-1].isalnum() and any(c.isdigit() for c in s) and any(c.isupper() for c in s)
)  # fmt: skip
PLACES = [
    ("curl", "-H", "Authorization: Bearer {}", "https://x.example/"),
    ("curl", "-u", "admin:{}", "https://x.example/"),
    ("curl", "-d", '{{"password": "{}"}}', "https://x.example/"),
    ("psql", "postgres://app:{}@db.prod/app"),
    ("mysql", "-uroot", "-p{}", "app"),
    ("mysqladmin", "--password", "{}", "drop", "app"),
    ("vercel", "--token={}", "remove"),
    ("docker", "run", "-e", "DB_PASSWORD={}", "x"),
    ("railway", "variables", "--set", "API_TOKEN={}"),
    ("redis-cli", "-a", "{}", "FLUSHALL"),
    ("sh", "-c", "mysql -p{} app"),
]


def quoted(word: str) -> str:
    return word if all(c.isalnum() or c in "-_./:=@+" for c in word) else f"'{word}'"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(secret=SECRET, words=st.sampled_from(PLACES), by_variable=st.booleans())
def test_no_secret_reaches_any_column(tmp_path_factory, secret, words, by_variable):
    """By variable: the line says $T, and only the words and facts hold what it expands to."""
    said = [word.format(secret) for word in words]
    text = " ".join(quoted(word.format("$T" if by_variable else secret)) for word in words)
    env = {"MY_TOKEN": secret} if by_variable else {}
    target = Target("http", f"x.example/{secret}")
    found = Match("r", "c", Severity.HIGH, f"sends {secret}", f"not {secret}", target, 0, Span(0, 4),
                  preview=f"SELECT '{secret}'", names=(secret,), cannot_see=(secret,))  # fmt: skip
    argv = command(*said)
    inspection = seen(
        argv, facts=((0, CliCall(said[0], argv.words[1:], (("-x", argv.words[-1]),), target)),)
    )
    path = str(tmp_path_factory.mktemp("log") / "state" / "audit.db")
    log = SqliteLog(path)
    number = log.begin(
        line(text, cwd=f"/srv/{secret}", env=env, arguments=("sh", secret)), ASKER, inspection,
        Decision(Verdict.ASK, (found,), f"unparsed {secret}", f"because {secret}"), "digest",
    )  # fmt: skip
    log.answer(number, Answer(Answered.REJECTED, comment="not with --password " + secret))
    log.end(number, Refused(126, "gatesh: refused [r]: sends Authorization: Bearer " + secret))
    log.close()
    db = sqlite3.connect(path)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    stored = [row for table in tables for row in db.execute(f'SELECT * FROM "{table}"')]
    db.close()
    assert not [value for row in stored for value in row if secret in str(value)]
    for file in Path(path).parent.glob("audit.db*"):
        assert secret.encode() not in file.read_bytes()
