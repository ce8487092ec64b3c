"""The table of docs/patterns.md that newcomers copy from: each pattern holds the line beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatesh.model import Layer
from gatesh.rules.edit import with_rule
from gatesh.rules.examples import PLACES, consider
from gatesh.rules.layers import combine
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files

TEXT = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text()
ROWS = re.findall(
    r"^\| (`.*`|the same.*?)(?:, not on this machine)? \| (`.*`) \|$", TEXT, re.MULTILINE
)
SAME = {"the same, any verb of a list": "shopctl tenants drop t-1"}
REST = {"curl …": "curl https://api.x.com/graphql", "psql -c": "psql -h db.prod -c"}


def rule(pattern):
    keys = dict(re.findall(r"`(\w+) = \"([^`]*)\"`", pattern))
    assert keys
    fields = keys | {"severity": "high", "class": "data-destroy", "say": "x", "instead": "y"}
    return with_rule("", "r", fields | {"catches": ["a", "b"], "passes": ["c", "d"]})


@pytest.mark.parametrize(("line", "pattern"), ROWS, ids=[row[1] for row in ROWS])
def test_the_pattern_holds_the_line(line, pattern):
    text = SAME.get(line) or line.strip("`")
    for short, whole in REST.items():
        text = text.replace(short, whole)
    rules = combine(parse_files([("x.toml", Layer.USER, rule(pattern))], PLACES))

    assert [m.rule for m in consider(rules, text, Examples((), ())).matches] == ["r"]


def test_there_is_one_for_each_notation():
    kinds = {re.match(r"`(\w+)", pattern)[1] for _, pattern in ROWS}

    assert kinds == {"cli", "http", "graphql", "sql", "file", "line"}
