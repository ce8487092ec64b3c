"""Scopes: what they say of lines, that none loosens another, and every mistake in a file."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from gatesh import wiring
from gatesh.errors import ConfigError
from gatesh.model import Asker, CommandLine, Door, Verdict
from gatesh.places import Places
from gatesh.policy import refusal
from gatesh.rules.rule import CLASSES
from gatesh.scope.judge import RULES
from gatesh.scope.manifest import parse
from gatesh.scope.schema import schema

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/scope/lines.toml").read_text())
CASES = [(name, row["line"], row["rules"]) for name, part in TABLE.items() for row in part["lines"]]
DOCS = Path(__file__).parents[2] / "docs"
DROP = "psql -h db.example.com -c 'drop table x'"
ENV = {"PATH": "/usr/bin:/bin", "RAILWAY_TOKEN": "made-up-token", "HOME": "/nowhere"}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for name in ("infra", "src", "certs", ".gatesh"):
        (folder / name).mkdir(parents=True)
    (folder / "infra/domains.env").write_text("x")
    (folder / "src/a.txt").write_text("x")
    (folder / "link").symlink_to("infra")
    return folder


@pytest.fixture
def places(tmp_path):
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    return Places(str(home), f"{home}/config", f"{home}/state", f"{home}/run")


def decided(line, project, places):
    gate, world = wiring.gate_for_check(places, str(project))
    return gate.consider(CommandLine(line, str(project), ENV, Door.CHECK), world)[1]


def scope_rules(decision):
    return sorted({found.rule for found in decision.matches} & {*RULES})


@pytest.mark.parametrize(("name", "line", "rules"), CASES)
def test_what_is_outside_is_held_and_nothing_else(name, line, rules, project, places):
    (project / ".gatesh/scope.toml").write_text(TABLE[name]["scope"])
    Path(places.config, "environments.toml").write_text(TABLE[name].get("environments", ""))
    decision = decided(line, project, places)
    assert scope_rules(decision) == rules
    if rules:
        assert decision.verdict is not Verdict.ALLOW


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [("ask", Verdict.ASK), ("propose", Verdict.DENY), ("never", Verdict.DENY)],
)
def test_a_class_has_the_effect_of_the_scope(effect, verdict, project, places):
    (project / ".gatesh/scope.toml").write_text(f'[classes]\ndata-destroy = "{effect}"')
    decision = decided(DROP, project, places)
    assert decision.verdict is verdict
    assert scope_rules(decision) == ["scope-class"]


def test_what_may_only_be_proposed_is_refused_with_the_text_for_a_human(project, places):
    (project / ".gatesh/scope.toml").write_text('[classes]\ndata-destroy = "propose"')
    message = refusal(7, decided(DROP, project, places), None, Asker(1, 0, "s", 1, 1)).message
    assert message.startswith("gatesh: refused [scope-class]")
    assert f"Hand to your human: “I propose to run, in {project}: {DROP} — " in message
    assert "the scope of this session says so; nothing ran" in message
    assert "a rule" not in message


def test_never_refuses_what_is_outside(project, places):
    (project / ".gatesh/scope.toml").write_text('environment = "staging"\noutside = "never"')
    assert decided("curl https://api.prod.example.com/", project, places).verdict is Verdict.DENY


def test_a_project_cannot_loosen_what_the_user_set(project, places):
    Path(places.config, "scope.toml").write_text('environment = "staging"\nread-only = true')
    (project / ".gatesh/scope.toml").write_text(
        'environment = ["staging", "production"]\nread-only = false\n[hosts]\nmodify = ["*"]'
    )
    assert scope_rules(decided("curl https://api.prod.example.com/", project, places)) == [
        "scope-target"
    ]
    line = "curl -X POST https://api.staging.example.com/ -d x=1"
    assert scope_rules(decided(line, project, places)) == ["read-only"]


def test_a_scope_of_a_folder_above_counts(project, places):
    (project / ".gatesh/scope.toml").write_text('environment = "staging"')
    assert scope_rules(decided("curl https://x.prod.example.com/", project / "src", places))


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_scope_counts_that_belongs_to_the_owner_of_its_project(project, places):
    """A container's root works in a folder of the user's; a stranger's file in /tmp holds nobody."""
    file = project / ".gatesh/scope.toml"
    file.write_text('environment = "staging"')
    os.chown(file, 1234, 1234)
    line = "curl https://x.prod.example.com/"
    assert not scope_rules(decided(line, project, places))
    os.chown(project, 1234, 1234)
    assert scope_rules(decided(line, project, places)) == ["scope-target"]


def test_a_configuration_in_a_relative_folder_says_where_curl_goes(project, places):
    (project / ".gatesh/scope.toml").write_text('environment = "staging"')
    (project / "src/.curlrc").write_text("proxy = www.prod.example.com:80")
    line = "CURL_HOME=src curl -d a=1 http://api.staging.example.com/"
    assert scope_rules(decided(line, project, places)) == ["scope-target"]


def test_without_a_scope_nothing_is_loaded(project, places):
    assert wiring.scope_of(places, str(project)) is None


def test_a_scope_that_others_can_write_is_refused(project, places):
    own = Path(places.config, "scope.toml")
    own.write_text("read-only = true")
    own.chmod(0o666)
    with pytest.raises(ConfigError, match="can be written by others"):
        decided("ls", project, places)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("enviroment = 'x'", "scope.toml:1: unknown key enviroment", "did you mean environment?"),
        ("\n[hosts]\nof-limits = []", "scope.toml:3: unknown key of-limits", "did you mean off-limits?"),
        ("[classes]\ndata-destory = 'ask'", "scope.toml:2: unknown key data-destory", "data-destroy"),
        ("[classes]\ndata-destroy = 'no'", "scope.toml:2: data-destroy is none of ask, propose, never", ""),
        ("read-only = 1", "scope.toml:1: read-only is true or false", ""),
        ("[paths]\nread = 'x'", "scope.toml:2: read is no list of names", ""),
        ("environment = 'Two words'", "scope.toml:1: environment is no label", ""),
        ("hosts = 1", "scope.toml:1: hosts is no table", ""),
        ("[paths", "scope.toml:1: expected ']'", ""),
        ("a = 1\nb = 'x\n", "scope.toml:2: expected", ""),
        ("[hosts]\noff-limits = ['https://x.org/v1']", "scope.toml:2: https://x.org/v1 would fit no host", "x.org"),
        ("[hosts]\nread = ['x.org:443']", "scope.toml:2: x.org:443 would fit no host", "name it: x.org"),
        ("[programs]\noff-limits = ['/usr/bin/terraform']", "scope.toml:2: /usr/bin/terraform would fit no program", "name it: terraform"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text, said, hint):
    with pytest.raises(ConfigError) as raised:
        parse(text, "/p/.gatesh/scope.toml", base="/p", home="/h", classes=CLASSES)
    assert said in raised.value.message
    assert hint in raised.value.hint


def test_the_schema_in_the_docs_is_the_loaders():
    text = (DOCS / "scope.schema.json").read_text()
    assert json.loads(text) == schema(), (
        "run `gatesh patterns schema --scope > docs/scope.schema.json`"
    )
    pytest.importorskip("jsonschema").Draft7Validator.check_schema(json.loads(text))


def test_the_example_of_the_docs_is_one():
    text = (DOCS / "scope.md").read_text().split("```toml\n")[1].split("```")[0]
    parse(text, "/p/.gatesh/scope.toml", base="/p", home="/h", classes=CLASSES)
    pytest.importorskip("jsonschema").validate(tomllib.loads(text), schema())
