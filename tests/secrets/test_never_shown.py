"""No value anywhere: the log and its write-ahead log, what crosses a socket, screens, messages, reports, crashes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gatesh.secrets.recognise import found_in
from tests.agent import Agent
from tests.installed import GATESH
from tests.person import Person
from tests.secrets.test_origin import Desk
from tests.secrets.tokens import Maker

MAKER = Maker(21)
TOKENS = {
    "infra/domains.env": "RAILWAY_DOMAINS_TOKEN=" + MAKER.uuid(),
    ".env": "STRIPE_KEY=sk" + "_live_" + MAKER.drawn("abcdXYZ01289", 24),
    "deploy/key.pem": MAKER.private_key(),
    "app.yml": f"url: postgres://app:{MAKER.drawn('abcdXYZ01289', 16)}@db.example.com/shop",
}
VALUES = [
    TOKENS["infra/domains.env"].partition("=")[2],
    TOKENS[".env"].partition("=")[2],
    TOKENS["deploy/key.pem"].splitlines()[3],
    TOKENS["app.yml"].rpartition(":")[2].partition("@")[0],
]
DELETE = "curl -sX DELETE --connect-timeout 1 http://192.0.2.1/v1/volumes/7"


def lines() -> list[str]:
    railway, stripe, _, password = VALUES
    return [
        f"{DELETE} -H 'Authorization: Bearer {railway}'",
        f"{DELETE} -u '{stripe}:'",
        ". ./infra/domains.env; " + DELETE + ' -H "Authorization: Bearer $RAILWAY_DOMAINS_TOKEN"',
        DELETE + ' -H "Authorization: Bearer $(grep -o sk.* .env)"',
        f"{DELETE} --key deploy/key.pem",
        f"psql postgres://app:{password}@192.0.2.1/shop -c 'drop table t'",
        f"curl http://127.0.0.1:9/ -H 'Authorization: Bearer {railway}'",
    ]  # fmt: skip


@pytest.fixture
def tree(work: Path) -> Path:
    for name, text in TOKENS.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text + "\n")
    return work


def told(text: str | bytes) -> list[int]:
    """Which of the values stand in what gatesh said or wrote."""
    raw = text.encode() if isinstance(text, str) else text
    return [number for number, value in enumerate(VALUES) if value.encode() in raw]


def written(place: Path) -> bytes:
    return b"".join(p.read_bytes() for p in place.rglob("*") if p.is_file())


def test_nothing_that_a_keeper_shows_sends_or_writes_holds_a_value(
    tree: Path, env: dict[str, str], place: Path
) -> None:
    trace = tree.parent / "sockets.txt"
    words = (
        "strace",
        "-f",
        "-qq",
        "-s",
        "100000",
        "-o",
        str(trace),
        "-e",
        "trace=sendto,sendmsg,write",
    )
    traced = subprocess.run(["strace", "-V"], capture_output=True, check=False).returncode == 0
    program = (*words, GATESH, "keeper") if traced else (GATESH, "keeper")
    with Person(env, str(tree), program=program) as person, Agent(env, str(tree)) as agent:
        for line in lines()[:4]:
            pid = agent.start(GATESH, "-c", line)
            shown = person.see(r"(?s)secret .*type `").string
            assert told(shown) == []
            person.press(" ")
            assert told(person.screen) == []
            person.see("type `")
            agent.signal(pid, 9)
            person.see("nothing waits")
        assert told(agent.run(GATESH, "history", "--json", "--full").out) == []
        assert told(agent.run(GATESH, "secrets").out) == []
        assert told(agent.run(GATESH, "secrets", "--json").out) == []
        for record in range(1, 5):
            assert told(agent.run(GATESH, "show", str(record)).out) == []
        assert told(written(place)) == []
    if traced:
        assert told(trace.read_bytes()) == []


def test_nothing_that_a_door_alone_says_or_writes_holds_a_value(
    tree: Path, env: dict[str, str], place: Path
) -> None:
    for line in lines():
        done = subprocess.run(
            [GATESH, "-c", line], env=env, cwd=tree, capture_output=True, timeout=60
        )
        assert done.returncode in (7, 126)
        assert told(done.stdout + done.stderr) == []
    shown = subprocess.run(
        [GATESH, "show", "1"], env=env, cwd=tree, capture_output=True, timeout=60
    )
    assert b"Railway token from the command line" in shown.stdout
    assert told(shown.stdout + written(place)) == []


def test_a_failure_while_looking_says_its_type_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def fails(path: str, limit: int) -> bytes:
        raise ValueError(f"cannot read {VALUES[0]} at {path}, {limit}")

    desk.world.files.read = fails  # type: ignore[method-assign]
    opened = desk.open(f"{DELETE} -H 'Authorization: Bearer {VALUES[0]}'")

    assert [one.carried for one in opened.seen.credentials] == ["cannot be looked for (ValueError)"]
    assert told("\n".join(desk.card(opened)) + repr(opened.seen.credentials)) == []
    assert told(desk.written()) == []


def test_what_is_found_does_not_show_itself() -> None:
    found = found_in(f"curl -H 'Authorization: Bearer {VALUES[0]}' x")

    assert found
    assert told(repr(found) + str(found) + f"{found[0]}") == []
