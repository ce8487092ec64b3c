"""Where tools go: a table of the ways each finds its target, against the tool's own answer where it is here."""

import base64
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gatesh.facts import World, inspect_all
from gatesh.facts.targets import Targets
from gatesh.model import CliCall, CommandLine
from gatesh.places import places_below
from gatesh.policy import decide
from gatesh.rules.examples import HOME, PROJECT, world_of
from gatesh.rules.load import files, load, read_all
from gatesh.rules.match import fact_target, match
from gatesh.run.look import GitProbe, OsFiles
from gatesh.scope.labels import Labels
from gatesh.shell.read import read
from tests.postgres import postgres  # noqa: F401  a fixture

TOOLS = tomllib.loads((Path(__file__).parents[1] / "data/targets.toml").read_text())
WAYS = [(tool, way) for tool, table in TOOLS.items() for way in table["way"]]
REAL = [(tool, way) for tool, way in WAYS if way.get("real", TOOLS[tool].get("real"))]


def named(ways):
    return [f"{tool}: {way['way']}" for tool, way in ways]


def key_of(account):
    """Return an access key's id of an account, made up."""
    raw = ((account << 7) | (1 << 47)).to_bytes(6, "big") + bytes(4)
    return "AKIA" + base64.b32encode(raw).decode()


class Place:
    """A scratch HOME and a folder to work in, filled as a row says."""

    def __init__(self, folder, table, way):
        self.home, self.work = str(folder / "home"), str(folder / "work")
        for path, content in (table.get("files", {}) | way.get("files", {})).items():
            file = Path(self.fill(path))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.fill(content))
        for name in (self.home, self.work):
            Path(name).mkdir(exist_ok=True)
        self.options = self.fill(way.get("options", ""))
        self.env = {name: self.fill(value) for name, value in way.get("env", {}).items()}
        self.env["HOME"] = self.home

    def fill(self, text):
        text = text.replace("{home}", self.home).replace("{work}", self.work)
        text = text.replace("{python}", sys.executable)
        text = re.sub(r"\{key:(\d+)\}", lambda m: key_of(int(m[1])), text)
        return re.sub(r"\{sha1:([^}]*)\}", lambda m: hashlib.sha1(m[1].encode()).hexdigest(), text)

    def line(self, text):
        return self.fill(text.replace("{options}", self.options))

    def target(self, text, program, labels=None):
        line = CommandLine(self.line(text), self.work, self.env)
        world = World(OsFiles(), GitProbe(), self.home, labels=labels or Labels())
        seen = inspect_all(read(line), line, world, read)
        commands = seen.reading.commands
        index, fact = next(
            (index, fact)
            for index, fact in reversed(seen.facts)
            if isinstance(fact, CliCall) and commands[index].program == program
        )
        return Targets(seen, line, world).of(index, fact)


@pytest.mark.parametrize(("tool", "way"), WAYS, ids=named(WAYS))
def test_each_way_to_a_target_is_followed(tool, way, tmp_path):
    table = TOOLS[tool]
    place = Place(tmp_path, table, way)

    found = place.target(
        way.get("line", table["line"]), way.get("program", table.get("program", tool))
    )

    for part, value in way.get("parts", {}).items():
        assert (part, place.fill(value)) in found.parts, found
    assert found.name == place.fill(way.get("name", found.name))
    assert found.origin == way.get("origin", found.origin)
    assert found.label == way.get("label", found.label), found
    if "locality" in way:
        # What is found to be here goes on counting as remote: files that the asker may write say so.
        shown = {"local": "unknown"}.get(way["locality"], way["locality"])
        assert found.locality.value in (shown, way["locality"])


