"""Clients in Python code: clouds, databases, stores and other machines, told as their command lines.

A call is known by how its object came about, so that a `delete` of some other class says nothing.
Over 250 lines: one short function for each kind of client.
"""

from __future__ import annotations

import ast
import re

from gatesh.facts import amounts
from gatesh.facts.amounts import is_seen, unseen
from gatesh.facts.python_http import json_of, keyword_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts.python_call import Call
    from gatesh.facts.python_values import Module

# -- AWS ---------------------------------------------------------------------------------------------


def _boto(call: Call) -> Iterator[str]:
    """Tell `boto3.client('rds').delete_db_instance(DBInstanceIdentifier='x')` as aws would say it."""
    operation = call.name.rpartition(".")[2]
    made = call.module.origin(call.node.func, *_BOTO)
    if made is None or operation.startswith(("get_", "list_", "describe_", "head_", "_")):
        return
    service = call.module.values(made.args[0])[0] if made.args else unseen("service")
    words = ["aws", {"s3": "s3api"}.get(service, service), _kebab(operation)]
    for keyword in call.node.keywords:
        words += _parameter(call.module, keyword)
    session = call.module.origin(made.func, "boto3.Session", "boto3.session.Session")
    for option, name in _BOTO_OPTIONS:
        if given := keyword_of(call.module, made, name) or keyword_of(call.module, session, name):
            words += [option, given]
    yield amounts.command(*words)


def _parameter(module: Module, keyword: ast.keyword) -> list[str]:
    """Return `SkipFinalSnapshot=True` as the options of the aws program."""
    if keyword.arg is None:
        return [unseen("parameters")]
    name, value = _kebab(keyword.arg), keyword.value
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return [f"--{name}" if value.value else f"--no-{name}"]
    lists = module.items(value)
    if len(lists) == 1 and not any("{" in word or "[" in word for word in lists[0]):
        return [f"--{name}", *lists[0]]
    return [f"--{name}", json_of(module, value)]


def _resource(call: Call) -> Iterator[str]:
    """Tell `boto3.resource('s3').Bucket('x').objects.all().delete()` and its kind."""
    made = call.module.origin(call.node.func, *_RESOURCES)
    service = call.module.values(made.args[0])[0] if made and made.args else unseen("service")
    kind = re.search(r"\.([A-Z]\w*)\(\)", call.name.partition("resource()")[2])
    what = kind[1] if kind else "object"
    thing = call.module.origin(call.node.func, call.name.partition(f".{what}()")[0] + f".{what}")
    name = call.module.values(thing.args[0])[0] if thing and thing.args else unseen(what)
    if service == "s3" and re.search(r"objects|object_versions", call.name):
        yield amounts.command("aws", "s3", "rm", f"s3://{name}", "--recursive")
    elif service == "s3" and what == "Bucket":
        yield amounts.command("aws", "s3", "rb", f"s3://{name}")
    else:
        verb = call.name.rpartition(".")[2]
        plural = "s" if verb == "terminate" else ""
        key = "name" if service in ("dynamodb", "cloudformation", "iam") else "id"
        words = (f"{verb}-{_kebab(what)}{plural}", f"--{_kebab(what)}-{key}{plural}", name)
        yield amounts.command("aws", service, *words)


_BOTO = (
    "boto3.client", "boto3.Session().client", "boto3.session.Session().client",
    "botocore.session.get_session().create_client",
)  # fmt: skip
_RESOURCES = ("boto3.resource", "boto3.Session().resource", "boto3.session.Session().resource")
_BOTO_OPTIONS = (
    ("--region", "region_name"), ("--profile", "profile_name"), ("--endpoint-url", "endpoint_url"),
)  # fmt: skip


def _kebab(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower().replace("_", "-")


# -- databases ---------------------------------------------------------------------------------------

_MYSQL = ("pymysql.connect", "MySQLdb.connect", "mysql.connector.connect", "mariadb.connect")
_POSTGRES = ("psycopg.connect", "psycopg2.connect", "asyncpg.connect", "psycopg.Connection.connect",
             "psycopg.AsyncConnection.connect", "pg8000.connect", "asyncpg.create_pool")  # fmt: skip
_SQLITE = ("sqlite3.connect", "aiosqlite.connect", "sqlite3.dbapi2.connect")
_ENGINES = (
    "sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine", "databases.Database",
    "dataset.connect", "records.Database",
)  # fmt: skip
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:drop|truncate|delete|alter|update|grant|revoke|insert|create|replace"
    r"|merge|with|call|reindex|cluster|copy|rename|import\s+foreign|lock\s+table|select(?=\b[^(]*\())\b",
    re.IGNORECASE,
)


