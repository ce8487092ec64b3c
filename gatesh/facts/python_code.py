"""Python code: the calls in it that destroy, send or start something, as shell lines.

The text is parsed, never run. A call is known by what it is called once imports and names are resolved, so
names in strings, comments and other modules' functions of the same name say nothing. `eval` of what is
not written down stays unseen.
"""

from __future__ import annotations

import ast
import re

from gatesh.facts import amounts
from gatesh.facts.amounts import is_seen, unseen
from gatesh.facts.python_values import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A text without any of these words calls nothing that is told: no need to parse it.
_WORTH = re.compile(
    r"rmtree|unlink|rmdir|remove|truncate|rename|replace|move|copy|system|popen|Popen|subprocess|spawn|exec"
    r"|getoutput|open|write_|request|httpx|urllib|urlopen|aiohttp|http\.client|boto|import_module|__import__|eval"
    r"|getattr|shutil|commands|pty|fabric|invoke|connect"
)
_INTERPRETERS = frozenset(("python3", "python", "node", "ruby", "perl", "bash", "sh"))
_MARK = "_unseen_by_gatesh_"
_NESTED = 3  # exec("…") inside exec("…")


def lines(
    text: str, path: str, cwd: str, arguments: tuple[str, ...], env: Mapping[str, str]
) -> list[str]:
    """Return what the text amounts to; raises SyntaxError and its kind where it is no Python."""
    if not _WORTH.search(text):
        return []
    return amounts.once(list(_lines(text, path, cwd, arguments, env, 0)))


