"""`gatesh patterns backtest` and `coverage`, on a history that gatesh recorded."""

from __future__ import annotations

import json

import pytest

from gatesh.places import places_below
from tests.audit.history import record
from tests.commands.test_patterns import patterns

PREVIEW = '[override.git-push-force]\nunless = "git push --force * preview-*"\n'
LINES = [
    *[("git push --force origin preview-1", "approved")] * 3,
    ("git push --force origin main", "rejected"),
    ("frobnicate --hard", ""),
    ("git status", ""),
]


@pytest.fixture
def history(place, env):
    record(places_below(str(place)), LINES)
    return env


@pytest.fixture
def mine(place):
    def write(text, name="mine.toml", folder=place / "patterns"):
        folder.mkdir(mode=0o755, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
        return folder

    return write


def test_nothing_changes_under_the_rules_that_judged(history):
    status, out, err = patterns(history, "backtest")

    assert (status, err) == (0, "")
    assert "no verdict changes" in out


def test_approved_lines_that_would_not_be_asked_are_counted(history, mine):
    mine(PREVIEW)
    status, out, _ = patterns(history, "backtest")

    assert status == 0
    assert "approved, and no longer asked: 3\n" in out
    assert "     3x  git push --force origin preview-1  [git-push-force]  record 3, 2, 1\n" in out
    assert "counts only under a keeper whose person has confirmed it" in out


def test_a_rejected_line_that_would_run_comes_first_and_is_the_exit_status(history, mine):
    mine("[override.git-push-force]\noff = true\n")
    status, out, _ = patterns(history, "backtest")

    assert status == 1
    assert out.splitlines()[1] == "rejected, and would run: 1"
    assert "git push --force origin main" in out.splitlines()[2]


def test_a_changed_copy_is_tried_without_being_active(history, mine, tmp_path, place):
    mine(PREVIEW)
    copy = mine("[override.git-push-force]\ndeny = true\n", folder=tmp_path / "copy")
    _, out, _ = patterns(history, "backtest", "--patterns", str(copy))

    assert "denied from now on: 4\n" in out, "mine.toml of the copy stands in for the other"
    assert (place / "patterns" / "mine.toml").read_text() == PREVIEW


def test_json_has_every_record(history, mine):
    mine("[override.git-push-force]\noff = true\n")
    status, out, _ = patterns(history, "backtest", "--json")
    found = json.loads(out)

    assert (status, found["records"], found["unreadable"]) == (1, 6, 0)
    kinds = {change["kind"]: change for change in found["changes"]}
    assert kinds["approved, and no longer asked"]["records"] == [1, 2, 3]
    assert kinds["approved, and no longer asked"]["answered"] == {"approved": 3}
    assert kinds["rejected, and would run"]["after"] == "allow"


def test_since_narrows(history, mine):
    mine(PREVIEW)

    assert patterns(history, "backtest", "--since", "2100-01-01")[1].startswith("0 command lines")
    assert patterns(history, "backtest", "--since", "1h")[1].startswith("6 command lines")


def test_without_a_history_it_says_so(env):
    status, out, err = patterns(env, "backtest")

    assert (status, out.splitlines()[0]) == (0, "0 command lines: 0 judged again")
    assert "nothing has been recorded" in err


def test_a_recorded_line_cannot_paint_the_screen(place, env, mine):
    record(places_below(str(place)), [("git push --force 'a\nb\u202e' x", "approved")])
    mine("[override.git-push-force]\noff = true\n")
    _, out, _ = patterns(env, "backtest")

    assert "git push --force" in out
    assert "\u202e" not in out
    assert r"\n" in out


def test_coverage_shows_what_rules_and_history_do_not_share(history):
    status, out, _ = patterns(history, "coverage")
    found = json.loads(patterns(history, "coverage", "--json")[1])

    assert status == 0
    assert "rules have fired; never:" in out
    assert "      1x  frobnicate        frobnicate --hard\n" in out
    assert "git-push-force" not in found["never_fired"]
    assert found["fired"] == {"git-push-force": 4}
    assert [p["program"] for p in found["unknown_programs"]] == ["frobnicate"]
