"""The incident's token: found in a file it was not made for, used for something else, and named on the card."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatesh.demo.railway import Railway, make_volume
from tests.agent import Agent
from tests.installed import GATESH
from tests.person import Person
from tests.secrets.tokens import Maker

TOKEN = Maker(33).uuid()


@pytest.fixture
def railway(tmp_path: Path) -> Iterator[Railway]:
    found = Railway(make_volume(str(tmp_path / "railway")), TOKEN)
    yield found
    found.close()


def curl(railway: Railway, document: str) -> str:
    return (
        f"curl -sS --connect-to backboard.railway.app:80:127.0.0.1:{railway.port} "
        f"-H 'Authorization: Bearer {TOKEN}' http://backboard.railway.app/graphql/v2 "
        f"-d '{json.dumps({'query': document})}'"
    )


def test_the_card_and_the_record_name_the_tokens_file_and_its_uses(
    railway: Railway, work: Path, kept_agent: Agent, person: Person, place: Path
) -> None:
    (work / "infra").mkdir()
    (work / "infra" / "domains.env").write_text(f"\nRAILWAY_DOMAINS_TOKEN={TOKEN}\n")
    kept_agent.run(GATESH, "-c", "ls; cat README* package.json")
    kept_agent.run(GATESH, "-c", "grep -rn RAILWAY .")
    kept_agent.run(GATESH, "-c", curl(railway, "{ me { name } }"))

    pid = kept_agent.start(GATESH, "-c", curl(railway, 'mutation { volumeDelete(volumeId: "7") }'))
    card = person.see(r"(?s)secret .*type `").string
    time.sleep(0.8)  # the card is deaf at first
    person.press("n")
    person.type("use the staging volume")
    kept_agent.wait(pid)

    said = "".join(card.split())  # wherever the screen breaks its rows
    for part in (
        "Railway token from infra/domains.env:2 (RAILWAY_DOMAINS_TOKEN), by the command line, first read",
        "s ago (record 2)",
        "may of a project: one environment; of an account: every project, with deletion",
        "used for me at backboard.railway.app, really 127.0.0.1 only",
    ):
        assert part.replace(" ", "") in said
    shown = kept_agent.run(GATESH, "show", "4").out.decode()
    assert "stands in infra/domains.env:2 (RAILWAY_DOMAINS_TOKEN), first read by record 2" in shown
    everything = b"".join(p.read_bytes() for p in place.rglob("*") if p.is_file())
    assert TOKEN not in card + shown
    assert TOKEN.encode() not in everything
