"""What a match says is lost, and a person types: the thing itself, not the words of the command."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gatesh.approval.describe import Description
from gatesh.errors import PatternFileError
from gatesh.model import Layer, Severity
from gatesh.rules import load
from gatesh.rules.examples import PLACES, consider
from gatesh.rules.layers import combine
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files
from tests.approval.requests import request

SHIPPED = load.load(PLACES, cached=False)
ROWS = tomllib.loads((Path(__file__).parents[1] / "data" / "losses-on-cards.toml").read_text())[
    "row"
]
UUID = "1f3c2a9e-8b7d-4c55-9f10-aa66bb77cc88"
RAILWAY = """\
curl https://backboard.railway.app/graphql/v2 -d '{"query":"mutation{volumeDelete(volumeId:\\"NUMBER\\")}"}'"""
STRIPE = """
[x]
http = "{POST,DELETE} api.example/**"
severity = "critical"
class = "money"
say = "x {1}"
instead = "y"
catches = ["a", "b"]
passes = ["c", "d"]
"""


def losses(matches) -> list[str]:
    lines = Description(request(1, *matches)).card("abc").body
    return [line.text.removeprefix("loses     ") for line in lines if line.style == "loss"]


def typed(matches) -> str:
    critical = tuple(m.but(severity=Severity.CRITICAL) for m in matches)
    return Description(request(1, *critical)).name


@pytest.mark.parametrize(
    ("line", "lost", "name"),
    [
        (
            "aws rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot",
            ("prod",),
            "prod",
        ),
        ("aws s3 rb s3://bookings --force", ("s3://bookings",), "s3://bookings"),
        (
            RAILWAY.replace("NUMBER", "vol-1"),
            ("vol-1",),
            "vol-1",
        ),
        (
            RAILWAY.replace("NUMBER", UUID),  # nobody should have to type that
            (UUID,),
            "volumeDelete",
        ),
        (
            RAILWAY.replace("NUMBER", UUID * 2),
            (UUID * 2,),
            "volumeDelete",
        ),
    ],
)
def test_the_thing_itself_is_named_and_typed(line, lost, name):
    found = [m for m in consider(SHIPPED, line, Examples((), ())).matches if m.lost == lost]
    assert found
    assert typed(found) == name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["line"])
def test_a_card_says_what_is_lost_and_nothing_else(row):
    said = [
        m for m in consider(SHIPPED, row["line"], Examples((), ())).matches if m.rule == row["rule"]
    ]
    assert said, "no such match: the row proves nothing"
    assert losses(said[:1]) == row["loses"]
    if "type" in row:
        assert typed(said[:1]) == row["type"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("curl -X DELETE https://api.example/v1/projects/p1", "projects/p1"),
        ("curl -X POST https://api.example/v1/subscriptions/sub_1/cancel", "subscriptions/sub_1"),
        ("curl -X DELETE https://api.example/", "api.example"),
    ],
)
def test_a_path_names_what_a_request_is_about(line, name):
    active = combine(parse_files([("x.toml", Layer.SHIPPED, STRIPE)], PLACES))
    assert typed(consider(active, line, Examples((), ())).matches) == name


@pytest.mark.parametrize(
    "path", ["notes.txt", ".env", "app.sqlite3", "src/main.py", "build/out.o", "/usr/bin/ls"]
)
def test_a_file_s_record_is_the_same_whether_rm_was_told_to_take_trees(path):
    found = [
        [(m.rule, m.say, m.lost) for m in consider(SHIPPED, line, Examples((), ())).matches]
        for line in (f"rm {path}", f"rm -rf {path}")
    ]
    assert found[0] == found[1]


def test_a_rule_about_trees_speaks_of_a_single_file_as_well():
    text = STRIPE.replace(
        'http = "{POST,DELETE} api.example/**"', 'file = "delete-tree ~/Documents/**"'
    )
    active = combine(parse_files([("x.toml", Layer.USER, text)], PLACES))
    assert consider(active, "rm -rf ~/Documents/letter.txt", Examples((), ())).matches


def test_a_preview_is_in_the_language_of_what_it_looks_at():
    told = {
        line.split()[0]: [
            m.preview for m in consider(SHIPPED, line, Examples((), ())).matches if m.lost
        ]
        for line in (
            "mysql -h db.prod.example.com -e 'DELETE FROM users'",
            "mongosh mongodb://db.prod/a --eval 'db.users.deleteMany({})'",
        )
    }
    assert told == {"mysql": ["SELECT count(*) FROM users"], "mongosh": [""]}


def test_a_mistake_in_what_a_rule_says_is_lost_is_told():
    for bad in ("{nothing}", "orders", "{--x", 3):
        text = STRIPE.replace("instead", f"loses = {bad!r}\ninstead")
        with pytest.raises(PatternFileError) as told:
            parse_files([("x.toml", Layer.SHIPPED, text)], PLACES)
        assert "loses" in str(told.value) or "captures nothing" in str(told.value)


def test_a_project_s_rule_does_not_choose_what_a_card_says_is_lost():
    text = STRIPE.replace("instead", "loses = []\ninstead")
    text = text.replace("money", "data-destroy")
    line = "curl -X DELETE https://api.example/v1/projects/p1"
    for layer, said in ((Layer.USER, []), (Layer.PROJECT, ["projects/p1"])):
        active = combine(parse_files([("x.toml", layer, text)], PLACES))
        assert losses(consider(active, line, Examples((), ())).matches) == said
