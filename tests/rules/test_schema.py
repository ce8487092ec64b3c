"""The JSON Schema that editors go by: fresh, kind to every good file, and strict about form."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from gatesh.places import shipped
from gatesh.rules.schema import schema
from gatesh.rules.source import KEYS

jsonschema = pytest.importorskip("jsonschema", reason="the schema needs a validator to be tried")
PATTERNS = Path(shipped("patterns"))
BROKEN = tomllib.loads((Path(__file__).parents[1] / "data" / "rules" / "broken.toml").read_text())
# What a schema cannot know: whether a pattern or a condition can be read, and what other tables say.
MEANING = (
    "bad-", "condition-", "unless-of-", "override-", "mistyped-kind", "unreachable", "no-set", "open-brace",
    "mixed-braces", "scheme-in-", "port-in-", "query-in-", "path-in-", "folder-of-", "table-in-", "not-toml",
    "twice-in-one-file", "several-words-in-",
)  # fmt: skip


def faults(text):
    return list(jsonschema.Draft7Validator(schema()).iter_errors(tomllib.loads(text)))


def test_the_file_is_fresh():
    text = (PATTERNS / "schema.json").read_text()

    assert json.loads(text) == schema(), "run `gatesh patterns schema > patterns/schema.json`"
    jsonschema.Draft7Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("file", sorted(PATTERNS.glob("*.toml")), ids=lambda file: file.name)
def test_a_shipped_file_is_valid_and_names_the_schema(file):
    text = file.read_text()

    assert text.startswith("#:schema ./schema.json\n")
    assert faults(text) == []


@pytest.mark.parametrize("name", [name for name in BROKEN if not name.startswith(MEANING)])
def test_a_file_of_broken_form_is_refused(name):
    assert faults(BROKEN[name]["text"]) != []


def test_there_are_broken_forms_to_refuse():
    assert sum(1 for name in BROKEN if not name.startswith(MEANING)) >= 10


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("[override.git-clean]\nseverity = 'low'\nunless = ['git clean x']", True),
        ("[override.git-clean]\noff = false", False),
        ("[override.git-clean]", False),
        ("[override.git-clean]\nseverty = 'low'", False),
        ("[programs.git]\nvalues = ['-C']\nabbreviations = true", True),
        ("[programs.git]\nvalue = ['-C']", False),
        ("[programs.git]\nstop_at = 'x'", False),
        ("[sets]\na = 'b'\nc = ['d']", True),
        ("[sets]\na = 1", False),
        ("sets = 'x'", False),
        ("[Not-An-Id]\noff = true", False),
    ],
)
def test_tables_beside_rules_are_checked(text, good):
    assert (faults(text) == []) is good


def test_every_key_is_explained():
    rule = next(iter(schema()["patternProperties"].values()))

    assert set(rule["properties"]) == KEYS
    assert all(form["description"] for form in rule["properties"].values())
