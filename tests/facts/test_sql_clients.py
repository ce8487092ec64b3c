"""SQL clients besides psql and mysql, as a table says, and a real sqlite3 as witness of what its dots run."""

import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from gatesh.facts.sql_tsql import batches
from gatesh.model import SqlStatement

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/sql_clients.toml").read_text())


@pytest.fixture
def told(inspector, tmp_path):
    for name, content in TABLE["files"].items():
        (tmp_path / name).write_text(content)
    return lambda line: inspector.only(SqlStatement, line)


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:70])
def test_line_is_told_as_the_table_says(row, told, tmp_path):
    found = [
        [f.kind, f.target.name.replace(str(tmp_path), "/work"), f.target.locality.value]
        for f in told(row["line"].strip())
    ]
    assert found == row["facts"]


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:70])
def test_no_client_is_local_inside_a_container(row, told):
    if row["line"].startswith("("):
        pytest.skip("no program takes a group")
    facts = told(f"docker exec -i box {row['line'].strip()}")
    assert not [fact for fact in facts if fact.target.locality.value == "local"]


def test_a_where_in_sql_server_is_read():
    assert [s.restricts for s in batches("delete users where id = 7")] == [True]
    assert [s.restricts for s in batches("delete users")] == [False]
    assert [
        s.restricts for s in batches("update t set a = case when 1=1 then 2 end where id = 7")
    ] == [True]


RUNNING = [
    ".shell touch ran", ".sh touch ran", ".system touch ran", ".sys touch ran", ".read ran.sql",
    ".import '|touch ran' t", ".once '|touch ran'\nselect 1;", ".output '|touch ran'\nselect 1;",
    ".read '|touch ran'",
]  # fmt: skip


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="sqlite3 is not installed")
@pytest.mark.parametrize("text", RUNNING)
def test_what_a_real_sqlite_runs_is_a_shell_escape(text, told, tmp_path):
    (tmp_path / "ran.sql").write_text(".shell touch ran\n")
    subprocess.run(
        ["sqlite3", "x.db"], input=text, text=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, check=False,
        capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "ran").exists()
    found = told(f"sqlite3 x.db <<'E'\n{text}\nE")
    assert "shell escape" in [fact.kind for fact in found]


def test_the_start_up_file_of_sqlite_is_read(told, tmp_path):
    (tmp_path / ".sqliterc").write_text(".headers on\n.shell rm x\n")
    assert [f.kind for f in told("sqlite3 x.db 'select 1'")] == ["shell escape", "select"]
    assert [f.kind for f in told("sqlite3 -init drop.sql x.db")] == ["drop table"]


def test_a_statement_that_never_ends_takes_no_time(told):
    began = time.process_time()
    facts = told("sqlite3 x.db <<'E'\nselect '\n" + ".x\n" * 20_000 + "E")
    assert time.process_time() - began < 2
    assert [fact.kind for fact in facts] == ["unknown"]
