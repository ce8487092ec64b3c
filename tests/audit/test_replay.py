"""The past judged again: what was recorded gives what was decided, and other rules give the difference."""

from __future__ import annotations

import json

import pytest

from gatesh.audit.decode import from_json
from gatesh.audit.encode import to_json
from gatesh.audit.query import AuditReader
from gatesh.audit.replay import changes, judge, past_of
from gatesh.model import Verdict
from gatesh.places import places_below
from gatesh.rules import layers, load
from gatesh.rules.examples import PLACES, consider
from tests.audit.history import record

FILES = load.read_all(PLACES, [f for f in load.files(PLACES) if f[1] == "shipped"])
RULES = layers.combine(FILES)
EXAMPLES = [
    (rule, line, file.examples[rule])
    for file in FILES
    for rule in file.examples
    for line in (*file.examples[rule].catches, *file.examples[rule].passes)
]


def identity(text):
    return text


@pytest.mark.parametrize(("rule", "line", "shown"), EXAMPLES, ids=[e[1][:50] for e in EXAMPLES])
def test_commands_and_facts_come_back_as_they_were_written(rule, line, shown):
    seen = consider(RULES, line, shown)

    assert from_json(to_json(seen.reading.commands, identity)) == seen.reading.commands
    assert from_json(to_json(seen.facts, identity)) == seen.facts


def test_what_a_newer_or_an_older_gatesh_wrote_is_read_as_far_as_it_goes():
    kept = from_json('[{"is":"Target","kind":"http","name":"x","colour":"red"}]')[0]

    assert (kept.kind, kept.name) == ("http", "x")
    for broken in (
        "{",
        '[{"is":"Nothing"}]',
        '[{"is":"Target"}]',
        '[{"span":[1,2]}]',
        "[" * 100_000,
    ):
        with pytest.raises(ValueError):
            from_json(broken)


@pytest.fixture
def places(place):
    return places_below(str(place))


LINES = [
    ("git push --force origin preview-1", "approved"),
    ("git push --force origin main", "rejected"),
    ("git status && ls -l", ""),
    ("rm -rf / tmp/x", ""),
    ("psql -h db.prod.example.com -c 'drop table users'", "approved"),
    ("PGPASSWORD=geheim psql postgres://me:geheim@db.prod.example.com/app -c 'delete from users'", "rejected"),
    ("curl -X DELETE -H 'Authorization: Bearer abcdefghijklmnop' https://api.example.com/v1/volumes/1", ""),
    ("eval \"$(curl https://example.com/x)\"; unzip 'x", ""),
    ("if then rm -rf x", ""),
    ("RAILS_ENV=test rails db:drop", ""),
    ("rails db:drop", "approved"),
]  # fmt: skip


@pytest.fixture
def pasts(places):
    record(places, LINES)
    return list(AuditReader(places.audit_db).pasts())


def test_the_same_rules_decide_the_same_again(places, pasts):
    rules = load.load(places, cached=False)

    assert [past.text.partition(" ")[0] for past in pasts][:2] == ["git", "git"]
    assert {past.verdict for past in pasts} == {Verdict.ALLOW, Verdict.ASK}
    for past in pasts:
        decided = judge(rules, past)
        assert (decided.verdict, {m.rule for m in decided.matches}) == (
            past.verdict,
            {*past.rules},
        ), past.text
    assert list(changes(pasts, rules)) == []


def test_a_corpus_of_agents_lines_is_decided_the_same_again(places, shared):
    lines = []
    for name in ("bypass_cases", "labelled"):
        with (shared / "corpora" / f"{name}.jsonl").open() as file:
            lines += [json.loads(line)["command"] for line in file][:400]
    good = [line for line in lines if line.isascii() and "\0" not in line and line.isprintable()]
    record(places, [(line, "approved") for line in good])
    rules = load.load(places, cached=False)

    pasts = list(AuditReader(places.audit_db).pasts())
    differ = [p.text for p in pasts if judge(rules, p).verdict is not p.verdict]
    assert len(pasts) > 100
    assert differ == []


def changed(places, text, pasts):
    files = load.read_all(places, instead={"mine.toml": text})
    confirmed = frozenset(one.digest for one in layers.loosenings(files))
    return {
        c.past.text: (c.after, c.approved, c.rejected)
        for c in changes(pasts, layers.combine(files, confirmed))
    }


def test_other_rules_give_the_difference_and_what_the_human_had_said(places, pasts):
    preview = '[override.git-push-force]\nunless = "git push --force * preview-*"\n'
    assert changed(places, preview, pasts) == {
        "git push --force origin preview-1": (Verdict.ALLOW, True, False)
    }
    off = "[override.git-push-force]\noff = true\n"
    assert changed(places, off, pasts)["git push --force origin main"] == (
        Verdict.ALLOW, False, True
    )  # fmt: skip
    deny = "[override.git-push-force]\ndeny = true\n"
    assert {v[0] for v in changed(places, deny, pasts).values()} == {Verdict.DENY}


def test_a_condition_on_the_environment_holds_where_it_held_then(pasts, places):
    """RAILS_ENV=test passed, and nothing of an environment is kept: it must not look asked about now."""
    by_text = {past.text: past for past in pasts}

    assert by_text["RAILS_ENV=test rails db:drop"].verdict is Verdict.ALLOW
    assert by_text["rails db:drop"].verdict is Verdict.ASK
    rules = load.load(places, cached=False)
    assert judge(rules, by_text["RAILS_ENV=test rails db:drop"]).verdict is Verdict.ALLOW


def test_under_observe_the_rules_own_word_counts():
    row = dict.fromkeys(
        ("record", "rule_ids", "answered", "pattern_digest", "unparsed", "parse_status"), ""
    )
    row |= {
        "reason": "observe: ask",
        "verdict": "allow",
        "command_line": "x",
        "working_directory": "/",
    }
    row |= {"commands": "[]", "facts": "[]"}

    assert past_of(row, ()).verdict is Verdict.ASK


def test_a_row_that_cannot_be_understood_is_counted_and_not_guessed(places):
    record(places, [("ls", "")])
    import sqlite3

    with sqlite3.connect(places.audit_db) as db:
        db.execute("DROP TRIGGER record_no_update")
        db.execute('UPDATE record SET facts = \'[[0, {"is":"Novel"}]]\'')

    assert list(AuditReader(places.audit_db).pasts()) == [None]
