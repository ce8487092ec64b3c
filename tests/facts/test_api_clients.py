"""Clients of providers' APIs and other senders of requests, as a table says."""

import tomllib
from pathlib import Path

import pytest

from gatesh.facts.api_clients import CLIENTS
from gatesh.model import HttpRequest

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/api_clients.toml").read_text())


@pytest.fixture
def told(inspector, tmp_path):
    for name, content in TABLE["files"].items():
        (tmp_path / name).write_text(content)
    return lambda line, **of: inspector.only(HttpRequest, line, **of)


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:70])
def test_line_sends_what_the_table_says(row, told):
    # What PowerShell runs is read as a shell's line as well: the request is its own.
    of = {"program": "pwsh"} if row["line"].startswith("pwsh") else {}
    assert [[f.method, f.host, f.path] for f in told(row["line"], **of)] == row["sent"]


@pytest.mark.parametrize("program", sorted(CLIENTS))
def test_a_method_that_cannot_be_seen_is_said_so(program, told):
    """Whatever stands for the options may be the one that names the method."""
    path = {
        "oci": "raw-request --target-uri https://api.example.com/",
        "grpcurl": "api.example.com a/b",
    }
    api = CLIENTS[program]
    line = f"{program} {path.get(program) or api.path} $OPTIONS /v1/volumes --live"
    facts = told(line)
    assert facts
    assert any(entry.startswith("method:") for entry in facts[0].cannot_see)


def test_the_body_of_a_file_is_read(told):
    facts = told("vercel api /graphql --input body.json")
    assert [field.name for field in facts[0].graphql] == ["deleteProject"]
    facts = told("neonctl api /graphql -d @missing.json")
    assert any(entry.startswith("body:") for entry in facts[0].cannot_see)
