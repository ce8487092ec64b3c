"""The incident end to end: real curl, a fake API on the loopback interface, a person or nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatesh.demo.railway import Railway, Volume, make_volume
from tests.agent import Agent, Result
from tests.installed import GATESH
from tests.person import Person

TOKEN = "0123456789abcdef0123456789abcdef"


class Api:
    """The fake API with its volume, and the agent's two commands."""

    def __init__(self, folder: Path) -> None:
        self.volume: Volume = make_volume(str(folder))
        self.railway = Railway(self.volume, TOKEN)

    def curl(self, document: str) -> str:
        body = json.dumps({"query": document})
        return (
            f"curl -sS --connect-to backboard.railway.app:80:127.0.0.1:{self.railway.port} "
            f"-H 'Authorization: Bearer {TOKEN}' -H 'Content-Type: application/json' "
            f"http://backboard.railway.app/graphql/v2 -d '{body}'"
        )

    @property
    def mutation(self) -> str:
        return self.curl(f'mutation {{ volumeDelete(volumeId: "{self.volume.id}") }}')


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    found = Api(tmp_path / "railway")
    yield found
    found.railway.close()


def history(env: dict[str, str], agent: Agent) -> list[dict]:
    """The log's rows, oldest first."""
    return json.loads(agent.run(GATESH, "history", "--json").out)[::-1]


def submit(agent: Agent, line: str) -> Result:
    return agent.run(GATESH, "-c", line)


def test_a_query_passes_in_silence(api: Api, agent: Agent) -> None:
    done = submit(agent, api.curl("{ me { name } }"))

    assert (done.exit, done.err) == (0, b"")
    assert b'"me"' in done.out


def test_with_nobody_there_the_volume_survives(api: Api, agent: Agent, env) -> None:
    done = submit(agent, api.mutation)

    assert (done.exit, done.out) == (126, b"")
    first, second = done.err.decode().splitlines()
    assert first.startswith(
        "gatesh: refused [railway-mutation]: volumeDelete on backboard.railway.app"
    )
    assert "`gatesh keeper`" in second
    assert api.volume.exists()
    (row,) = history(env, agent)
    assert (row["verdict"], row["outcome"], row["answered"]) == ("ask", "refused", "nobody")
    assert TOKEN not in json.dumps(row)


def test_rejected_with_a_word_for_the_agent(
    api: Api, kept_agent: Agent, person: Person, env
) -> None:
    pid = kept_agent.start(GATESH, "-c", api.mutation)
    card = person.see(r"(?s)volumeDelete.*type `").string
    for shown in (
        "backboard.railway.app",
        "railway-mutation",
        "critical",
        "127.0.0.1",
        "<redacted",
    ):
        assert shown in card
    assert TOKEN not in card
    time.sleep(0.8)
    person.press("n")
    person.type("use the staging volume")
    done = kept_agent.wait(pid)

    assert done.exit == 126
    assert "a human rejected it" in done.err.decode()
    assert "your human says: use the staging volume" in done.err.decode()
    assert api.volume.exists()
    again = submit(kept_agent, api.mutation)
    assert again.exit == 126
    assert "rejected the same command before" in again.err.decode()
    answers = [row["answered"] for row in history(env, kept_agent)]
    assert answers == ["rejected", "repeated"]


def test_approved_it_runs_and_the_log_says_who(
    api: Api, kept_agent: Agent, person: Person, env
) -> None:
    pid = kept_agent.start(GATESH, "-c", api.mutation)
    person.approve()
    done = kept_agent.wait(pid)

    assert done.exit == 0, done.err
    assert json.loads(done.out) == {"data": {"volumeDelete": True}}
    assert not api.volume.exists()
    (row,) = history(env, kept_agent)
    assert (row["answered"], row["assurance"], row["exit_code"]) == ("approved", "A0", 0)
    assert row["approver"].startswith("terminal /dev/pts/")