def _executes(call: Call) -> Iterator[str]:
    """Tell literal SQL; without a known connection it goes to a database that nobody knows."""
    texts = [
        t for t in call.texts(0, "query", "sql", "operation", "statement", "con") if _SQL.match(t)
    ]
    if not texts:
        return
    module = call.module
    for names, scheme in (
        (_SQLITE, "sqlite"),
        (_MYSQL, "mysql"),
        (_POSTGRES, "postgresql"),
        (_ENGINES, ""),
    ):
        made = module.origin(call.node.func, *names)
        if made is not None:
            yield from (amounts.statement(_database(module, made, scheme), sql) for sql in texts)
            return
    imported = {name.partition(".")[0] for name in (*module.imports.values(), *module.stars)}
    if imported & {"sqlite3", "aiosqlite"} and not imported & {"psycopg", "psycopg2", "sqlalchemy"}:
        yield from (amounts.statement("sqlite:///:memory:", sql) for sql in texts)
    elif imported & _DRIVERS:
        yield from (amounts.statement(unseen("database"), sql) for sql in texts)


_DRIVERS = frozenset(
    """
    psycopg psycopg2 psycopg_pool asyncpg aiopg pg8000 sqlalchemy sqlmodel flask_sqlalchemy django pymysql
    MySQLdb mysql mariadb aiomysql asyncmy databases records dataset peewee duckdb pyspark snowflake databricks
    trino
    clickhouse_connect clickhouse_driver oracledb cx_Oracle pyodbc pymssql cassandra redshift_connector
    """.split()
)


def _every_table(call: Call) -> Iterator[str]:
    """Tell `Base.metadata.drop_all(engine)`."""
    made = call.module.origin(call.argument(0, "bind", "engine") or call.node, *_ENGINES)
    database = _database(call.module, made, "") if made else unseen("database")
    yield amounts.statement(database, "DROP TABLE every_table_of_the_models")


def _models(call: Call) -> Iterator[str]:
    """Tell `User.objects.filter(…).delete()` and `session.query(User).delete()`."""
    name = re.search(r"(\w+)\.objects", call.name) or re.search(r"()\.query\(\)", call.name)
    restricted = re.search(r"\.(?:filter|filter_by|exclude|get|where)\(\)", call.name)
    table = (name[1] if name else "") or "rows_of_a_model"
    condition = " WHERE id = 7" if restricted else ""
    yield amounts.statement(unseen("database"), f"DELETE FROM {table.lower()}{condition}")  # noqa: S608  told, not run


def _database(module: Module, made: ast.Call, scheme: str) -> str:
    """Return a URL for what a connection is made to."""
    first = module.values(made.args[0])[0] if made.args else ""
    if scheme == "sqlite":
        return f"sqlite:///{first or keyword_of(module, made, 'database')}"
    if scheme == "":
        return first or keyword_of(module, made, "url", "name_or_url") or unseen("database")
    if first or any(k.arg in ("dsn", "conninfo") for k in made.keywords):
        dsn = first or keyword_of(module, made, "dsn", "conninfo")
        return dsn if scheme == "postgresql" else f"mysql://{dsn}/"
    host = keyword_of(module, made, "host") or ("localhost" if not made.keywords else "")
    name = keyword_of(module, made, "dbname", "database", "db")
    if any(k.arg is None for k in made.keywords):
        host = host or unseen("host")
    return f"{scheme}://{host}/{name}"


# -- stores, clusters and other machines -------------------------------------------------------------


def _made(call: Call, *names: str) -> ast.Call | None:
    return call.module.origin(call.node.func, *names)


_REDIS = ("redis.Redis", "redis.StrictRedis", "redis.asyncio.Redis", "redis.from_url", "redis.Redis.from_url",
          "redis.asyncio.from_url", "redis.cluster.RedisCluster", "redis.RedisCluster")  # fmt: skip


def _redis(call: Call) -> Iterator[str]:
    """Tell `redis.Redis(host='h').flushall()`."""
    made = _made(call, *_REDIS)
    verb = call.name.rpartition(".")[2]
    words = call.module.items(ast.List(call.node.args, ast.Load()))[0]
    verbs = words[:2] if verb == "execute_command" else [verb, *words]
    if made is not None and call.module.called(made.func).endswith("from_url"):
        where = ["-u", call.module.values(made.args[0])[0] if made.args else unseen("url")]
    else:
        first = call.module.values(made.args[0])[0] if made and made.args else ""
        where = ["-h", first or keyword_of(call.module, made, "host") or "localhost"]
    yield amounts.command("redis-cli", *where, *verbs)


