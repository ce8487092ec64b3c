"""BEGIN … ROLLBACK: what psql is told to undo is undone by a real server, and nothing else is called so."""

import tomllib
from pathlib import Path

import pytest

from gatesh.model import SqlStatement
from tests.postgres import postgres  # noqa: F401

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/sql_undone.toml").read_text())


@pytest.mark.parametrize("row", TABLE["text"], ids=lambda row: row["sql"])
def test_text_is_told_as_the_table_says(row, inspector):
    found = inspector.only(SqlStatement, f"psql <<'E'\n{row['sql']};\nE")
    kinds = list(dict.fromkeys(row["kinds"]))
    assert list(dict.fromkeys(f.kind for f in found)) == kinds


@pytest.mark.parametrize("row", TABLE["text"], ids=lambda row: row["sql"])
def test_a_real_server_keeps_what_is_said_to_be_undone(row, postgres):  # noqa: F811
    with postgres.database() as name:
        postgres.psql(name, "create table t (id int); insert into t values (1)")
        postgres.run("psql", "-X", "-q", "-d", name, stdin=row["sql"] + ";")
        left = postgres.psql(name, "select count(*) from t").split()[-1]
    assert left == ("1" if row["server"] == "kept" else "0")
    if row["server"] == "lost":
        assert "undone" not in row["kinds"]


@pytest.mark.parametrize(
    "client", ["usql my://db.example.com/app -c", "mysql -h db.example.com -e"]
)
def test_where_a_server_may_not_undo_nothing_is_said_to_be(client, inspector):
    found = inspector.only(SqlStatement, f"{client} 'begin; drop table t; rollback'")
    assert "drop table" in [fact.kind for fact in found]
