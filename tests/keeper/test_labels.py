"""environments.toml while a keeper runs: what it said at the start counts, and a change when a person says so."""

from tests.keeper.human import GATESH, held

DELETE = "curl -X DELETE http://db.test.example.org/v1/volumes/1"


def write(place, label):
    (place / "environments.toml").write_text(f'[{label}]\nhosts = [\n  "db.test.example.org",\n]\n')


def reject(human, agent, pid):
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_the_card_and_the_record_say_what_a_person_calls_the_target(start, place, rows):
    write(place, "production")
    human, agent = start()
    pid = held(agent, DELETE)
    human.card("label     production, environments.toml:3")
    reject(human, agent, pid)

    assert rows("SELECT labels FROM record") == [(" production ",)]


def test_a_change_that_loosens_has_no_effect_until_a_person_confirms_it(start, place, rows):
    write(place, "production")
    human, agent = start()
    assert agent.run(GATESH, "-c", "ls").exit == 0
    write(place, "staging")  # as an agent would, in the middle of its session
    human.card("host db.test.example.org is staging instead of production")
    pid = held(agent, DELETE)
    human.card("label     production, environments.toml:3")
    reject(human, agent, pid)

    assert rows("SELECT labels FROM record WHERE verdict = 'ask'") == [(" production ",)]


def test_what_a_person_confirmed_counts(start, place):
    write(place, "production")
    human, agent = start()
    write(place, "staging")
    human.yes("host db.test.example.org is staging instead of production")
    human.wait_for("counts as it stands: confirmed by")
    pid = held(agent, DELETE)
    human.card("label     staging, environments.toml:3")
    reject(human, agent, pid)


def test_a_change_that_tightens_counts_at_once(start, place):
    write(place, "staging")
    human, agent = start()
    write(place, "production")
    human.card("host db.test.example.org is production instead of staging")
    human.type("n", "Enter")
    pid = held(agent, DELETE)
    human.card("label     production, environments.toml:3")
    reject(human, agent, pid)


def test_a_file_that_cannot_be_read_is_said_and_makes_nothing_less_strict(start, place):
    (place / "environments.toml").write_text("[staging]\nhost = ['db.test.example.org']\n")
    human, agent = start(expect="no label but production counts")
    assert "environments.toml:2: unknown key host" in human.screen().replace("\n", "")
    pid = held(agent, DELETE)
    human.card("http-delete")
    assert "label  " not in human.screen()
    reject(human, agent, pid)
