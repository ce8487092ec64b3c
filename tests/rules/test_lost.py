"""What a match says is lost, and a person types: the thing itself, not the words of the command."""

from __future__ import annotations

import pytest

from gatesh.approval.describe import Description
from gatesh.model import Layer, Severity
from gatesh.rules import load
from gatesh.rules.examples import PLACES, consider
from gatesh.rules.layers import combine
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files
from tests.approval.requests import request

SHIPPED = load.load(PLACES, cached=False)
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


def typed(matches) -> str:
    critical = tuple(m.but(severity=Severity.CRITICAL) for m in matches)
    return Description(request(1, *critical)).name


@pytest.mark.parametrize(
    ("line", "names", "name"),
    [
        (
            "aws rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot",
            ("prod",),
            "prod",
        ),
        ("aws s3 rb s3://bookings --force", ("s3://bookings",), "s3://bookings"),
        (
            RAILWAY.replace("NUMBER", "vol-1"),
            ("vol-1", "volumeDelete"),
            "vol-1",
        ),
        (
            RAILWAY.replace("NUMBER", UUID),  # nobody should have to type that
            (UUID, "volumeDelete"),
            "volumeDelete",
        ),
        (
            RAILWAY.replace("NUMBER", UUID * 2),
            (UUID * 2, "volumeDelete"),
            "volumeDelete",
        ),
    ],
)
def test_the_thing_itself_is_named_and_typed(line, names, name):
    found = [m for m in consider(SHIPPED, line, Examples((), ())).matches if m.names == names]
    assert found
    assert typed(found) == name


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("curl -X DELETE https://api.example/v1/projects/p1", "p1"),
        ("curl -X POST https://api.example/v1/subscriptions/sub_1/cancel", "sub_1/cancel"),
        ("curl -X DELETE https://api.example/", "api.example"),
    ],
)
def test_a_path_names_what_a_request_is_about(line, name):
    active = combine(parse_files([("x.toml", Layer.SHIPPED, STRIPE)], PLACES))
    assert typed(consider(active, line, Examples((), ())).matches) == name
