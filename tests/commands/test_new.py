"""`gatesh patterns new`: Enter, Enter, Enter makes a rule that holds."""

from __future__ import annotations

import subprocess
import tomllib

import pytest

from gatesh.places import places_below
from tests.audit.history import record
from tests.commands.test_patterns import patterns
from tests.conftest import GATESH

LINES = [
    ("acme volume purge vol-123 --force", "cli", "acme volume purge --force"),
    ("curl -X POST https://api.acme.io/v2/tenants/t_123/wipe", "http", "POST api.acme.io/v2/tenants/*/wipe"),
    ("""curl https://x.acme.io/gql -d '{"query":"mutation{tenantWipe(id:1)}"}'""", "graphql", "mutation tenantWipe @ x.acme.io"),
    ("psql -h db.prod -c 'update accounts set x=1 where id=3'", "sql", "update"),
    ("rm -rf /srv/music/old", "file", "delete-tree /srv/music/**"),
    ("aws rds reboot-db-instance --db-instance-identifier main", "cli", "aws rds reboot-db-instance"),
    ("sudo acmectl db:reset \"it's\"", "cli", "acmectl db:reset"),
]  # fmt: skip


def new(env, *words, answers=""):
    ran = subprocess.run(
        [GATESH, "patterns", "new", *words], env=env, input=answers + "\n" * 12, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize(("line", "kind", "pattern"), LINES, ids=[line for line, *_ in LINES])
def test_enter_makes_a_rule_that_holds_and_counts_at_once(env, place, line, kind, pattern):
    status, out, err = new(env, line)
    text = (place / "patterns" / "mine.toml").read_text()
    (rule,) = tomllib.loads(text).values()

    assert (status, err) == (0, "")
    assert rule[kind] == pattern
    assert text.startswith("#:schema /")
    assert "in disguise as well" in out
    assert patterns(env, "lint")[0] == 0
    assert patterns(env, "test", str(place / "patterns" / "mine.toml"))[0] == 0
    (name,) = tomllib.loads(text)
    assert f"match {name} " in patterns(env, "explain", line)[1]


def test_a_line_that_does_several_things_is_asked_about(env, place):
    status, out, _ = new(env, "acme login && acme wipe prod", answers="2\n")

    assert status == 0
    assert "  1  cli      acme login\n  2  cli      acme wipe prod\n" in out
    assert 'cli      = "acme wipe prod"' in (place / "patterns" / "mine.toml").read_text()


def test_a_pattern_that_does_not_catch_is_asked_for_again(env, place):
    answers = ["acme drop", *[""] * 6, "acme wipe"]
    status, _, err = new(env, "acme wipe prod", answers="\n".join(answers) + "\n")

    assert status == 0
    assert "is not caught (nothing matched)" in err
    assert 'cli      = "acme wipe"' in (place / "patterns" / "mine.toml").read_text()


def test_a_name_that_is_taken_is_neither_offered_nor_accepted(env, place):
    new(env, "acme wipe prod")
    _, out, err = new(env, "acme wipe prod", answers="acme wipe* prod\nacme-wipe-prod\n")

    assert "[acme-wipe-prod-2]: there is a rule acme-wipe-prod already" in out
    assert err == ""
    assert set(tomllib.loads((place / "patterns" / "mine.toml").read_text())) == {
        "acme-wipe-prod",
        "acme-wipe-prod-2",
    }


def test_a_mistake_is_told_as_lint_tells_it(env, place):
    _, _, err = new(env, "acme wipe prod", answers="acme {wipe\n" + "\n" * 6 + "acme wipe\n")

    assert "gatesh: error: " in err
    assert "a brace is not closed" in err


def test_a_recorded_line_becomes_a_rule_and_its_past_is_shown(env, place):
    record(places_below(str(place)), [("acme wipe prod", ""), ("ls", ""), ("acme wipe prod", "")])
    status, out, _ = new(env, "--from", "1")

    assert status == 0
    assert "of 3 recorded command lines:\n  ran, and would be asked about: 2\n" in out
    assert tomllib.loads((place / "patterns" / "mine.toml").read_text())["acme-wipe-prod"]


def test_rules_are_added_to_what_is_there(env, place):
    new(env, "acme wipe prod")
    file = place / "patterns" / "mine.toml"
    file.write_text(file.read_text() + "# mine\n")
    new(env, "acme drop prod")

    assert len(tomllib.loads(file.read_text())) == 2
    assert "# mine\n" in file.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "new takes one LINE, or --from N"),
        (("ls", "--from", "1"), "new takes one LINE, or --from N"),
        (("--from", "99"), "there is no record 99"),
        (("x", "--file", "../x.toml"), "../x.toml is no pattern file's name"),
        (("x", "--file", "x"), "x is no pattern file's name"),
        (("x=1",), "there is nothing in this line to speak of"),
    ],
)
def test_what_it_cannot_do_is_said(env, words, said):
    status, _, err = new(env, *words)

    assert status == 2
    assert said in err
