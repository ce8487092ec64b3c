"""Pattern files change while a keeper runs: what tightens counts at once, what loosens when a person says so."""

import time

import pytest

from tests.keeper.human import DEAF, GATESH, IDLE, eventually, held

OFF = "[override.hold-critical]\noff = true\n"


def write(place, text, name="more.toml"):
    (place / "patterns").mkdir(mode=0o700, exist_ok=True)
    (place / "patterns" / name).write_text(text)


def test_what_loosens_at_start_is_listed_and_inactive_until_confirmed(start, place, work):
    write(place, OFF.replace("hold-critical", "git-push-force"))
    human, agent = start(expect="loosen one thing")
    human.card("git-push-force is off")
    human.type("y", "Enter")
    human.wait_for("that was not the word")
    time.sleep(DEAF)
    pid = held(agent, "git push --force")
    human.type("n")
    human.card("high: git-push-force")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_change_that_tightens_is_active_at_once(start, place, work):
    human, agent = start()
    assert agent.run(GATESH, "-c", "touch fresh").exit == 0
    (work / "fresh").unlink()
    rule = (place / "patterns" / "test.toml").read_text()
    write(
        place,
        rule.replace("hold-", "new-")
        .replace("{hold,again,other}*", "fresh*")
        .replace("critical*", "xritical*"),
    )
    human.wait_for("were read again")
    pid = held(agent, "touch fresh")
    human.card("new-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


@pytest.mark.parametrize("how", ["removed", "narrowed", "excepted"])
def test_a_rule_that_is_taken_away_goes_on_until_a_person_confirms(start, place, work, how):
    human, agent = start()
    file = place / "patterns" / "test.toml"
    if how == "removed":
        file.unlink()
    elif how == "narrowed":
        file.write_text(
            file.read_text()
            .replace("{hold,again,other}*", "{hold,again,other}z*")
            .replace('"touch critical*"', '"touch criticalz*"')
            .replace("hold-a", "holdz")
            .replace("hold-b", "holdzz")
            .replace("critical-a", "criticalz")
            .replace("critical-b", "criticalzz")
        )
    else:
        write(
            place,
            '[override.hold-touch]\nunless = "touch hold*"\n[override.hold-critical]\noff = true\n',
        )
    human.card("loosen 2 things")
    human.type("n")
    human.wait_for(IDLE)
    pid = held(agent, "touch hold-1")
    human.card("touches hold-1")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_what_a_person_confirmed_is_active(start, place, work):
    human, agent = start()
    write(place, "[override.hold-touch]\noff = true\n")
    human.yes("hold-touch is off")
    human.wait_for("confirmed by")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0
    pid = held(agent, "touch critical-1")
    human.card("hold-critical")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    (place / "patterns" / "more.toml").unlink()  # taking an override back tightens
    eventually(lambda: human.screen().count("were read again") == 2)
    pid = held(agent, "touch hold-2")
    human.card("hold-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_broken_pattern_file_keeps_the_old_rules_and_says_so(start, place, work):
    human, agent = start()
    write(place, "[broken\n")
    human.wait_for("keeping the old rules: ")
    assert "more.toml:1:" in human.screen()
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_keeper_does_not_start_on_a_broken_pattern_file(start, place):
    write(place, "[rule-x]\ncli = 5\n")
    human, _ = start(expect="[ended: 2]")
    assert "more.toml:" in human.screen() and "hint:" in human.screen()
    assert not (place / "keeper.sock").exists()


def test_what_was_shown_is_confirmed_and_not_what_was_written_since(start, place, work):
    human, agent = start()
    write(place, "[override.hold-touch]\noff = true\n")
    word = human.card("hold-touch is off")
    write(place, "[override.hold-touch]\noff = true\n[override.hold-critical]\noff = true\n")
    human.type(word, "Enter")  # either it is too late, or it counts for what stood on the card
    human.card("hold-critical is off")
    human.type("n")
    human.wait_for(IDLE)
    pid = held(agent, "touch critical-1")
    human.card("hold-critical")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
