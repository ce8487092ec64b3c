"""SQL: what the classifier says, checked against a table and against a real PostgreSQL."""

import pathlib
import random
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatesh.facts.sql import statements
from gatesh.facts.sql_functions import effect
from gatesh.facts.sql_scan import Scanner
from tests.facts.conditions import ROWS as ROWS_OF_CONDITIONS
from tests.facts.conditions import condition
from tests.postgres import postgres  # noqa: F401

TABLE = pathlib.Path(__file__).parents[1] / "data" / "facts" / "sql.toml"
ROWS = tomllib.loads(TABLE.read_text())["statement"]
EXECUTED = [row for row in ROWS if "server" in row]

# Kinds that a rule may let by without a look: whatever else a statement is told as counts as destroying.
HARMLESS = {
    "select", "explain", "insert", "transaction", "set", "show", "create table", "create index", "create view",
    "create function", "select into", "copy to", "lock table", "comment", "listen",
}  # fmt: skip
NOT_OF_ROWS = {"alter table disable row level security", "alter table disable trigger"}

SCHEMA = """
create role scratch_role;
create table t (id int primary key, name text, a int, active boolean, created timestamptz, data jsonb, tags text[]);
insert into t values
  (1, 'one', null, true, '2020-01-01', '{"k": "v"}', '{x}'), (2, 'two', 2, false, '2021-02-02', '{}', '{}'),
  (3, 'three', 3, true, '2022-03-03', '{}', '{}'), (4, 'four', 4, true, '2023-04-04', '{}', '{y}'), (5, 'five', 5, true, now(), '{}', '{}');
create table u (id int primary key, t_id int, email text);
insert into u values (1, 1, 'a@x'), (2, 2, 'b@x');
create index u_email on u (email);
create table o (id int);
insert into o values (1);
create view v as select 1 as n;
create materialized view mv as select 1 as n;
create sequence s;
create type mood as enum ('ok');
create function wipe() returns int language plpgsql as $$ begin delete from t; return 1; end $$;
create procedure p() language plpgsql as $$ begin delete from t; end $$;
create function nothing() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before insert on u for each row execute function nothing();
create table scratch_owned (id int);
alter table scratch_owned owner to scratch_role;
create schema probe;
create function probe.seen() returns setof text language plpgsql as $$
declare name text;
begin
  for name in select c.relname from pg_class c where c.relnamespace = to_regnamespace('public')
              and c.relkind in ('r', 'p') order by 1 loop
    return query execute format('select %L || t::text from public.%I t', 'row ' || name || ' ', name);
  end loop;
  return query select 'class ' || c.oid || c.relname from pg_class c where relnamespace = to_regnamespace('public');
  return query select 'column ' || attrelid || attname from pg_attribute a join pg_class c on c.oid = attrelid
    where attnum > 0 and not attisdropped and relnamespace = to_regnamespace('public');
  return query select 'proc ' || oid from pg_proc where pronamespace = to_regnamespace('public');
  return query select 'type ' || oid from pg_type where typnamespace = to_regnamespace('public');
  return query select 'trigger ' || oid from pg_trigger;
  return query select 'schema ' || nspname from pg_namespace where nspname not like 'pg_%';
end $$;
"""


def told(text, dialect="postgres"):
    return statements(text, dialect)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["sql"][:60])
def test_statement_is_told_as_the_table_says(row):
    found = told(row["sql"], row.get("dialect", "postgres"))
    assert [s.kind for s in found] == row["kinds"]
    if "restricts" in row:
        assert found[0].restricts is row["restricts"]
    if "tables" in row:
        assert list(found[0].tables) == row["tables"]


@pytest.fixture(scope="module")
def scratch(postgres):  # noqa: F811
    with postgres.database() as name:
        postgres.psql(name, SCHEMA)
        yield postgres, name
        postgres.psql(name, "drop owned by scratch_role; drop role scratch_role")


def run(scratch, text):
    """Run one text in a transaction and return what was there before, and after it."""
    server, name = scratch
    seen = "select line from probe.seen() as line"
    out = server.psql(
        name, "begin", seen, "select '--before--'", text, "select '--after--'", seen, "rollback"
    )
    before, rest = out.split("--before--\n", 1)
    after = rest.rsplit("--after--\n", 1)[1]
    return set(before.splitlines()), set(after.splitlines())


