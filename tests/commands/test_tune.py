"""`gatesh patterns tune`, as a person uses it on a terminal, and as an agent would try to."""

from __future__ import annotations

import pytest

from gatesh.places import places_below
from tests.audit.history import record
from tests.commands.test_backtest import LINES, PREVIEW
from tests.commands.test_patterns import patterns
from tests.conftest import GATESH
from tests.person import Terminal

FORCE = "git push --force origin preview-1"


@pytest.fixture
def history(place, env):
    record(places_below(str(place)), [*LINES, ("rm -rf notes", "expired")])
    return env


@pytest.fixture
def terminal(history, work):
    with Terminal(history, str(work)) as found:
        yield found


@pytest.fixture
def tuned(place):
    return place / "patterns" / "tuned.toml"


def test_rules_are_listed_by_how_often_they_asked_and_what_was_answered(history):
    status, out, _ = patterns(history, "tune")

    assert status == 0
    assert out.splitlines()[1].split() == ["git-push-force", "4", "3", "1", "0"]


def test_a_rule_shows_what_it_held(history):
    _, out, _ = patterns(history, "tune", "git-push-force")

    assert out.splitlines()[2].split(maxsplit=3) == ["3", "3", "0", FORCE]
    assert "git push {-f,--force" in out


SUGGESTED = [
    ("git-push-force", [("git push --force origin preview-1", "approved"), ("git push --force origin preview-22", "approved"),
     ("git push --force origin main", "rejected")], ["--unless 'git push --force origin preview-*'"]),
    ("git-push-force", [("git push --force origin a", "approved"), ("git push --force origin b", "rejected"),
     ("git push --force origin c", "approved")], []),
    ("sql-every-row", [("psql -h db.staging -c 'delete from a'", "approved"), ("psql -h db.prod -c 'delete from a'", "rejected")],
     ['--when "target.name != \'db.staging\'"']),
    ("http-delete", [("curl -X DELETE https://api.x.com/v1/previews/1", "approved"), ("curl -X DELETE https://api.x.com/v1/volumes/1", "rejected"),
     ("http DELETE https://api.x.com/v1/previews/27", "approved")], ["--unless 'DELETE api.x.com/v1/previews/*'"]),
    ("files-tree", [("rm -rf notes", "expired")], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "lines", "offered"), SUGGESTED, ids=[s[1][0][0] for s in SUGGESTED]
)
def test_an_exception_is_offered_that_lets_by_what_was_approved_and_nothing_that_was_rejected(
    place, env, rule, lines, offered
):
    record(places_below(str(place)), lines)
    _, out, err = patterns(env, "tune", rule)

    assert err == ""
    assert [
        line.partition("rejected: ")[2] for line in out.splitlines() if "lets by" in line
    ] == offered


def test_a_change_shows_first_what_it_would_have_changed(history, tuned):
    status, out, _ = patterns(
        history, "tune", "git-push-force", "--unless", "git push --force * preview-*", "--dry-run"
    )

    assert status == 0
    assert '+unless = ["git push --force * preview-*"]' in out
    assert "approved, and no longer asked: 3\n" in out
    assert not tuned.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("git-pusch-force", "--off"), "there is no rule git-pusch-force"),
        (("git-push-force", "--unless", "git clean"), "never suppresses git-push-force"),
        (("git-push-force", "--severity", "huge"), "'huge' is not one of"),
        (("git-push-force", "--off", "--deny"), "a rule that is off needs nothing else"),
        (("--off",), "say which rule"),
        (("git-push-force", "--undo"), "say which rule"),
        (("--undo",), "there is nothing to undo"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(history, tuned, words, said):
    status, _, err = patterns(history, "tune", *words)

    assert status == 2
    assert said in err
    assert not tuned.exists()


def test_without_a_terminal_nothing_is_written(history, tuned):
    """An agent's pipe of `y` is no person."""
    status, _, err = patterns(history, "tune", "git-push-force", "--off")

    assert status == 2
    assert "there is no terminal to ask on" in err
    assert not tuned.exists()


def test_on_a_terminal_it_asks_writes_and_takes_back(terminal, tuned, history):
    terminal.type(f"{GATESH} patterns tune git-push-force --unless 'git push --force * preview-*'")
    terminal.see(r"write this\? \[y/N\]")
    terminal.type("y")
    terminal.see(r"it loosens, and waits for you at the keeper: git-push-force lets by")
    assert tuned.read_text().endswith(PREVIEW.replace('"git', '["git').replace('*"', '*"]'))
    assert "verdict: ask" in patterns(history, "explain", FORCE)[1], "nobody has confirmed it"

    terminal.type(f"clear; {GATESH} patterns tune --undo")
    terminal.see(r"take it back\? \[y/N\]")
    terminal.type("y")
    terminal.see("is what it was")
    assert not tuned.exists()


@pytest.mark.parametrize("answer", ["", "n", "yy", "yes please"])
def test_anything_but_yes_writes_nothing(terminal, tuned, answer):
    terminal.type(f"{GATESH} patterns tune git-push-force --off")
    terminal.see(r"write this\? \[y/N\]")
    terminal.type(answer)
    if answer.startswith("y"):
        terminal.see("[Ii]nvalid input")
    else:
        terminal.see(r"write this\?.*\n.*[$#] ")
    assert not tuned.exists()


def test_what_tightens_counts_at_once(terminal, tuned, history):
    terminal.type(f"{GATESH} patterns tune git-push-force --deny")
    terminal.see(r"denied from now on: 4")
    terminal.see(r"write this\? \[y/N\]")
    terminal.type("y")
    terminal.see("it counts at once")
    assert "verdict: deny" in patterns(history, "explain", FORCE)[1]

    terminal.type(f"clear; {GATESH} patterns tune --undo")
    terminal.see(r"take it back\? \[y/N\]")
    terminal.type("y")
    terminal.see("git-push-force catches less now; a keeper that runs asks you")


def test_what_an_agent_loosens_is_shown_to_the_person_and_stays_inactive(person, agent, env, place):
    """A `y` on a pty of the agent's own writes the file; the rule goes on until a person confirms."""
    record(places_below(str(place)), [(FORCE, "approved")])
    with Terminal(env, str(place)) as own:
        own.type(f"{GATESH} patterns tune git-push-force --off")
        own.see(r"write this\? \[y/N\]")
        own.type("y")
        own.see("it loosens, and waits for you at the keeper")

    person.see("git-push-force is off")
    assert "verdict: ask" in patterns(env, "explain", FORCE)[1]