def _lines(
    text: str, path: str, cwd: str, arguments: tuple[str, ...], env: Mapping[str, str], deep: int
) -> Iterator[str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in somebody's text
        tree = ast.parse(re.sub("\0\\w*\0", _MARK, text))
    module = Module(tree, path, cwd, arguments, env)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    moved = ""
    for node in calls:
        name = module.called(node.func)
        call = Call(module, node, name)
        if name == "os.chdir":
            moved = call.text(0)
        if name in ("exec", "eval") and deep < _NESTED:
            for code in call.texts(0):
                if is_seen(code):
                    try:
                        yield from _lines(code, path, cwd, arguments, env, deep + 1)
                    except (SyntaxError, ValueError):
                        continue
            continue
        for found in _amounts(call):
            line = found.replace(_MARK, "${unseen}")
            yield amounts.within(moved, line) if moved else line


class Call:
    """One call, its arguments as texts."""

    def __init__(self, module: Module, node: ast.Call, name: str) -> None:
        """Keep the call under the name that imports and bindings give it."""
        self.module, self.node, self.name = module, node, name

    def argument(self, at: int, *names: str) -> ast.expr | None:
        """Return an argument by place or by name."""
        if at < len(self.node.args) and not isinstance(self.node.args[at], ast.Starred):
            return self.node.args[at]
        return next((k.value for k in self.node.keywords if k.arg in names), None)

    def texts(self, at: int, *names: str) -> list[str]:
        """Return what an argument may be."""
        return self.module.values(self.argument(at, *names))

    def text(self, at: int, *names: str) -> str:
        """Return what an argument may be first of all."""
        return self.texts(at, *names)[0]

    def has(self, at: int, *names: str) -> bool:
        """Claim that an argument is given."""
        return self.argument(at, *names) is not None

    def owners(self) -> list[str]:
        """Return what the object may be that a method is called on."""
        function = self.node.func
        return self.module.values(function.value) if isinstance(function, ast.Attribute) else []

    def is_true(self, name: str) -> bool:
        """Claim that `name=True` is given, or something that may be true."""
        found = next((k.value for k in self.node.keywords if k.arg == name), None)
        return found is not None and not (isinstance(found, ast.Constant) and not found.value)


def _amounts(call: Call) -> Iterator[str]:
    """Yield what one call amounts to."""
    reader = _FUNCTIONS.get(call.name)
    if reader is not None:
        yield from reader(call)
        return
    for shape, method in _METHODS:
        if shape.fullmatch(call.name):
            yield from method(call)
            return


# -- files -------------------------------------------------------------------------------------------


def _deletes(*program: str) -> Callable[[Call], Iterator[str]]:
    def told(call: Call) -> Iterator[str]:
        for path in call.texts(0, "path"):
            yield amounts.command(*program, "--", path)

    return told


def _owner_deleted(call: Call) -> Iterator[str]:
    program = "rmdir" if call.name.endswith(".rmdir") else "rm"
    for path in call.owners():
        yield amounts.command(program, "--", path)


def _moves(call: Call) -> Iterator[str]:
    yield amounts.command("mv", "--", call.text(0, "src"), call.text(1, "dst"))


def _owner_moved(call: Call) -> Iterator[str]:
    for path in call.owners():
        yield amounts.command("mv", "--", path, call.text(0, "target"))


def _copies(call: Call) -> Iterator[str]:
    yield amounts.command("cp", "--", call.text(0, "src"), call.text(1, "dst"))


def _opens(call: Call) -> Iterator[str]:
    mode = call.text(1, "mode") if call.has(1, "mode") else "r"
    if is_seen(mode) and ("w" in mode or "+" in mode or "a" in mode):
        yield from (_written(path, "a" in mode) for path in call.texts(0, "file"))


def _owner_opened(call: Call) -> Iterator[str]:
    mode = call.text(0, "mode") if call.has(0, "mode") else "r"
    if is_seen(mode) and ("w" in mode or "a" in mode):
        yield from (_written(path, "a" in mode) for path in call.owners())


def _owner_written(call: Call) -> Iterator[str]:
    yield from (_written(path, False) for path in call.owners())


def _written(path: str, appended: bool) -> str:
    return amounts.line(f": {'>>' if appended else '>'} {amounts.quoted(path)}", path)


def _truncates(call: Call) -> Iterator[str]:
    yield amounts.command("truncate", "-s", "0", "--", call.text(0, "path"))


# -- programs ----------------------------------------------------------------------------------------


def _shells(call: Call) -> Iterator[str]:
    yield from _in_folder(call, [amounts.shell(text) for text in call.texts(0, "cmd", "command")
                                 if text.partition("\0")[0].strip()])  # fmt: skip


def _starts(call: Call) -> Iterator[str]:
    """Tell subprocess and its kind: a list of words, or a text, which is for a shell or is a program."""
    words = call.module.items(call.argument(0, "args", "cmd"))
    if words is not None:
        yield from _in_folder(call, _started(words))
    elif call.is_true("shell") or call.name.startswith("subprocess.get"):
        yield from _shells(call)
    else:
        for text in call.texts(0, "args", "cmd"):
            if is_seen(text) and text.split():
                yield from _in_folder(call, [amounts.command(text.split()[0])])


def _started(words: list[str]) -> list[str]:
    """Return the line for a list of words whose program is known; a script that is not says nothing."""
    if words and words[0].rpartition("/")[2] in _INTERPRETERS and not all(map(is_seen, words)):
        return []
    return [amounts.command(*words)] if words and words[0] and is_seen(words[0]) else []


def _in_folder(call: Call, found: list[str]) -> Iterator[str]:
    if call.has(99, "cwd"):
        found = [amounts.within(call.text(99, "cwd"), line) for line in found]
    yield from found


def _words(call: Call) -> Iterator[str]:
    """Tell `os.execvp(file, args)`, `os.spawnlp(mode, file, …)` and their kind."""
    rest = call.node.args[1:] if ".spawn" in call.name or "posix" in call.name else call.node.args
    if not rest:
        return
    program = call.module.values(rest[0])[0]
    if re.search(r"(exec|spawn)l", call.name) or call.name.endswith("subprocess_exec"):
        at = 1 if call.name.endswith("subprocess_exec") else 2
        words = [call.module.values(a)[0] for a in rest[at:] if not isinstance(a, ast.Starred)]
    else:
        words = (call.module.items(rest[1]) if rest[1:] else None) or [program]
        words = words[1:]
    yield from _started([program, *words])


# -- requests ----------------------------------------------------------------------------------------


def _requests(call: Call) -> Iterator[str]:
    """Tell requests, httpx, aiohttp: `delete(url)`, `request(method, url)`, and their sessions."""
    verb = call.name.rpartition(".")[2]
    at = 0
    method = verb.upper()
    if verb in ("request", "stream"):
        method, at = call.text(0, "method").upper(), 1
    if not is_seen(method):
        method = unseen("method")
    body = _body(call)
    client = call.module.origin(
        call.node.func, "httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession"
    )  # fmt: skip
    base = _keyword(call.module, client, "base_url")
    for url in call.texts(at, "url"):
        whole = base.rstrip("/") + "/" + url.lstrip("/") if base and "://" not in url else url
        yield amounts.request(method, whole, body)


def _body(call: Call) -> str | None:
    for name in ("json", "data", "content"):
        found = next((k.value for k in call.node.keywords if k.arg == name), None)
        if found is not None and not (isinstance(found, ast.Constant) and found.value is None):
            return _json(call.module, found)
    return None


def _json(module: Module, node: ast.expr) -> str:
    """Return the JSON that an expression becomes; parts that are not known are marked inside it."""
    import json

    def plain(part: ast.expr | None, deep: int) -> object:
        if isinstance(part, ast.Dict) and deep < 12:
            pairs = zip(part.keys, part.values, strict=False)
            return {module.values(k)[0]: plain(v, deep + 1) for k, v in pairs}
        if isinstance(part, ast.List | ast.Tuple) and deep < 12:
            return [plain(e, deep + 1) for e in part.elts]
        if isinstance(part, ast.Constant) and not isinstance(part.value, bytes):
            return part.value if not isinstance(part.value, complex) else None
        if isinstance(part, ast.Name) and deep < 12:
            bound = module.bound(part.id)
            if len(bound) == 1 and isinstance(bound[0], ast.Dict | ast.List):
                return plain(bound[0], deep + 1)
        return module.values(part)[0]

    if isinstance(node, ast.Call) and module.called(node.func) == "json.dumps" and node.args:
        return _json(module, node.args[0])
    found = plain(node, 0)
    if isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, default=str).replace("\\u0000", "\0")


