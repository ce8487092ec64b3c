"""Options sorted from operands, as a table says."""

import tomllib
from pathlib import Path

import pytest

from gatesh.facts.cli import Grammar
from gatesh.model import CliCall, Locality

FILE = Path(__file__).parents[1] / "data/facts/cli.toml"
CASES = tomllib.loads(FILE.read_text())["case"]


def grammar(table):
    """Make a grammar of a table as pattern files do."""
    return Grammar(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


@pytest.mark.parametrize("case", CASES, ids=[c["line"] for c in CASES])
def test_options_and_operands(case, inspector):
    known = {name: grammar(case["grammar"]) for name in ("tool", "git") if "grammar" in case}
    call = inspector.facts(case["line"], grammars=known)[0]
    assert isinstance(call, CliCall)
    assert [word.text for word in call.operands] == case.get("operands", [])
    assert {name: word.text if word else "" for name, word in call.options} == case.get(
        "options", {}
    )
    assert list(call.cannot_see) == case.get("cannot_see", [])


def test_a_subcommand_may_have_a_grammar_of_its_own(inspector):
    known = {"docker": Grammar(values=("-H", "-f")), "docker rm": Grammar(values=("-H",))}
    build = inspector.facts("docker build -f Dockerfile .", grammars=known)[0]
    assert [word.text for word in build.operands] == ["build", "."]
    remove = inspector.facts("docker -H x rm -f db", grammars=known)[0]
    assert [word.text for word in remove.operands] == ["rm", "db"]


def test_a_pattern_files_grammar_comes_before_the_built_in_one(inspector):
    known = {"curl": Grammar(values=("-Z",))}
    call = inspector.facts("curl -Z x y", grammars=known)[0]
    assert [word.text for word in call.operands] == ["y"]


def test_a_command_that_runs_elsewhere_has_that_place_as_its_target(inspector):
    call = inspector.facts("ssh prod tool x")[0]
    assert (call.target.name, call.target.locality) == ("prod", Locality.UNKNOWN)