@pytest.mark.parametrize("row", EXECUTED, ids=lambda row: row["sql"][:60])
def test_a_real_server_does_what_the_classifier_says(scratch, row):
    before, after = run(scratch, row["sql"])
    lost = before - after
    assert ("lost" if lost else "kept") == row["server"]
    found = told(row["sql"])
    if lost:
        assert not {s.kind for s in found} <= HARMLESS | NOT_OF_ROWS
    else:
        assert {s.kind for s in found} <= HARMLESS | NOT_OF_ROWS
    rows_of_t = {line for line in before if line.startswith("row t ")}
    if row.get("whole"):
        assert rows_of_t <= lost
        assert found[0].restricts is False
    elif row.get("whole") is False:
        assert not rows_of_t <= lost


@pytest.mark.parametrize("seed", range(3))
def test_no_condition_that_holds_for_every_row_is_said_to_restrict(scratch, seed):
    """A real server counts the rows of random conditions, `id + 0 >= coalesce(a, id)` and the like."""
    server, name = scratch
    drawn = [condition(random.Random(seed * 1000 + i)) for i in range(500)]
    counts = "".join(f"select {i}, count(*) from t where {c};\n" for i, c in enumerate(drawn))
    done = server.run("psql", "-X", "-qAt", "-d", name, stdin=ROWS_OF_CONDITIONS + counts)
    held = dict(line.split("|") for line in done.stdout.splitlines())
    everything = [drawn[int(i)] for i, count in held.items() if count == "7"]
    assert len(held) > 450
    assert len(everything) > 50
    for found in everything:
        assert told(f"delete from t where {found}")[0].restricts is False, found


def test_every_function_called_harmless_is_stable_on_a_real_server(scratch):
    """A volatile function may write; those on the list were looked at one by one."""
    server, name = scratch
    looked_at = set(
        """
        clock_timestamp current_query currval gen_random_uuid json_populate_recordset lastval random timeofday
        txid_status pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock pg_try_advisory_lock
        pg_try_advisory_xact_lock pg_blocking_pids pg_control_checkpoint pg_control_system pg_current_logfile
        pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_size
        pg_get_backend_memory_contexts pg_get_multixact_members pg_get_shmem_allocations
        pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_indexes_size pg_is_in_recovery
        pg_is_wal_replay_paused pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
        pg_lock_status pg_partition_ancestors pg_partition_tree pg_relation_size pg_sequence_last_value pg_sleep
        pg_sleep_for pg_table_size pg_tablespace_size pg_total_relation_size pg_xact_commit_timestamp
        """.split()
    )
    listed = server.psql(
        name,
        "select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v'",
    ).split()
    harmless = {f for f in listed if effect(f, "") == "" and not f.startswith("pg_stat_get_")}
    assert len(listed) > 150
    assert harmless <= looked_at


def test_a_plain_query_does_not_import_the_parser():
    code = (
        "import sys; from gatesh.facts.sql import statements\n"
        "statements('select 1; insert into t values (1); drop table x; begin; explain delete from t')\n"
        "sys.exit('sqlglot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)


def test_text_that_is_too_long_is_not_read():
    (only,) = told("select 1;" * 30_000)
    assert (only.kind, only.cannot_see) == ("unknown", ("statements: too long",))


def test_many_statements_that_need_the_parser_end_in_unknown():
    found = told("delete from t where id = 1;" * 600)
    assert found[0].restricts is True
    assert found[-1].kind == "unknown"


@pytest.mark.parametrize("depth", [200, 5_000])
def test_deep_brackets_are_never_a_yes(depth):
    found = told("delete from t where " + "(" * depth + "1=1" + ")" * depth)
    assert [(s.kind, s.restricts) for s in found] == [("delete", False)]


SOUP = st.lists(
    st.sampled_from(
        "select delete from t where id = 1 ( ) , ; ' \" $$ $q$ -- /* */ /*! # \\ \\g \\! : :x :'x' :: E' U&' with as "
        "insert into values update set explain analyze drop table or and not null like '%' is in copy stdin \n \r "
        "` [ ] merge using on when matched then returning exists case end . * / % || ~ 1 1.5 x'".split(
            " "
        )
    ),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(
    words=SOUP,
    dialect=st.sampled_from(["postgres", "mysql", "sqlite"]),
    gap=st.sampled_from([" ", ""]),
)
def test_no_text_is_without_an_answer(words, dialect, gap):
    text = gap.join(words)
    for statement in told(text, dialect):
        assert statement.kind


@settings(max_examples=300, deadline=None)
@given(words=SOUP)
def test_a_statement_behind_a_finished_text_is_always_seen(words):
    """Whatever stands in front, if it leaves nothing open, cannot hide what follows."""
    text = " ".join(words)
    unfinished = Scanner(text + "\n", "postgres")
    while (token := unfinished.next()) is not None:
        if token.kind == "broken":
            return
    assert told(text + "\n;drop table hidden")[-1].kind == "drop table"
