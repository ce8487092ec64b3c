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

    with pytest.raises(PatternFileError, match=r"x.toml:10: failed to parse expression"):
        load.load(places_below(str(tmp_path)), cached=False)
