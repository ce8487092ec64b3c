"""Where a held line's secrets come from: every format traced, in every place, and never shown."""

from __future__ import annotations

import base64
import os
import re
import sqlite3
import time
from functools import cache
from pathlib import Path

import pytest

from gatesh.approval.describe import Description
from gatesh.gate import Gate
from gatesh.model import Asker, CommandLine, Credential, Opened, Ran, Refused, Request
from gatesh.places import Places
from gatesh.rules.match import RuleSet
from gatesh.run.shfmt import Shfmt
from gatesh.wiring import load_rules, open_log, world_of
from tests.secrets.tokens import Maker

TOKENS = Maker().all()
ASKER = Asker(pid=os.getpid(), uid=os.getuid(), session="s1", root_pid=1, root_start=1)
DELETE = "curl -X DELETE https://api.example.com/v1/volumes/7"


@cache
def shipped_rules() -> RuleSet:
    nowhere = "/nonexistent/gatesh"
    return load_rules(Places(nowhere, nowhere, nowhere, nowhere))


class Desk:
    """A project, a home and a gate with its log; the environment is what the agent's shell has."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work, self.state = folder / "home", folder / "work", folder / "state"
        for one in (self.home, self.work, self.state):
            one.mkdir(mode=0o700)
        self.env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.places = Places(str(self.home), str(self.state), str(self.state), str(self.state))
        rules = shipped_rules()
        log = open_log(self.places)
        self.gate = Gate(rules, log, time.time_ns, second=Shfmt())
        self.world = world_of(self.places, rules)

    def write(self, path: str, text: str) -> Path:
        folder = self.home if path.startswith("~/") else self.work
        file = folder / path.removeprefix("~/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def open(self, text: str, **env: str) -> Opened:
        line = CommandLine(text=text, cwd=str(self.work), env=self.env | env)
        return self.gate.open(line, ASKER, self.world)

    def run(self, text: str, **env: str) -> Opened:
        """Let a line pass, as if it had run."""
        opened = self.open(text, **env)
        self.gate.close(opened, Ran(0, 1))
        return opened

    def credentials(self, text: str, **env: str) -> tuple[Credential, ...]:
        opened = self.open(text, **env)
        assert opened.decision.verdict != "allow", text
        return opened.seen.credentials

    def card(self, opened: Opened) -> list[str]:
        now = time.monotonic_ns()
        request = Request(
            opened.record, opened.line, opened.decision, ASKER, "d", now, now + 10**11,
            credentials=opened.seen.credentials,
        )  # fmt: skip
        return [line.text for line in Description(request).card("word").body]

    def written(self) -> bytes:
        """Everything that gatesh wrote, and every row as SQLite gives it back."""
        files = b"".join(p.read_bytes() for p in self.state.rglob("*") if p.is_file())
        db = sqlite3.connect(self.state / "audit.db")
        dump = "\n".join(db.iterdump()).encode("utf-8", "replace")
        db.close()
        return files + dump


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_token_of_every_issuer_is_traced_to_its_file(desk: Desk) -> None:
    told = {}
    for number, (kind, token) in enumerate(TOKENS.items()):
        desk.write(f"infra/{number}.md", f"# how to\n\nuse {token} for it\n")
        (found,) = desk.credentials(f"{DELETE} -H 'Authorization: Bearer {token}'")
        told[kind] = found.kind, bool(found.can), found.files[0].partition(" ")[0]
        assert token not in repr(found)

    assert told == {kind: (kind, True, f"infra/{n}.md:3") for n, kind in enumerate(TOKENS)}
    written = desk.written()
    assert [kind for kind, token in TOKENS.items() if token.encode() in written] == []


PLACES: list[tuple[str, dict[str, str], str, str]] = [
    # line, files, what carries it, where it stands
    (f"{DELETE} -H 'Authorization: Bearer TOKEN'", {}, "the command line", ""),
    (f"{DELETE} -H 'X-Api-Key: TOKEN'", {"a/b.env": "KEY=TOKEN"}, "the command line", "a/b.env:1 (KEY)"),
    (f'{DELETE} -H "Authorization: Bearer $API_TOKEN"', {".env": "\nAPI_TOKEN=TOKEN"}, "variable API_TOKEN", ".env:2 (API_TOKEN)"),
    (f'T=TOKEN; {DELETE} -H "Authorization: Bearer $T"', {}, "the command line", ""),
    (f'A=HEAD; B=TAIL; {DELETE} -H "Authorization: Bearer $A$B"', {"x.env": "T=TOKEN"}, "the command line", "x.env:1 (T)"),
    (f'{DELETE} -H "Authorization: Bearer $(echo CODED | base64 -d)"', {"x.env": "T=TOKEN"}, "the command line", "x.env:1 (T)"),
    (f'{DELETE} -H "Authorization: Bearer $(cat x.txt)"', {"x.txt": "TOKEN"}, "x.txt:1", ""),
    (f'{DELETE} -H "Authorization: Bearer $(<x.txt)"', {"x.txt": "TOKEN"}, "x.txt:1", ""),
    (f'T=$(grep ^API_TOKEN .env | cut -d= -f2); {DELETE} -H "Authorization: Bearer $T"', {".env": "OTHER_TOKEN=OTHER\nAPI_TOKEN=TOKEN"}, ".env:2 (API_TOKEN)", ""),
    (f'. ./x.env; {DELETE} -H "Authorization: Bearer $API_TOKEN"', {"x.env": "export API_TOKEN=TOKEN"}, "x.env:1 (API_TOKEN)", ""),
    (f'set -a; source x.env; {DELETE} -H "Authorization: Bearer $API_TOKEN"', {"x.env": "OTHER_TOKEN=OTHER\nAPI_TOKEN=TOKEN"}, "x.env:2 (API_TOKEN)", ""),
    (f"{DELETE} -H @h.txt", {"h.txt": "Authorization: Bearer TOKEN"}, "h.txt:1 (Authorization)", ""),
    (f"{DELETE} -K c.rc", {"c.rc": 'header = "Authorization: Bearer TOKEN"'}, "c.rc:1 (Authorization)", ""),
    (DELETE, {"~/.curlrc": 'header = "Authorization: Bearer TOKEN"'}, "~/.curlrc:1 (Authorization)", ""),
    (f"{DELETE} -n", {"~/.netrc": "machine api.example.com login me password TOKEN"}, "~/.netrc:1 (password)", ""),
    (f"{DELETE} -d @- <<E\n{{\"token\": \"TOKEN\"}}\nE", {}, "the command line", ""),
    ("gh repo delete o/r --yes", {"~/.config/gh/hosts.yml": "github.com:\n    oauth_token: TOKEN\n"}, "~/.config/gh/hosts.yml:2 (oauth_token)", ""),
    ("gh repo delete o/r --yes", {"~/.config/gh/hosts.yml": "github.com:\n    oauth_token: OTHER\n"}, "variable GH_TOKEN", ""),
    ("aws rds delete-db-instance --db-instance-identifier x --skip-final-snapshot --profile live", {"~/.aws/credentials": "[dev]\naws_secret_access_key = OTHER\n\n[live]\naws_secret_access_key = TOKEN\n"}, "~/.aws/credentials:5 (aws_secret_access_key)", ""),
    ("kubectl delete namespace shop", {"~/.kube/config": "users:\n- name: me\n  user:\n    token: TOKEN\n"}, "~/.kube/config:4 (token)", ""),
    ("npm unpublish --force left", {".npmrc": "//registry.npmjs.org/:_authToken=TOKEN\n"}, ".npmrc:1 (_authToken)", ""),
    ("npm unpublish --force left", {"~/.npmrc": "//registry.npmjs.org/:_authToken=TOKEN\n"}, "~/.npmrc:1 (_authToken)", ""),
    ("railway volume delete --yes", {"~/.railway/config.json": '{"user": {"token": "TOKEN"}}'}, "~/.railway/config.json:1 (token)", ""),
    ("psql -h db.example.com -U app shop -c 'drop table t'", {"~/.pgpass": "db.example.com:5432:shop:app:TOKEN\n"}, "~/.pgpass:1 (app)", ""),
    ("psql postgres://app:TOKEN@db.example.com/shop -c 'drop table t'", {"c.yml": "url: postgres://app:TOKEN@db.example.com/shop"}, "the command line", "c.yml:1 (url)"),
    ("docker run --rm --env-file e.env alpine curl -X DELETE https://api.example.com/v1/volumes/7", {"e.env": "API_TOKEN=TOKEN"}, "e.env:1 (API_TOKEN)", ""),
    ("KUBECONFIG=k.yml kubectl delete namespace shop", {"k.yml": "users:\n- name: me\n  user:\n    token: TOKEN\n"}, "k.yml:4 (token)", ""),
    ("AWS_PROFILE=live AWS_SHARED_CREDENTIALS_FILE=c.ini aws rds delete-db-instance --db-instance-identifier x --skip-final-snapshot", {"c.ini": "[dev]\naws_secret_access_key = OTHER\n[live]\naws_secret_access_key = TOKEN\n"}, "c.ini:4 (aws_secret_access_key)", ""),
    ("set -a; . ./.env; railway volume delete --yes", {".env": "X_TOKEN=OTHER\nRAILWAY_TOKEN=TOKEN\n"}, ".env:2 (RAILWAY_TOKEN)", ""),
    ("env $(cat .env | xargs) railway volume delete --yes", {".env": "X_TOKEN=OTHER\nRAILWAY_TOKEN=TOKEN\n"}, ".env:2 (RAILWAY_TOKEN)", ""),
    ("bash deploy.sh", {".env": "X_TOKEN=OTHER\nRAILWAY_TOKEN=TOKEN\n", "deploy.sh": "source .env\nrailway volume delete --yes\n"}, ".env:2 (RAILWAY_TOKEN)", ""),
    ("python3 d.py", {"t.txt": "TOKEN\n", "d.py": "import requests\nt = open('t.txt').read()\nrequests.delete('https://api.example.com/v1/volumes/7', headers={'Authorization': 'Bearer ' + t})\n"}, "t.txt:1", ""),
    (f'{DELETE} -H "Authorization: Bearer $(python3 -c \'print(open("t.txt").read())\')"', {"t.txt": "TOKEN\n"}, "t.txt:1", ""),
    (f'{DELETE} -H "Authorization: Bearer $(printf %s HEAD TAIL)"', {"x.env": "T=TOKEN"}, "the command line", "x.env:1 (T)"),
    (f"xargs -a x.txt -I{{}} {DELETE} -H 'Authorization: Bearer {{}}'", {"x.txt": "TOKEN\n"}, "x.txt:1", ""),
    (f'ssh web "{DELETE} -H \'Authorization: Bearer TOKEN\'"', {"x.env": "T=TOKEN"}, "the command line", "x.env:1 (T)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "files", "carried", "stands"), PLACES, ids=[row[0][:60] + row[2] for row in PLACES]
)
def test_a_token_in_every_place_is_traced(
    desk: Desk, line: str, files: dict[str, str], carried: str, stands: str
) -> None:
    token, other = TOKENS["GitHub token (classic)"], TOKENS["GitLab token"]
    coded = base64.b64encode(token.encode()).decode()
    named = {"TOKEN": token, "OTHER": other, "HEAD": token[:20], "TAIL": token[20:], "CODED": coded}

    def made(text: str) -> str:
        return re.sub(rf"(?<![A-Z_])(?:{'|'.join(named)})(?![A-Z_])", lambda w: named[w[0]], text)

    for path, text in files.items():
        desk.write(path, made(text))
    env = {"API_TOKEN": token} if carried == "variable API_TOKEN" else {}
    env |= {"GH_TOKEN": token} if carried == "variable GH_TOKEN" else {}

    found = desk.credentials(made(line), **env)

    assert [one.carried for one in found] == [carried]
    if stands:
        assert stands in found[0].files
    assert found[0].fingerprint
    for secret in (token, other, coded):
        assert secret.encode() not in desk.written()


def test_the_card_says_where_a_token_is_from_and_what_it_was_used_for(desk: Desk) -> None:
    token = TOKENS["DigitalOcean token"]
    bearer = f"-H 'Authorization: Bearer {token}'"
    desk.write("infra/domains.env", f"DNS_TOKEN={token}\n")
    desk.run("grep -rn TOKEN infra")
    desk.run(f"curl -s https://api.digitalocean.com/v2/domains {bearer}")

    opened = desk.open(f"curl -X DELETE https://api.digitalocean.com/v2/volumes/7 {bearer}")
    card = "\n".join(desk.card(opened))

    assert "DigitalOcean token from infra/domains.env:1 (DNS_TOKEN)" in card
    assert "first read 0 s ago (record 1)" in card
    assert "used for  GET /v2/domains at api.digitalocean.com only" in card
    assert token not in card


def test_copies_that_the_agent_makes_do_not_hide_where_it_is_from(desk: Desk) -> None:
    token = TOKENS["GitLab token"]
    desk.write("z/live.env", f"LIVE_TOKEN={token}\n")
    for number in range(8):
        os.utime(desk.write(f"a{number}/staging.env", f"STAGING_TOKEN={token}\n"), (1, 1))

    opened = desk.open(f"{DELETE} -H 'Authorization: Bearer {token}'")
    card = "\n".join(desk.card(opened))

    assert "GitLab token from z/live.env:1 (LIVE_TOKEN), " in card
    assert " and 6 more, by the command line" in card


def test_what_was_refused_has_read_nothing(desk: Desk) -> None:
    token = TOKENS["GitLab token"]
    desk.write("infra/domains.env", f"DNS_TOKEN={token}\n")
    line = f"{DELETE} -H 'Authorization: Bearer {token}'"
    desk.gate.close(desk.open("cat infra/domains.env"), Refused(126, ""))  # type: ignore[arg-type]
    assert desk.credentials(line)[0].read_in == 0
    desk.run("cat infra/domains.env")
    assert desk.credentials(line)[0].read_in == 3


def test_a_key_of_many_rows_stands_in_its_file_once(desk: Desk) -> None:
    rows = "\n".join(Maker(7).drawn("abcdXYZ019", 64) for _ in range(24))
    desk.write("server.pem", f"-----BEGIN PRIVATE KEY-----\n{rows}\n-----END PRIVATE KEY-----\n")
    (found,) = desk.credentials(f"{DELETE} -d @server.pem")
    assert found.files == ("server.pem:1",)


def test_what_was_refused_is_no_use(desk: Desk) -> None:
    token = TOKENS["GitLab token"]
    line = f"{DELETE} -H 'Authorization: Bearer {token}'"
    first = desk.open(line)
    desk.gate.close(first, Refused(126, ""))  # type: ignore[arg-type]

    (found,) = desk.credentials(line)

    assert found.uses == ()


@pytest.mark.parametrize(
    "line",
    [
        "cat infra/domains.env",
        "cd infra && tail -1 domains.env",
        "grep TOKEN infra/*",
        "rg TOKEN",
        ". infra/domains.env",
        "wc -l < infra/domains.env",
        "cp infra/domains.env /tmp/x",
        "python3 -c 'print(open(\"infra/domains.env\").read())'",
    ],
)
def test_the_first_command_that_reads_a_file_is_found(desk: Desk, line: str) -> None:
    token = TOKENS["GitLab token"]
    desk.write("infra/domains.env", f"TOKEN={token}\n")
    desk.run("ls infra/domains.env")
    read = desk.run(line)

    (found,) = desk.credentials(f"{DELETE} -H 'Authorization: Bearer {token}'")

    assert found.read_in == read.record


def test_a_harmless_line_and_one_that_deletes_files_look_for_no_secret(desk: Desk) -> None:
    desk.write("x.env", f"T={TOKENS['GitLab token']}\n")

    assert desk.open("cat x.env").seen.credentials == ()
    assert desk.credentials("rm -rf --no-preserve-root / x.env") == ()


def test_a_hash_and_a_uuid_are_no_secrets(desk: Desk) -> None:
    maker = Maker(11)
    for value in (maker.hexed(40), maker.hexed(64), maker.uuid(), "sha256:" + maker.hexed(64)):
        assert desk.credentials(f"{DELETE}?ref={value} -H 'If-Match: {value}'") == ()


def test_looking_through_a_large_tree_is_bounded(desk: Desk) -> None:
    for folder in range(40):
        for number in range(50):
            desk.write(f"d{folder}/f{number}.txt", "x" * 20_000)
    token = TOKENS["GitLab token"]
    desk.credentials(f"{DELETE} -H 'Authorization: Bearer {token}'")
    began = time.process_time()

    (found,) = desk.credentials(f"{DELETE} -H 'Authorization: Bearer {token}'")

    assert time.process_time() - began < 0.15
    assert not found.looked_everywhere