_MONGO = ("pymongo.MongoClient", "pymongo.mongo_client.MongoClient", "motor.motor_asyncio.AsyncIOMotorClient",
          "pymongo.AsyncMongoClient")  # fmt: skip


def _mongo(call: Call) -> Iterator[str]:
    """Tell `MongoClient(url).a.t.delete_many({})`."""
    made = _made(call, *_MONGO)
    url = call.module.values(made.args[0])[0] if made and made.args else ""
    url = url or keyword_of(call.module, made, "host") or "mongodb://localhost"
    verb = call.name.rpartition(".")[2]
    name = call.text(0) if call.node.args else ""
    if verb in ("drop_database", "command"):
        said = "db.dropDatabase()" if "rop" in verb + name else ""
    elif verb in ("drop_collection", "drop"):
        said = "db.collection.drop()"
    else:
        what = call.argument(0, "filter")
        said = f"db.collection.deleteMany({json_of(call.module, what) if what else '{}'})"
    if said:
        yield amounts.command("mongosh", url, "--eval", said)


def _kubernetes(call: Call) -> Iterator[str]:
    """Tell `CoreV1Api().delete_namespaced_pod('p', 'n')`."""
    verb = call.name.rpartition(".")[2]
    found = re.fullmatch(r"delete_(collection_)?(namespaced_)?(\w+)", verb)
    if found is None:
        return
    kind = found[3].replace("_", "")
    words = ["kubectl", "delete", kind]
    words += ["--all"] if found[1] else [call.text(0, "name")]
    if found[2]:
        words += ["-n", call.text(0 if found[1] else 1, "namespace")]
    yield amounts.command(*words)


def _docker(call: Call) -> Iterator[str]:
    """Tell `docker.from_env().volumes.get('v').remove()`."""
    found = re.search(r"\.(volumes|containers|images|networks)\.(?:get\(\)\.)?(\w+)$", call.name)
    if found is None:
        return
    kind, verb = found[1][:-1], found[2]
    if verb == "prune":
        yield amounts.command("docker", kind, "prune", "-f")
        return
    thing = call.module.origin(call.node.func, call.name.rpartition("().")[0])
    name = (
        call.module.values(thing.args[0])[0]
        if thing and thing.args
        else call.text(0, "image", "name")
    )
    if verb == "remove":
        yield amounts.command("docker", kind, "rm", "-f", name)
    elif verb in ("exec_run", "run"):
        program = call.argument(0 if verb == "exec_run" else 1, "cmd", "command")
        lists = call.module.items(program) or [t.split() for t in call.module.values(program)]
        how = "exec" if verb == "exec_run" else "run"
        yield from (amounts.command("docker", how, name, *words) for words in lists if program)


def _remote(call: Call) -> Iterator[str]:
    """Tell `fabric.Connection('h').run('…')` and `paramiko.SSHClient().exec_command('…')`."""
    made = _made(call, "fabric.Connection", "fabric.connection.Connection")
    host = call.module.values(made.args[0])[0] if made and made.args else ""
    connected = [c for c in call.module.methods("connect") if c.args]
    if not host and connected:
        host = call.module.values(connected[0].args[0])[0]
    yield from (amounts.command("ssh", host or unseen("host"), t) for t in call.texts(0, "command"))


def _program(call: Call) -> Iterator[str]:
    """Tell `sh.rm('-rf', 'x')` and `plumbum.local['rm']('-rf', 'x')`."""
    name = call.name.rpartition(".")[2].removesuffix("[]")
    if isinstance(call.node.func, ast.Subscript):
        name = call.module.values(call.node.func.slice)[0]
    words = call.module.items(ast.List(call.node.args, ast.Load()))
    yield from (amounts.command(name, *w) for w in words if is_seen(name))


