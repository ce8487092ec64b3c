"""Every example of every shipped rule, through the real reading, facts and matching, and in disguise."""

import shlex
from pathlib import Path

import pytest

from gatesh.facts import World, inspect
from gatesh.model import CommandLine, Door, Layer, Verdict
from gatesh.policy import verdict_of
from gatesh.rules import load
from gatesh.rules.disguise import disguises
from gatesh.rules.examples import HOME, PLACES, PROJECT, ExampleProbe, check, consider, world_of
from gatesh.rules.layers import combine
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files
from gatesh.shell.read import read

FILES = load.read_all(PLACES, [f for f in load.files(PLACES) if f[1] == "shipped"])
RULES = combine(FILES)
SHOWN = {rule.id: file.examples[rule.id] for file in FILES for rule in file.rules}
BY_ID = {rule.id: rule for file in FILES for rule in file.rules}
CATCHES = [(name, line) for name, shown in SHOWN.items() for line in shown.catches]
PASSES = [(name, line) for name, shown in SHOWN.items() for line in shown.passes]
MISSES = [(name, line) for name, shown in SHOWN.items() for line in shown.known_misses]


def asks(found):
    return verdict_of(found) is not Verdict.ALLOW


def matched(rule, line):
    return {m.rule for m in consider(RULES, line, SHOWN[rule]).matches}


@pytest.mark.parametrize(("rule", "line"), CATCHES)
def test_a_rule_catches_what_it_says(rule, line):
    assert (
        check(RULES, rule, Examples((line,), (), (), SHOWN[rule].files, SHOWN[rule].env), asks)
        == []
    )


@pytest.mark.parametrize(("rule", "line"), PASSES)
def test_a_rule_lets_by_what_it_says_and_so_does_every_other(rule, line):
    assert (
        check(RULES, rule, Examples((), (line,), (), SHOWN[rule].files, SHOWN[rule].env), asks)
        == []
    )


@pytest.mark.parametrize(("rule", "line"), MISSES or [pytest.param("", "", marks=pytest.mark.skip)])
def test_a_known_miss_is_still_missed(rule, line):
    assert rule not in matched(rule, line), "it is caught by now: move it to catches"


@pytest.mark.parametrize("rule", SHOWN)
def test_a_rule_shows_a_look_alike_that_passes(rule):
    """At least one line it lets by names a program that it catches, or a word of its pattern."""
    caught = {word for line in SHOWN[rule].catches for word in shlex.split(line, posix=False)}

    assert any(caught & set(shlex.split(line, posix=False)) for line in SHOWN[rule].passes)


@pytest.mark.parametrize("rule", BY_ID)
def test_what_a_rule_says_is_one_short_clause(rule):
    found = BY_ID[rule]

    assert len(found.say) <= 100
    assert len(found.instead) <= 100
    assert not found.say.endswith(".")
    assert not found.instead.endswith(".")


@pytest.mark.parametrize(("rule", "line"), [c for c in CATCHES if BY_ID[c[0]].notation != "line"])
def test_a_disguise_does_not_hide_it(rule, line):
    hidden = [name for name, text in disguises(line) if rule not in matched(rule, text)]

    assert hidden == []


@pytest.mark.parametrize("rule", [r for r in SHOWN if BY_ID[r].notation != "line"])
def test_a_disguise_makes_no_harmless_line_asked_about(rule):
    shown = SHOWN[rule]
    lines = tuple(text for line in shown.passes for _, text in disguises(line))

    assert check(RULES, rule, shown.but(catches=(), passes=lines, known_misses=()), asks) == []


def test_there_are_enough_disguises():
    assert len(dict(disguises("rm -rf x"))) > 20
    assert sum(1 for rule, line in CATCHES if list(disguises(line))) > 200


def test_the_world_of_the_examples_is_the_one_that_is_documented():
    text = (Path(__file__).parent.parent.parent / "docs" / "patterns.md").read_text()
    world, _ = world_of(Examples((), ()), {})
    for path in (
        "README.md",
        "src",
        "notes.txt",
        "data",
        "app.sqlite3",
        "node_modules",
        "build",
        ".env",
    ):
        assert path in text
        assert world.files.kind(f"{PROJECT}/{path}") != "missing"


def test_the_example_files_do_not_reach_the_real_machine(tmp_path):
    (tmp_path / "x").write_text("real")
    world, _ = world_of(Examples((), ()), {})

    assert isinstance(world, World)
    assert isinstance(world.probe, ExampleProbe)
    assert world.files.kind(str(tmp_path / "x")) == "missing"
    line = CommandLine(f"rm -rf {tmp_path}/x", PROJECT, {"HOME": HOME}, Door.CHECK)
    (command,) = read(line).commands
    assert [p.extent for f in inspect(command, line, world) for p in getattr(f, "paths", ())] == [
        "missing"
    ]


@pytest.mark.parametrize(
    ("condition", "errs"),
    [
        ("path.startsWith('/v1')", False),
        ("path > 3", True),
        ("path", True),
        ("size(body) > 2", False),
    ],
)
def test_a_condition_that_errs_on_an_example_is_reported(condition, errs):
    """What could not be seen is no error: `body` is missing where a file with it cannot be read."""
    text = f"""
[r]
http = "* api.x.com/**"
when = "{condition}"
severity = "high"
class = "outage"
say = "x"
instead = "y"
catches = ["curl -d @missing https://api.x.com/v1", "curl -d abc https://api.x.com/v1"]
passes = ["curl localhost", "curl https://api.y.com/v1"]
"""
    files = parse_files([("x.toml", Layer.USER, text)], PLACES)
    broken = check(combine(files), "r", files[0].examples["r"], asks)

    assert [wrong.said.partition(",")[0] for wrong in broken] == (
        ["all can be seen"] * len(broken) if errs else []
    )
    assert bool(broken) is errs
