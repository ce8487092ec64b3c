"""Pattern files: what is refused, with file, line and hint; who may write one."""

import os
import tomllib
from pathlib import Path

import pytest

from gatesh.errors import PatternFileError
from gatesh.model import Layer
from gatesh.places import places_below
from gatesh.rules import load
from gatesh.rules.examples import PLACES
from gatesh.rules.source import parse_files

DATA = Path(__file__).parent.parent / "data" / "rules"
BROKEN = tomllib.loads((DATA / "broken.toml").read_text())

RULE = """
[{name}]
cli = "{pattern}"
severity = "{severity}"
class = "data-destroy"
say = "gone"
instead = "look"
catches = ["a b", "a c"]
passes = ["a", "c"]
"""


def rule(name="user-rule", pattern="a b", severity="high"):
    return RULE.format(name=name, pattern=pattern, severity=severity)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_line_and_a_hint(name):
    case = BROKEN[name]

    with pytest.raises(PatternFileError) as refused:
        parse_files([("x.toml", Layer.USER, case["text"])], PLACES)

    assert refused.value.message == f"x.toml:{case['line']}: {case['message']}"
    assert refused.value.hint.startswith(case.get("hint", ""))


def test_shipped_files_load_and_every_rule_has_a_digest_of_its_own():
    rules = load.load(PLACES, cached=False)

    assert len(rules.rules) > 50
    assert len({r.id for r in rules.rules}) == len(rules.rules)
    assert len(rules.digest) == 64


def test_the_digest_changes_with_a_rule_and_not_with_its_place(tmp_path):
    places = places_below(str(tmp_path))
    before = load.load(places, cached=False).digest
    write(tmp_path, "b.toml", rule())
    once = load.load(places, cached=False).digest
    write(tmp_path, "b.toml", "# a comment\n\n" + rule())
    moved = load.load(places, cached=False).digest
    write(tmp_path, "b.toml", rule(severity="low"))
    changed = load.load(places, cached=False).digest

    assert before != once
    assert once == moved
    assert once != changed


def write(folder: Path, name: str, text: str, mode: int = 0o644) -> Path:
    patterns = folder / "patterns"
    patterns.mkdir(exist_ok=True, mode=0o755)
    patterns.chmod(0o755)
    file = patterns / name
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_user_file_that_others_can_write_is_refused(tmp_path, mode):
    file = write(tmp_path, "x.toml", rule(), mode)

    with pytest.raises(PatternFileError, match="can be written by others") as refused:
        load.load(places_below(str(tmp_path)), cached=False)

    assert refused.value.hint == f"chmod go-w {file}"


def test_a_user_folder_that_others_can_write_is_refused(tmp_path):
    write(tmp_path, "x.toml", rule())
    (tmp_path / "patterns").chmod(0o777)

    with pytest.raises(PatternFileError, match="can be written by others"):
        load.load(places_below(str(tmp_path)), cached=False)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_user_file_that_belongs_to_somebody_else_is_refused(tmp_path):
    os.chown(write(tmp_path, "x.toml", rule()), 4711, 4711)

    with pytest.raises(PatternFileError, match="belongs to somebody else"):
        load.load(places_below(str(tmp_path)), cached=False)


def test_a_user_rule_with_a_shipped_id_is_refused_and_override_is_named(tmp_path):
    write(tmp_path, "x.toml", rule(name="git-clean"))

    with pytest.raises(PatternFileError, match="there is a rule git-clean already") as refused:
        load.load(places_below(str(tmp_path)), cached=False)

    assert "[override.git-clean]" in refused.value.hint


def test_a_bad_condition_in_a_user_file_is_refused_when_it_is_loaded(tmp_path):
    write(tmp_path, "x.toml", rule() + 'when = "a |||"\n')

    with pytest.raises(PatternFileError, match=r"x.toml:10: 'when' cannot be read: unexpected"):
        load.load(places_below(str(tmp_path)), cached=False)


def test_every_mistake_is_reported_and_the_rest_is_read():
    good, bad = rule("good"), rule("bad", severity="huge")
    texts = [
        ("a.toml", Layer.USER, good + bad + rule("worse").replace("instead", "insted")),
        ("b.toml", Layer.USER, "[x"),
        ("c.toml", Layer.USER, "[override.nosuch]\noff = true\n[override.bad]\noff = true\n[sets]\na = 1\n"),
        ("d.toml", Layer.USER, rule("good", "c d") + "[programs.x]\nclusters = 1\n"),
    ]  # fmt: skip
    mistakes = []
    read = parse_files(texts, PLACES, mistakes.append)

    assert sorted(mistake.message for mistake in mistakes) == [
        "a.toml:13: 'huge' is no severity",
        "a.toml:25: unknown key 'insted'",
        "b.toml:1: expected ']' at the end of a table declaration",
        "c.toml:2: there is no rule nosuch to override",
        "c.toml:6: 'a' is a string or a list of strings",
        "d.toml:11: unknown key 'clusters'",
        "d.toml:2: there is a rule good already (a.toml:2)",
    ]
    assert [r.id for file in read for r in file.rules] == ["good", "good"]


def test_a_file_that_cannot_be_read_is_reported_too(tmp_path):
    write(tmp_path, "x.toml", rule(), mode=0o666)
    mistakes = []
    places = places_below(str(tmp_path))
    load.read_all(places, load.files(places), mistakes.append)

    assert ["can be written by others" in mistake.message for mistake in mistakes] == [True]


def test_no_shipped_rule_has_a_mistake_that_only_lint_looks_for():
    mistakes = []
    shipped = [found for found in load.files(PLACES) if found[1] is Layer.SHIPPED]
    load.read_all(PLACES, shipped, mistakes.append)

    assert [mistake.message for mistake in mistakes] == []


@pytest.mark.parametrize(
    ("kind", "pattern", "condition"),
    [
        ("sql", "delete", "'accounts' in tables && tables.exists(t, t.startsWith('acc'))"),
        ("sql", "delete", "!where.restricts && target.label == 'target.nosuch'"),
        ("http", "* x.com/**", "has(env.CI) && path.matches('^/v1') && size(body) > 2"),
        ("cli", "a b", "options['-f'] == '' && operands.all(o, o != 'x')"),
        ("graphql", "mutation *", "args.where.restrict == 'x' && field != ''"),
    ],
)
def test_a_condition_that_can_be_decided_is_taken(kind, pattern, condition):
    text = rule().replace('cli = "a b"', f'{kind} = "{pattern}"') + f'when = "{condition}"\n'

    assert parse_files([("x.toml", Layer.USER, text)], PLACES)[0].rules[0].when == condition