def _keyword(module: Module, call: ast.Call | None, *names: str) -> str:
    """Return a keyword of another call, or an empty string."""
    found = next((k.value for k in call.keywords if k.arg in names), None) if call else None
    return module.values(found)[0] if found is not None else ""


def _urlopen(call: Call) -> Iterator[str]:
    if call.name.endswith("Request"):
        body = call.texts(1, "data")[0] if call.has(1, "data") else None
        method = call.text(5, "method") if call.has(5, "method") else "POST" if body else "GET"
    else:
        if call.module.origin(call.argument(0, "url") or call.node, "urllib.request.Request"):
            return  # told where the request is made
        body = call.texts(1, "data")[0] if call.has(1, "data") else None
        method = "POST" if body else "GET"
    yield from (amounts.request(method, url, body) for url in call.texts(0, "url"))


def _connection(call: Call) -> Iterator[str]:
    """Tell `http.client.HTTPSConnection(host).request(method, path, body)`."""
    made = ("http.client.HTTPSConnection", "http.client.HTTPConnection")
    client = call.module.origin(call.node.func, *made)
    host = call.module.values(client.args[0])[0] if client and client.args else unseen("host")
    scheme = "https" if "HTTPSConnection" in call.name else "http"
    body = call.text(2, "body") if call.has(2, "body") else None
    yield amounts.request(call.text(0, "method"), f"{scheme}://{host}{call.text(1, 'url')}", body)


# -- AWS ---------------------------------------------------------------------------------------------


def _boto(call: Call) -> Iterator[str]:
    """Tell `boto3.client('rds').delete_db_instance(DBInstanceIdentifier='x')` as aws would say it."""
    operation = call.name.rpartition(".")[2]
    made = call.module.origin(call.node.func, *_BOTO)
    if made is None or operation.startswith(("get_", "list_", "describe_", "head_", "_")):
        return
    service = call.module.values(made.args[0])[0] if made.args else unseen("service")
    words = ["aws", service, _kebab(operation)]
    for keyword in call.node.keywords:
        if keyword.arg is None:
            words.append(unseen("parameters"))
        else:
            words += [f"--{_kebab(keyword.arg)}", _json(call.module, keyword.value)]
    for option, name in _BOTO_OPTIONS:
        if given := _keyword(call.module, made, name):
            words += [option, given]
    yield amounts.command(*words)


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
        words = (f"{verb}-{_kebab(what)}{plural}", f"--{_kebab(what)}-id{plural}", name)
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
    r"|merge|with)\b",
    re.IGNORECASE,
)


