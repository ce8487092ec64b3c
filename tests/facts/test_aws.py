"""aws: calls and targets, as a table says."""

import tomllib
from pathlib import Path

import pytest

from gatesh.model import CliCall, CloudCall

FILE = Path(__file__).parents[1] / "data/facts/aws.toml"
CASES = tomllib.loads(FILE.read_text())["case"]


@pytest.mark.parametrize("case", CASES, ids=[c["line"] for c in CASES])
def test_the_call_of_a_command_line(case, inspector, tmp_path):
    for name, content in case.get("files", {}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    inspector.env |= case.get("env", {})
    facts = inspector.facts(case["line"])
    calls = [fact for fact in facts if isinstance(fact, CloudCall)]
    assert [f"{fact.service} {fact.operation}" for fact in calls] == (
        [case["call"]] if "call" in case else []
    )
    for fact in calls:
        parameters = {name: word.text if word else "" for name, word in fact.parameters}
        assert parameters == case.get("parameters", {})
        assert [word.text for word in fact.operands] == case.get("operands", [])
        assert [entry.partition(":")[0] for entry in fact.cannot_see] == case.get("cannot_see", [])
        assert fact.target.name == case.get("target", fact.target.name)
        if "profile" in case:
            assert ("aws-profile", case["profile"]) in fact.target.parts
        assert fact.target.locality.value == case.get("locality", "remote")


def test_there_is_always_a_plain_call_with_the_same_target(inspector):
    plain, call = inspector.facts("aws --profile prod s3 rb s3://b")
    assert isinstance(plain, CliCall)
    assert plain.target == call.target


def test_another_machines_localhost_is_not_local(inspector):
    (call,) = inspector.only(
        CloudCall, "ssh prod aws --endpoint-url http://localhost:1 s3 rb s3://b"
    )
    assert call.target.locality.value == "unknown"