def _stripe(call: Call) -> Iterator[str]:
    """Tell `stripe.Customer.delete('c')`."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", call.name.split(".")[-2]).lower()
    deletes = call.name.endswith(".delete")
    path = f"{kind}s/{call.text(0, 'sid')}" if deletes else f"{kind}s"
    yield amounts.request("DELETE" if deletes else "POST", f"https://api.stripe.com/v1/{path}")


def _elastic(call: Call) -> Iterator[str]:
    """Tell `Elasticsearch(url).indices.delete(index='x')`."""
    made = _made(
        call,
        "elasticsearch.Elasticsearch",
        "elasticsearch.AsyncElasticsearch",
        "opensearchpy.OpenSearch",
    )
    given = made.args[0] if made and made.args else None
    lists = call.module.items(given)
    url = (
        lists[0][0]
        if lists and lists[0]
        else call.module.values(given)[0]
        if given
        else unseen("host")
    )
    yield amounts.request("DELETE", f"{url.rstrip('/')}/{call.text(0, 'index')}")


def _google(call: Call) -> Iterator[str]:
    """Tell `storage.Client().bucket('b').delete()` and `bigquery.Client().delete_dataset('d')`."""
    verb = call.name.rpartition(".")[2]
    if ".storage." in call.name:
        thing = call.module.origin(call.node.func, call.name.rpartition("().")[0])
        name = call.module.values(thing.args[0])[0] if thing and thing.args else unseen("bucket")
        yield amounts.command("gcloud", "storage", "rm", "-r", f"gs://{name}")
    elif ".bigquery." in call.name:
        yield amounts.command("bq", "rm", "-r" if "dataset" in verb else "-t", "-f", call.text(0))


def _django(call: Call) -> Iterator[str]:
    """Tell `call_command('flush')`."""
    if call.name.endswith("execute_from_command_line"):
        lists = [words[1:] for words in call.module.items(call.argument(0, "argv"))]
    else:
        lists = call.module.items(ast.List(call.node.args, ast.Load()))
    yield from (amounts.command("python3", "manage.py", *words) for words in lists)


def _foreign(call: Call) -> Iterator[str]:
    """Tell `ctypes.CDLL(None).system(b'…')`."""
    program = {"unlink": "rm", "remove": "rm", "rmdir": "rmdir"}.get(call.name.rpartition(".")[2])
    for text in call.texts(0):
        yield amounts.command(program, "--", text) if program else amounts.shell(text)


_BOTO_CLIENT = (
    r"(?:boto3(?:\.(?:session\.)?Session\(\))?\.client"
    r"|botocore\.session\.get_session\(\)\.create_client)"
)
METHODS: tuple[tuple[re.Pattern[str], Callable[[Call], Iterator[str]]], ...] = (
    (re.compile(rf"{_BOTO_CLIENT}\(\)\.\w+"), _boto),
    (re.compile(r"boto3(?:\.(?:session\.)?Session\(\))?\.resource\(\)\..*\.(?:delete|terminate)"), _resource),
    (re.compile(r"redis\..*\.(?:flushall|flushdb|shutdown|execute_command)"), _redis),
    (re.compile(r"(?:pymongo|motor)\..*\.(?:drop|drop_database|drop_collection|delete_many|command)"), _mongo),
    (re.compile(r"kubernetes(?:_asyncio)?\.client\..*Api\(\)\.delete_\w+"), _kubernetes),
    (re.compile(r"docker\.(?:from_env|DockerClient|client\.\w+)\(\)\.\w+\..*\w"), _docker),
    (re.compile(r"(?:fabric|paramiko)\..*\.(?:run|sudo|exec_command)"), _remote),
    (re.compile(r"(?:invoke\.(?:run|sudo)|invoke\.Context\(\)\.(?:run|sudo))"), _foreign),
    (re.compile(r"sh\.\w+|plumbum\.(?:cmd\.\w+|local\[\])"), _program),
    (re.compile(r"stripe\.(?:\w+\.delete|(?:Refund|Payout|Transfer)\.create)"), _stripe),
    (re.compile(r"(?:elasticsearch|opensearchpy)\..*\.indices\.delete"), _elastic),
    (re.compile(r"google\.cloud\.(?:storage|bigquery)\..*\.delete(?:_dataset|_table|_blobs)?"), _google),
    (re.compile(r"django\.core\.management\.(?:call_command|execute_from_command_line)"), _django),
    (re.compile(r"ctypes\..*\.(?:system|unlink|remove|rmdir)"), _foreign),
    (re.compile(r"(?:.*\.)?metadata\.drop_all|(?:.*\.)?db\.drop_all"), _every_table),
    (re.compile(r".*\w\.objects\..*delete|.*\.query\(\)(?:\..*)?\.delete"), _models),
    (re.compile(r".*\.(?:execute|executescript|executemany|exec_driver_sql|fetch|raw|read_sql|read_sql_query|sql)"),
     _executes),
)  # fmt: skip