def _executes(call: Call) -> Iterator[str]:
    """Tell literal SQL; without a known connection it goes to a database that nobody knows."""
    texts = [t for t in call.texts(0, "query", "sql", "operation", "statement") if _SQL.match(t)]
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
    imported = {name.partition(".")[0] for name in module.imports.values()}
    if imported & {"sqlite3", "aiosqlite"} and not imported & {"psycopg", "psycopg2", "sqlalchemy"}:
        yield from (amounts.statement("sqlite:///:memory:", sql) for sql in texts)
    elif imported & {
        "psycopg",
        "psycopg2",
        "asyncpg",
        "sqlalchemy",
        "django",
        "pymysql",
        "MySQLdb",
        "mysql",
    }:
        yield from (amounts.statement(unseen("database"), sql) for sql in texts)


def _database(module: Module, made: ast.Call, scheme: str) -> str:
    """Return a URL for what a connection is made to."""
    first = module.values(made.args[0])[0] if made.args else ""
    if scheme == "sqlite":
        return f"sqlite:///{first or _keyword(module, made, 'database')}"
    if scheme == "":
        return first or _keyword(module, made, "url", "name_or_url") or unseen("database")
    if first or any(k.arg in ("dsn", "conninfo") for k in made.keywords):
        dsn = first or _keyword(module, made, "dsn", "conninfo")
        return dsn if scheme == "postgresql" else f"mysql://{dsn}/"
    host = _keyword(module, made, "host") or ("localhost" if not made.keywords else "")
    name = _keyword(module, made, "dbname", "database", "db")
    if any(k.arg is None for k in made.keywords):
        host = host or unseen("host")
    return f"{scheme}://{host}/{name}"


_CLIENT = r"(?:\.(?:Session|session|Client|AsyncClient|ClientSession)\(\))?"
_VERB = r"(?:get|post|put|patch|delete|request|stream)"
_BOTO_CLIENT = (
    r"(?:boto3(?:\.(?:session\.)?Session\(\))?\.client"
    r"|botocore\.session\.get_session\(\)\.create_client)"
)
_METHODS: tuple[tuple[re.Pattern[str], Callable[[Call], Iterator[str]]], ...] = (
    (re.compile(r"pathlib\..*\.(?:unlink|rmdir)"), _owner_deleted),
    (re.compile(r"pathlib\..*\.(?:rename|replace)"), _owner_moved),
    (re.compile(r"pathlib\..*\.open"), _owner_opened),
    (re.compile(r"pathlib\..*\.write_(?:text|bytes)"), _owner_written),
    (re.compile(rf"(?:requests|httpx|aiohttp){_CLIENT}\.{_VERB}"), _requests),
    (re.compile(r"requests\.sessions\.Session\(\)\.(?:get|post|put|patch|delete|request)"), _requests),
    (re.compile(r"urllib3\.PoolManager\(\)\.(?:request|urlopen)"), _requests),
    (re.compile(r"http\.client\.HTTPS?Connection\(\)\.request"), _connection),
    (re.compile(rf"{_BOTO_CLIENT}\(\)\.\w+"), _boto),
    (re.compile(r"boto3(?:\.(?:session\.)?Session\(\))?\.resource\(\)\..*\.(?:delete|terminate)"), _resource),
    (re.compile(r"os\.(?:exec|spawn|posix_spawn)\w*"), _words),
    (re.compile(r".*\.(?:execute|executescript|executemany|exec_driver_sql|fetch|raw)"), _executes),
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[[Call], Iterator[str]]] = {
    "shutil.rmtree": _deletes("rm", "-rf"),
    "os.remove": _deletes("rm"),
    "os.unlink": _deletes("rm"),
    "os.rmdir": _deletes("rmdir"),
    "os.removedirs": _deletes("rmdir"),
    "os.truncate": _truncates,
    **dict.fromkeys(("os.rename", "os.replace", "os.renames", "shutil.move"), _moves),
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile"), _copies),
    **dict.fromkeys(("open", "io.open", "codecs.open", "builtins.open"), _opens),
    **dict.fromkeys(("os.system", "os.popen", "asyncio.create_subprocess_shell"), _shells),
    **dict.fromkeys(
        (
            "subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call",
            "subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn",
        ),
        _starts,
    ),
    "asyncio.create_subprocess_exec": _words,
    "urllib.request.urlopen": _urlopen,
    "urllib.request.Request": _urlopen,
}  # fmt: skip
