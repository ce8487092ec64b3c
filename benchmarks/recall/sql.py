"""SQL statements of each of the catalogue's classes, as they reach a remote database."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall.case import Case, pick
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.recall.requests import Spelled

_WRITTEN = Path(__file__).with_name("sql.toml")
_HOST = "db.prod.example.com"


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield every statement by psql's -c, by six other ways into psql, and by other clients."""
    classes = catalogue["classes"]
    for written in tomllib.loads(_WRITTEN.read_text())["class"]:
        about = next(one for one in classes if one["stmt"].startswith(written["of"]))
        severity = written.get("severity", about["severity"])
        mysql = written.get("mysql", [])
        for statement in [*written.get("any", ()), *written.get("statements", ()), *mysql]:
            case = Case(
                "sql", statement, about["cls"], severity, "",
                harmless=written.get("harmless", False),
            )  # fmt: skip
            everywhere = statement in written.get("any", ())
            clients = written.get("only") or (["mysql"] if everywhere or statement in mysql else [])
            postgres = "only" not in written and statement not in mysql
            yield from _spelled(case, statement, clients, postgres=postgres)


def _spelled(case: Case, statement: str, clients: list[str], *, postgres: bool) -> Iterator[Case]:
    if postgres:
        first = case.spelled("plain", f'psql "$DATABASE_URL" -c {_quoted(statement)}')
        yield first
        yield from wrapped(first, 1)
        for name in pick(statement, list(_PSQL), 7):
            yield case.spelled(name, *_PSQL[name](statement))
    for client in clients:
        for at, spelled in enumerate(_CLIENTS[client]):
            plain = not at and not postgres
            yield case.spelled("plain" if plain else client, *spelled(statement))


def _quoted(statement: str) -> str:
    if any(mark in statement for mark in '"$`\\!'):
        return shlex.quote(statement)
    return f'"{statement}"'


def _file(statement: str) -> dict[str, str]:
    return {"fix.sql": f"-- one-off fix\nSET statement_timeout = 0;\n{statement};\n"}


def _python(statement: str) -> str:
    return (
        "import os, psycopg2\n"
        'conn = psycopg2.connect(os.environ["DATABASE_URL"])\n'
        f"cur = conn.cursor()\ncur.execute({statement!r})\nconn.commit()\n"
    )


_PSQL: dict[str, Callable[[str], Spelled]] = {
    "psql cluster": lambda sql: (f"psql -h {_HOST} -U app -d prod -Atqc {_quoted(sql)}", {}),
    "psql --command=": lambda sql: (
        f"psql --host={_HOST} --dbname=prod --no-psqlrc --command={_quoted(sql + ';')}", {},
    ),
    "psql, connection last": lambda sql: (
        f"psql -X -v ON_ERROR_STOP=1 -c {_quoted(sql)} postgresql://app@{_HOST}/prod", {},
    ),
    "psql -f": lambda sql: ('psql "$DATABASE_URL" -1 -f fix.sql', _file(sql)),
    "psql < file": lambda sql: ('psql "$DATABASE_URL" < fix.sql', _file(sql)),
    "cat | psql": lambda sql: (f"cat fix.sql | psql -h {_HOST} prod", _file(sql)),
    "psql, here-document": lambda sql: (f"psql \"$DATABASE_URL\" <<'SQL'\n\\timing on\n{sql};\nSQL", {}),
    "psql, here-string": lambda sql: (f'psql "$DATABASE_URL" <<< {_quoted(sql)}', {}),
    "echo | psql": lambda sql: (f"echo {_quoted(sql + ';')} | psql -h {_HOST} prod", {}),
    "printf | psql": lambda sql: (f"printf '%s;\\n' {_quoted(sql)} | psql \"$DATABASE_URL\"", {}),
    "PGHOST": lambda sql: (f"PGHOST={_HOST} PGDATABASE=prod psql -c {_quoted(sql)}", {}),
    "docker exec": lambda sql: (f"docker exec -i prod-db psql -U postgres -d prod -c {_quoted(sql)}", {}),
    "docker exec, here-document": lambda sql: (
        f"docker exec -i prod-db psql -U postgres prod <<'SQL'\n{sql};\nSQL", {},
    ),
    "compose exec": lambda sql: (f"docker compose exec -T db psql -U postgres -c {_quoted(sql)}", {}),
    "kubectl exec": lambda sql: (
        f"kubectl exec -n prod -it postgres-0 -- psql -U postgres -c {_quoted(sql)}", {},
    ),
    "ssh": lambda sql: (f"ssh deploy@{_HOST} {shlex.quote('psql prod -c ' + _quoted(sql))}", {}),
    "heroku": lambda sql: (f"heroku pg:psql -a webapp -c {_quoted(sql)}", {}),
    "railway run": lambda sql: (
        "railway run sh -c " + shlex.quote('psql "$DATABASE_URL" -c ' + shlex.quote(sql)), {},
    ),
    "psycopg": lambda sql: (f"python3 - <<'PY'\n{_python(sql)}PY", {}),
    "psycopg, script": lambda sql: ("python3 fix.py", {"fix.py": _python(sql)}),
    "two statements": lambda sql: (f'psql "$DATABASE_URL" -c "SELECT 1" -c {_quoted(sql)}', {}),
    "lower case, in a transaction": lambda sql: (
        f'psql "$DATABASE_URL" -c {_quoted("begin; " + sql + "; commit")}'
        if not sql.startswith(("BEGIN", "VACUUM")) else f'psql "$DATABASE_URL" -c {_quoted(sql)}', {},
    ),
}  # fmt: skip
_CLIENTS: dict[str, tuple[Callable[[str], Spelled], ...]] = {
    "mysql": (
        lambda sql: (f"mysql -h {_HOST} -u app prod -e {_quoted(sql)}", {}),
        lambda sql: (f"mysql --host={_HOST} prod < fix.sql", {"fix.sql": sql + ";\n"}),
        lambda sql: (f"echo {_quoted(sql)} | mariadb -h {_HOST} prod", {}),
    ),
    "snowsql": (lambda sql: (f"snowsql -a acme -q {_quoted(sql)}", {}),),
    "bq": (lambda sql: (f"bq query --use_legacy_sql=false {_quoted(sql)}", {}),),
    "duckdb": (lambda sql: (f"duckdb prod.duckdb -c {_quoted(sql)}", {}),),
    "clickhouse": (
        lambda sql: (f"clickhouse-client --host ch.prod.example.com -q {_quoted(sql)}", {}),
    ),
}