@pytest.mark.parametrize(("tool", "way"), REAL, ids=named(REAL))
def test_the_tool_itself_goes_there(tool, way, tmp_path):
    table = TOOLS[tool]
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    place = Place(tmp_path, table, way)
    found = place.target(
        way.get("line", table["line"]), way.get("program", table.get("program", tool))
    )

    line = place.line(way.get("real", table.get("real")))
    if tool == "ssh":  # it looks up the home of the password database
        line = line.replace(
            "ssh -G", f"ssh -G -F {place.home}/.ssh/config" if "-F" not in line else "ssh -G"
        )
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", **place.env}
    told = subprocess.run(
        ["bash", "-c", line], cwd=place.work, env=env, capture_output=True, text=True, timeout=60
    )

    values = {value for _, value in found.parts} | {*re.split("[/ ]", found.name), found.name}
    values |= {part for value in values for part in (value.partition("/")[2],)}
    assert told.stdout.split(), told.stderr
    for word in told.stdout.split():
        assert word in values, (told.stdout, found)


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["-h", "{folder}", "-d", "{name}"], {}),
        (["{name}"], {"PGHOST": "{folder}"}),
        (["-d", "postgresql:///{name}?host=127.0.0.1&port={port}"], {}),
        (["-d", "host=127.0.0.1 port={port} dbname={name}"], {"PGHOST": "never.example.com"}),
        (["service=here"], {"PGSERVICEFILE": "{work}/services"}),
        ([], {"PGHOST": "127.0.0.1", "PGDATABASE": "{name}"}),
        (["-h", "127.0.0.1"], {"PGHOST": "never.example.com", "PGDATABASE": "{name}"}),
    ],
)
def test_psql_itself_connects_to_the_host_and_database_that_are_found(
    words,
    env,
    postgres,  # noqa: F811
    tmp_path,
):
    with postgres.database() as name:
        given = {"folder": postgres.folder, "name": name, "port": postgres.port, "work": tmp_path}
        (tmp_path / "services").write_text(
            f"[here]\nhost=127.0.0.1\nport={postgres.port}\ndbname={name}\n"
        )
        words = [word.format(**given) for word in words]
        own = {"PGPORT": str(postgres.port), "PGUSER": postgres.user}
        own |= {key: value.format(**given) for key, value in env.items()}
        told = postgres.run(
            "psql",
            "-XAt",
            "-F",
            " ",
            "-c",
            "select current_database(), coalesce(host(inet_server_addr()), '')",
            *words,
            env={"PGHOST": ""} | own,
        )
        place = Place(tmp_path, {}, {"env": own})
        found = place.target(shlex.join(["psql", *words, "-c", "drop table x"]), "psql")

    database, _, host = told.stdout.strip("\n").partition(" ")
    assert (database, told.stderr) == (name, "")
    assert ("database", database) in found.parts
    assert ("host", host or "localhost") in found.parts
    assert found.label == "local"


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("curl -X DELETE https://api.example.com/v1/volumes/3f2a-77", ("id", "3f2a-77")),
        (
            "curl -X DELETE 'https://api.example.com/x?environment=production'",
            ("environment", "production"),
        ),
        (
            """curl https://api.example.com/x -X DELETE -d '{"env": "live", "volume_id": "v1"}'""",
            ("environment", "live"),
        ),
        (
            """curl https://api.example.com/x -X DELETE -d '{"env": "live", "volume_id": "v1"}'""",
            ("id", "v1"),
        ),
        (
            """curl https://backboard.railway.app/graphql/v2 -d '{"query":"mutation{volumeDelete(volumeId:\\"vol-9\\")}"}'""",
            ("id", "vol-9"),
        ),
        (
            """curl https://backboard.railway.app/graphql/v2 -d '{"query":"mutation($i:In!){variableUpsert(input:$i)}","variables":{"i":{"environmentId":"e-1"}}}'""",
            ("railway-environment", "e-1"),
        ),
        ("ssh web psql -c \"'drop table a'\" shop", ("ssh-host", "web")),
        (
            "psql -h db.example.com -d app -c 'drop table a'",
            ("dsn", "postgres://db.example.com/app"),
        ),
        ("rm -rf /srv/shop", ("path", "/srv/shop")),
    ],
)
def test_what_a_fact_says_itself_is_a_part_too(line, part, tmp_path):
    place = Place(tmp_path, {}, {})
    command = CommandLine(line, place.work, place.env)
    world = World(OsFiles(), GitProbe(), place.home, labels=Labels())
    seen = inspect_all(read(command), command, world, read)
    told = Targets(seen, command, world).facts(everything=True)
    assert any(part in fact.target.parts for _, fact in told), told


def test_what_is_found_out_changes_no_verdict_of_a_shipped_rule(tmp_path):
    """Files that the asker may write say where a tool goes: that lets nothing by that was asked about."""
    places = places_below(str(tmp_path))
    rules = load(places, cached=False)
    other = []
    for file in read_all(places, files(places)):
        for rule in file.rules:
            shown = file.examples[rule.id]
            world, env = world_of(shown, rules.grammars)
            world = world.labelled(Labels())
            for text in (*shown.catches, *shown.passes):
                line = CommandLine(text, PROJECT, {"HOME": HOME, **env})
                seen = inspect_all(read(line), line, world, read)
                of = Targets(seen, line, world).of
                plain, told = (
                    decide(
                        seen.but(
                            matches=match(rules, seen.reading, seen.facts, line, None, target_of)
                        )
                    )
                    for target_of in (fact_target, of)
                )
                other += [text] if plain.verdict is not told.verdict else []
    assert other == []
