"""Database clients: which statements they would run and where, and psql itself as a witness."""

import pathlib
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.facts import World, inspect
from gatesh.facts.sql import psql, statements
from gatesh.model import CommandLine, Parsed, SimpleCommand, Span, SqlStatement, Word
from gatesh.run.look import GitProbe, OsFiles
from gatesh.shell.read import read
from tests.postgres import postgres  # noqa: F401

TABLE = tomllib.loads(
    (pathlib.Path(__file__).parents[1] / "data" / "facts" / "psql.toml").read_text()
)


@pytest.fixture
def folder(tmp_path):
    for name, content in TABLE["files"].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def sql(line, folder, env=None):
    """Return the SQL facts of a whole command line."""
    submitted = CommandLine(line, str(folder), {"HOME": str(folder)} | (env or {}))
    reading = read(submitted)
    assert isinstance(reading, Parsed)
    world = World(OsFiles(), GitProbe(), str(folder))
    facts = [
        fact
        for index, command in enumerate(reading.commands)
        for fact in inspect(command, submitted, world, reading.commands[:index])
    ]
    return [fact for fact in facts if isinstance(fact, SqlStatement)]


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:60])
def test_line_is_told_as_the_table_says(row, folder):
    facts = sql(row["line"].strip(), folder)
    found = [
        [f.kind, f.target.name.replace(str(folder), "/work"), f.target.locality.value]
        for f in facts
    ]
    assert found == row["facts"]
    hidden = {what for fact in facts for what in fact.cannot_see if fact.kind != "interactive"}
    hidden -= {"what a query writes"}
    assert hidden == ({row["hidden"]} if "hidden" in row else set())


def test_a_start_up_file_that_destroys_is_seen(folder):
    (folder / ".psqlrc").write_text("\\set QUIET 1\nselect 1;\ndrop table a;\n")
    assert [f.kind for f in sql("psql -c 'select 2'", folder)] == ["drop table", "select"]
    assert [f.kind for f in sql("psql -X -c 'select 2'", folder)] == ["select"]


def test_a_start_up_file_for_one_version_is_seen(folder):
    (folder / ".psqlrc-15").write_text("drop table a;\n")
    assert [f.kind for f in sql("psql -c 'select 2'", folder)] == ["drop table", "select"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=st.text(alphabet="\\\\'\"`$:;| \n\rgixcopy!set-/*(){}=E", max_size=60))
def test_no_script_is_without_an_answer(script, folder):
    command = SimpleCommand((Word("psql", Span(0, 0)),), Span(0, 0), stdin=Word(script, Span(0, 0)))
    world = World(OsFiles(), GitProbe(), str(folder))
    list(psql(command, CommandLine("psql", str(folder), {}), world))


def test_a_password_is_not_in_the_target(folder):
    for line in ("psql postgres://u:hunter2@$HOST/app", "psql 'host=x password=hunter2'"):
        for fact in sql(line, folder):
            assert "hunter2" not in repr(fact.target)


SCRIPTS = [
    "select 1; drop table if exists a",
    "select 1 \\; drop table if exists a;",
    "select ';' as \"a;b\", $x$;$x$ /* ; */ -- ;\n;\ndrop table if exists a;",
    "\\set v 'drop table if exists a'\n:v ; select :'v' ; select 1 as :\"v\" ;",
    "select E'a'\n'\\'; select '; drop table if exists a; --'\n;",
    "drop table if exists \\echo hi\n a;\nselect 2;",
    "\\t \\\\ drop table if exists a; \\a \\\\ drop table if exists b;",
    "select 'a\\';\ndrop table if exists a;",
    "create temp table c (a int);\ncopy c from stdin;\n1\n2\n\\.\ndrop table if exists a;",
    "copy nowhere from stdin;\ndrop table if exists a;\n\\.\nselect 2;",
    "select '\\! x'; drop table if exists a;",
    "select 1\r; drop table if exists a -- x\r;\n;",
    "\\set a '1; drop table if exists a'\nselect :a;",
    "\\set x drop\n\\set y table\n:x :y if exists a;",
    "\\if true\ndrop table if exists a;\n\\endif",
    "select 1;;; drop table if exists a",
    "select (1;\n2); drop table if exists a;",
    "create table if not exists q (a int default 1); drop table if exists q;",
    "create function pg_temp.f() returns int begin atomic select 1; select 2; end; drop table if exists a;",
    "\\set x 'select 1; --'\n:x\ndrop table if exists a;",
    "select :{?x}; drop table if exists a;",
    "select '{1}'::int[], '12:30'::time, (array[1,2])[1:2]; drop table if exists a;",
]


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_psql_sends_nothing_that_was_not_seen(script, postgres, folder):  # noqa: F811
    """psql -e echoes what it sends; every statement in it must be among those that were told."""
    file = folder / "script.sql"
    file.write_bytes(script.encode())
    done = postgres.run("psql", "-X", "-e", "-q", "-o", "/dev/null", "-f", str(file), "postgres")
    sent = {(s.kind, s.tables, s.restricts) for s in statements(done.stdout.replace("hi\n", ""))}
    facts = sql(f"psql -X -f {file}", folder)
    told = {(f.kind, f.tables, f.restricts) for f in facts}
    assert sent
    assert sent <= told or any(f.cannot_see for f in facts)
