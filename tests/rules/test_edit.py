"""Changing a pattern file's text: what was meant, and nothing else, not even a comment."""

from __future__ import annotations

import json
import stat
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatesh.errors import ConfigError, UsageError
from gatesh.places import places_below
from gatesh.rules import edit, journal

COMMENTED = """\
# mine, since the afternoon of the third
[sets]
hosts = ["a", "b"]   # two of them

# previews are nobody's work
[override.git-push-force]
unless = "git push --force * preview-*"  # until we leave them
severity = "medium"

[override.git-clean] # deleted too much
deny = true
"""


def override(text, rule="git-push-force"):
    return tomllib.loads(text)["override"][rule]


def test_a_new_override_is_added_at_the_end_and_nothing_else_moves():
    made = edit.with_override(COMMENTED, "files-tree", {"severity": "critical"})

    assert made.startswith(COMMENTED)
    assert override(made, "files-tree") == {"severity": "critical"}


def test_an_override_that_is_there_is_changed_in_its_place():
    made = edit.with_override(COMMENTED, "git-push-force", {"unless": ["git push --force * x"]})

    assert override(made) == {
        "unless": ["git push --force * preview-*", "git push --force * x"], "severity": "medium"
    }  # fmt: skip
    kept = [line for line in COMMENTED.splitlines() if "unless" not in line]
    assert [line for line in made.splitlines() if "unless" not in line] == kept
    assert "# until we leave them" in made


def test_off_and_deny_take_each_others_place():
    assert override(edit.with_override(COMMENTED, "git-clean", {"off": True}), "git-clean") == {
        "off": True
    }


def test_the_same_exception_is_not_added_twice():
    once = edit.with_override("", "r", {"unless": ["a b"]})

    assert edit.with_override(once, "r", {"unless": ["a b"]}) == once


@pytest.mark.parametrize(
    "text",
    [
        "override.r.off = true # why\n",
        "[override]\nr = { off = true } # why\n",
        "[override]\nr.off = true # why\n",
        '["override"."r"] # why\noff = true\n',
        "[override.r]\noff = true # why\n[x]\ncli = 'a'\n[override.s]\noff = true\n",
    ],
)
def test_every_way_to_write_an_override_is_understood(text):
    made = edit.with_override(text, "r", {"severity": "low"})

    assert override(made, "r") == {"off": True, "severity": "low"}
    assert "# why" in made


@given(st.one_of(st.text(), st.booleans(), st.lists(st.text(min_size=1), min_size=1)))
def test_every_value_is_read_as_it_was_meant(value):
    clean = json.loads(json.dumps(value).encode("ascii", "replace"))
    try:
        str(clean).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    assert tomllib.loads(f"x = {edit.toml(clean)}")["x"] == clean


def test_a_rule_is_written_in_columns():
    made = edit.with_rule("# mine\n", "r", {"cli": "a b", "severity": "high"})

    assert made == '# mine\n\n[r]\ncli      = "a b"\nseverity = "high"\n'


@pytest.fixture
def places(tmp_path):
    return places_below(str(tmp_path / "place"))


def test_what_was_written_can_be_taken_back_step_by_step(places):
    file = f"{places.user_patterns}/mine.toml"
    journal.write(places, file, "one\n", "first")
    journal.write(places, file, "two\n", "second")

    assert stat.S_IMODE(__import__("os").stat(file).st_mode) & 0o022 == 0
    assert journal.undo(places).what == "second"
    assert journal.read(file) == "one\n"
    assert journal.undo(places).what == "first"
    assert journal.read(file) is None
    with pytest.raises(UsageError, match="nothing to undo"):
        journal.undo(places)


def test_what_was_edited_since_is_not_taken_back(places):
    file = f"{places.user_patterns}/mine.toml"
    journal.write(places, file, "one\n", "first")
    with open(file, "a") as found:
        found.write("# by hand\n")

    with pytest.raises(UsageError, match="was changed after `first` was written"):
        journal.undo(places)
    assert journal.read(file) == "one\n# by hand\n"


def test_a_damaged_journal_is_said_to_be_one(places):
    journal.write(places, f"{places.user_patterns}/mine.toml", "one\n", "first")
    with open(f"{places.state}/tuned.json", "w") as found:
        found.write("{")

    with pytest.raises(ConfigError, match="is damaged"):
        journal.undo(places)