def test_approved_too_late_it_runs_when_it_is_submitted_again(
    api: Api, env: dict[str, str], work: Path
) -> None:
    with Person(env, str(work), "--wait", "1") as person, Agent(env, str(work)) as agent:
        late = submit(agent, api.mutation)
        assert late.exit == 126
        assert "pending as 1" in late.err.decode()
        assert api.volume.exists()
        person.see("late:")
        person.approve()
        person.see("record 1: approved")
        assert api.volume.exists(), "a late yes must not run anything by itself"

        done = submit(agent, api.mutation)
        once_more = submit(agent, api.mutation)

    assert done.exit == 0, done.err
    assert not api.volume.exists()
    assert once_more.exit == 126, "a grant is for one use"


def test_a_real_database_keeps_its_table_until_a_person_says_yes(
    postgres, kept_agent: Agent, person: Person
) -> None:
    with postgres.database() as name:
        postgres.psql(name, "CREATE TABLE users (id int); INSERT INTO users VALUES (1), (2)")
        # A production host's name, reached through a tunnel that ends on this machine.
        reached = f"host=db.prod.example hostaddr=127.0.0.1 port={postgres.port}"
        psql = f"psql -X -q -At '{reached} user={postgres.user} dbname={name}'"

        select = submit(kept_agent, f"{psql} -c 'SELECT count(*) FROM users'")
        assert (select.exit, select.out, select.err) == (0, b"2\n", b"")

        pid = kept_agent.start(GATESH, "-c", f"{psql} -c 'DROP TABLE users'")
        person.see("(?s)drop table users.*type `")
        time.sleep(0.8)
        person.press("n")
        person.type("")
        assert kept_agent.wait(pid).exit == 126
        assert postgres.psql(name, "SELECT count(*) FROM users").strip() == "2"

        pid = kept_agent.start(GATESH, "-c", f"{psql} <<'E'\nDROP TABLE users;\nE\n")
        person.approve()
        assert kept_agent.wait(pid).exit == 0
        gone = submit(kept_agent, f"{psql} -c 'SELECT count(*) FROM users'")
        assert b"does not exist" in gone.err


def scoped(api: Api, env: dict[str, str], work: Path, effect: str) -> None:
    """Say that sessions here work on staging, and that the volume is production's."""
    place = Path(env["GATESH_HOME"])
    place.mkdir(exist_ok=True, mode=0o700)
    labels = (
        f'[production]\nids = ["{api.volume.id}"]\n[staging]\nhosts = ["backboard.railway.app"]\n'
    )
    (place / "environments.toml").write_text(labels)
    (work / ".gatesh").mkdir()
    text = f'environment = "staging"\noutside = "{effect}"\n'
    (work / ".gatesh/scope.toml").write_text(text)
    (work / "infra").mkdir()
    (work / "infra/domains.env").write_text(f"RAILWAY_TOKEN={TOKEN}\n")


def test_a_staging_session_is_refused_what_is_productions_and_an_alert_says_so(
    api: Api, agent: Agent, env: dict[str, str], work: Path
) -> None:
    scoped(api, env, work, "never")

    done = submit(agent, api.mutation)

    assert done.exit == 126
    assert "refused [scope-target]" in done.err.decode()
    assert (
        "it is production, environments.toml:2; this session works on staging" in done.err.decode()
    )
    assert api.volume.exists()
    alerts = agent.run(GATESH, "history", "--alerts", "--nl").out.decode()
    assert '"kind": "scope"' in alerts
    assert TOKEN not in alerts
    assert submit(agent, api.curl("{ me { name } }")).exit == 0


def test_the_card_of_a_staging_session_names_production_and_the_tokens_file(
    api: Api, env: dict[str, str], work: Path
) -> None:
    scoped(api, env, work, "ask")
    with Person(env, str(work)) as person, Agent(env, str(work)) as agent:
        pid = agent.start(GATESH, "-c", api.mutation)
        card = person.see(r"(?s)volumeDelete.*type `").string
        time.sleep(0.8)
        person.press("n")
        person.type("")
        assert agent.wait(pid).exit == 126
    for shown in ("scope-target", "production", "works on staging", "infra/domains.env"):
        assert shown in " ".join(card.split())
    assert TOKEN not in card
    assert api.volume.exists()
