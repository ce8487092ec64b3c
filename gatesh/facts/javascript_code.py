"""JavaScript and TypeScript code: the calls in it that destroy, send or start something, as shell lines.

A call is known by what it is called once imports, destructured names and aliases are resolved.
Longer than 400 lines: one short function for each kind of call.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts import amounts
from gatesh.facts.amounts import is_seen, unseen
from gatesh.facts.javascript_values import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gatesh.facts.javascript import Node

# A text without any of these words calls nothing that is told: no need to read it.
_WORTH = re.compile(
    r"rm|connect|createConnection|unlink|ClientRequest|Worker|rimraf|remove|emptyDir|exec|spawn|fetch|axios|got|ky|request|query|write|Write|truncate|Bun|Deno|\bdel\b|eval|Function"
    r"|rename|copy|open|delete|drop|flush|Delete|Drop|Flush|sql|\\u|\\x|\$`|\['|\[\"|\[`|require|import"
)
_ROUGH = re.compile(
    r"\b(?:rm|rmdir|unlink|remove|emptyDir|truncate|writeFile)Sync\b|fs\.(?:promises\.)?(?:rm|unlink|rmdir)\b|child_process"
    r"|rimraf|\b(?:DROP|TRUNCATE|DELETE FROM)\b|['\"]DELETE['\"]|\beval\b"
)
_NESTED = 3  # eval("…") inside eval("…")


class Given(Value):
    """A call with the script it stands in."""

    script: Script
    node: Node
    name: str
    arguments: list[Node]

    def text(self, at: int) -> str:
        """Return what an argument may be first of all."""
        return self.texts(at)[0]

    def texts(self, at: int) -> list[str]:
        """Return what an argument may be."""
        return self.script.values(self.argument(at))

    def argument(self, at: int) -> Node | None:
        """Return an argument."""
        return self.arguments[at] if at < len(self.arguments) else None

    def said(self, at: int, *names: str) -> str:
        """Return an option among the properties of an argument; an empty string where there is none."""
        found = self.script.option(self.argument(at), *names)
        return self.script.values(found)[0] if found is not None else ""

    def is_on(self, at: int, name: str) -> bool:
        """Claim that an option is given, and not as false."""
        found = self.script.option(self.argument(at), name)
        return found is not None and not (found.kind == "name" and found.text == "false")


class Read(Value):
    """What one text amounts to, and the files that it imports."""

    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()


def read(
    text: str,
    path: str,
    cwd: str,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    names: frozenset[str] | None = None,
) -> Read:
    """Return what the text amounts to; `names` are those by which somebody imports it."""
    if not _WORTH.search(text):
        return Read(())
    script = Script(text, path, cwd, arguments, env)
    found = amounts.once(list(_lines(script, path, cwd, arguments, env, names, 0)))
    return Read(tuple(found), tuple(script.modules()), script.names)


def may_destroy(text: str) -> bool:
    """Claim that a text that is too entangled to read looks as if it destroyed something."""
    return _ROUGH.search(text) is not None


def _lines(
    script: Script,
    path: str,
    cwd: str,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    names: frozenset[str] | None,
    deep: int,
) -> Iterator[str]:
    for node in script.calls:
        if names is not None and not all(owner in names for owner in script.owners[node]):
            continue  # a function of an imported file that nobody there uses
        name = script.called(node.items[0])
        given = node.items[1:]
        function = node.items[0]
        if function.kind == "member" and function.text == "call":
            given = given[1:]
        elif function.kind == "member" and function.text == "apply" and given[1:]:
            given = given[1].items if given[1].kind == "array" else []
        call = Given(script, node, name, given)
        for code in _evaluated(call) if deep < _NESTED else ():
            inner = Script(code, path, cwd, arguments, env)
            yield from _lines(inner, path, cwd, arguments, env, None, deep + 1)
        for each in (call, *_handed(call)):
            reader = _reader(each.name)
            if (
                reader is not None
                and node.kind == "new"
                and not each.name[:1].isupper()
                and "." not in each.name
            ):
                continue
            if reader is not None:
                yield from reader(each)
    yield from _sent(script)


def _reader(name: str) -> Callable[[Given], Iterator[str]] | None:
    return next((reader for shape, reader in _CALLS if shape.fullmatch(name)), None)


def in_url(url: str) -> str:
    """Return what stands in a `data:` URL; empty where it is none."""
    scheme, _, text = url.partition(",")
    if not scheme.lower().startswith("data:"):
        return ""
    from base64 import b64decode
    from urllib.parse import unquote

    text = unquote(text)
    if not scheme.endswith(";base64"):
        return text
    try:
        return b64decode(text + "==").decode("utf-8", "replace")
    except ValueError:
        return ""


def _evaluated(call: Given) -> list[str]:
    """Return the code in `eval('…')`, `new Function('a', '…')` and their kind."""
    if call.name in ("import", "worker_threads.Worker") and call.arguments:
        given = [t for t in call.texts(0) if is_seen(t)]
        return given if call.is_on(1, "eval") else [t for t in map(in_url, given) if t]
    if not re.fullmatch(r"eval|Function|setTimeout|setInterval|vm\.\w+|vm\.Script", call.name):
        return []
    last = len(call.arguments) - 1 if call.name == "Function" else 0
    return [t for t in call.texts(last) if is_seen(t)] if call.arguments else []


# Functions that call another one later, and how many arguments stand in front of its own.
_LATER = {
    "setTimeout": 2, "setInterval": 2, "setImmediate": 1, "process.nextTick": 1, "queueMicrotask": 1,
    "timers.setTimeout": 2, "timers.setInterval": 2, "timers.setImmediate": 1,
}  # fmt: skip


def _handed(call: Given) -> Iterator[Given]:
    """Yield the call of a function that is handed to `map`, to a timer, or bound to its arguments."""
    function = call.node.items[0]
    if function.kind == "member" and function.text == "bind" and call.arguments[1:]:
        yield Given(
            call.script, call.node, call.script.called(function.items[0]), call.arguments[1:]
        )
    if (skipped := _LATER.get(call.name)) is not None and call.arguments:
        name = call.script.called(call.arguments[0])
        yield Given(call.script, call.node, name, call.arguments[skipped:])
    if call.name == "Reflect" and function.text == "apply" and call.node.items[3:]:
        packed = call.node.items[3]
        name = call.script.called(call.node.items[1])
        yield Given(
            call.script, call.node, name, packed.items if packed.kind == "array" else [packed]
        )
    if function.kind == "member" and function.text in ("map", "forEach") and call.arguments:
        name = call.script.called(call.arguments[0])
        over = function.items[0]
        if _reader(name) is not None and over.kind == "array":
            yield from (Given(call.script, call.node, name, [item]) for item in over.items)


# -- files -------------------------------------------------------------------------------------------


def _removes(call: Given) -> Iterator[str]:
    verb = call.name.rpartition(".")[2].removesuffix("Sync")
    if not call.arguments:
        return
    options = call.argument(1)
    hidden = (
        options is not None
        and not any(call.script.properties(options))
        and options.kind != "function"
    )
    tree = (
        call.is_on(1, "recursive")
        or hidden
        or verb in ("remove", "emptyDir", "rimraf", "del", "deleteAsync")
    )
    if call.name.startswith("Deno."):
        tree = call.is_on(1, "recursive")
    program = ("rm", "-rf") if tree else ("rmdir",) if verb == "rmdir" else ("rm",)
    paths = call.script.items(call.argument(0)) or call.texts(0)
    yield from (amounts.command(*program, "--", path) for path in paths)


def _rimraf(call: Given) -> Iterator[str]:
    paths = (call.script.items(call.argument(0)) or call.texts(0)) if call.arguments else []
    yield from (amounts.command("rm", "-rf", "--", path) for path in paths)


def _writes(call: Given) -> Iterator[str]:
    verb = call.name.rpartition(".")[2]
    if verb.startswith(("open", "createWrite")) and call.arguments[1:]:
        mode = call.text(1) if verb.startswith("open") else call.said(1, "flags")
        if mode and not mode.startswith("w"):
            return
    elif verb.startswith("open"):
        return
    if call.said(2, "flag").startswith("a"):
        return
    for path in call.texts(0) if call.arguments else ():
        yield amounts.line(f": > {amounts.quoted(path)}", path)


def _moves(call: Given) -> Iterator[str]:
    program = "mv" if re.search(r"rename|move", call.name) else "cp"
    yield amounts.command(program, "--", call.text(0), call.text(1))


# -- programs ----------------------------------------------------------------------------------------


def _shells(call: Given) -> Iterator[str]:
    for text in call.texts(0) if call.arguments else ():
        if text.partition("\0")[0].strip():
            yield from _in_folder(call, 1, amounts.shell(text))


def _starts(call: Given) -> Iterator[str]:
    """Tell `spawn('rm', ['-rf', 'x'], {cwd: 'y'})`."""
    listed = call.script.items(call.argument(1))
    at = 1 if listed is None else 2
    for program in call.texts(0) if call.arguments else ():
        words = [
            program,
            *(listed or ([unseen("words")] if call.argument(1) and _is_open(call) else [])),
        ]
        if call.is_on(at, "shell"):
            yield from _in_folder(call, at, amounts.shell(" ".join(words)))
        elif program and is_seen(program):
            yield from _in_folder(call, at, amounts.command(*words))


def _is_open(call: Given) -> bool:
    """Claim that the second argument may be words that are not written down."""
    found = call.argument(1)
    return found is not None and found.kind not in ("object", "function")


def _in_folder(call: Given, at: int, line: str) -> Iterator[str]:
    pairs = call.script.properties(call.script.option(call.argument(at), "env"))
    line = amounts.exported([f"{k}={call.script.values(v)[0]}" for k, v in pairs], line)
    folder = call.said(at, "cwd")
    yield amounts.within(folder, line) if folder else line


def _words(call: Given) -> Iterator[str]:
    """Tell `Bun.spawn([…])`, `new Deno.Command('rm', {args: […]})`, `shell.rm('-rf', 'x')`."""
    if call.name.startswith("shelljs."):
        yield amounts.command(
            call.name.rpartition(".")[2], *(call.texts(at)[0] for at in range(len(call.arguments)))
        )
        return
    if call.name == "Deno.Command":
        words = [
            call.text(0),
            *(call.script.items(call.script.option(call.argument(1), "args")) or []),
        ]
    else:
        listed = call.argument(0)
        found = call.script.option(listed, "cmd") or listed
        words = call.script.items(found) or []
    if words and is_seen(words[0]):
        yield amounts.command(*words)


# -- requests ----------------------------------------------------------------------------------------


def _requests(call: Given) -> Iterator[str]:
    """Tell `fetch(url, {method, body})`, `axios({method, url, data})`, `https.request(…)`."""
    first = call.argument(0)
    made = call.script.origin(first, "Request") if call.arguments[:1] else None
    if made is not None and made.items[1:]:  # fetch(new Request(url, {method}))
        call = Given(call.script, call.node, call.name, [*made.items[1:], *call.arguments[1:]])
        first = call.argument(0)
    at = 0 if any(call.script.properties(first)) else 1
    method = (call.said(at, "method") or "GET").upper()
    body = call.script.option(call.argument(at), "body", "data", "json")
    if at == 0:
        host = call.said(0, "hostname", "host")
        scheme = "http" if call.name.startswith("http.") else "https"
        url = call.said(0, "url", "uri") or f"{scheme}://{host}{call.said(0, 'path') or '/'}"
        urls = [_based(call, call.said(0, "baseURL"), url)]
    else:
        urls = call.texts(0)
    if method == "GET" or first is None:
        return
    given = call.script.json(body) if body is not None else None
    yield from (amounts.request(method, _based(call, "", url), given) for url in urls)


def _verbs(call: Given) -> Iterator[str]:
    """Tell `axios.delete(url)`, `got.post(url, {json})`, `ky.put(url)`."""
    verb = call.name.rpartition(".")[2]
    if not call.arguments:
        return
    body: str | None = None
    if verb not in ("delete", "del") and call.arguments[1:]:
        inner = (
            call.script.option(call.argument(1), "json", "body")
            if "axios" not in call.name
            else None
        )
        body = call.script.json(inner or call.argument(1))
    method = {"del": "DELETE"}.get(verb, verb.upper())
    yield from (amounts.request(method, _based(call, "", url), body) for url in call.texts(0))


def _based(call: Given, base: str, url: str) -> str:
    made = call.script.origin(
        call.node.items[0], "axios.create", "got.extend", "ky.create", "ky.extend"
    )
    if not base and made is not None and made.items[1:]:
        found = call.script.option(made.items[1], "baseURL", "prefixUrl")
        base = call.script.values(found)[0] if found is not None else ""
    return f"{base.rstrip('/')}/{url.lstrip('/')}" if base and "://" not in url else url


def _sent(script: Script) -> Iterator[str]:
    """Tell what is written by hand into `net.connect(port, host)`, in one part or in several."""
    opens = [c for c in script.calls if _OPENS.fullmatch(script.called(c.items[0]))]
    if not opens:
        return
    sends = [
        c
        for c in script.calls
        if c.items[0].kind == "member" and c.items[0].text in ("write", "end")
    ]
    text = "".join(script.values(c.items[1])[0] for c in sends[:50] if c.items[1:])
    for node in opens[:4] if text else ():
        call = Given(script, node, "", node.items[1:])
        host = call.said(0, "host", "hostname") or (
            call.text(1) if call.arguments[1:] else "localhost"
        )
        yield amounts.sent(host, call.said(0, "port") or call.text(0), text)


_OPENS = re.compile(r"(?:net|tls)\.(?:connect|createConnection|Socket\(\)\.connect)")

# -- databases and stores ----------------------------------------------------------------------------

_SQL = re.compile(
    r"\s*(?:drop|truncate|delete|alter|update|grant|revoke|insert|create|replace|with)\b",
    re.IGNORECASE,
)
_POSTGRES = (
    "pg.Pool", "pg.Client", "pg.native.Client", "postgres", "pg-promise()", "slonik.createPool",
    "@neondatabase/serverless.neon", "@neondatabase/serverless.Pool", "@vercel/postgres.createPool",
)  # fmt: skip
_MYSQL = tuple(
    f"{m}.{f}"
    for m in ("mysql", "mysql2", "mysql2/promise", "mariadb")
    for f in ("createConnection", "createPool")
)
_SQLITE = (
    "better-sqlite3",
    "sqlite3.Database",
    "sqlite.open",
    "sqlite.DatabaseSync",
    "bun:sqlite.Database",
    "libsql",
)
_OTHERS = ("sequelize.Sequelize", "sequelize", "knex", "typeorm.DataSource", "kysely.Kysely")
_PRISMA = ("@prisma/client.PrismaClient", "PrismaClient")


def _queries(call: Given) -> Iterator[str]:
    """Tell literal SQL; without a known connection, to a database that nobody knows."""
    first = call.argument(0)
    named = call.script.option(first, "text", "sql")
    texts = [t for t in call.script.values(named or first) if _SQL.match(t)]
    if not texts:
        return
    for names, scheme in (
        (_POSTGRES, "postgresql"),
        (_MYSQL, "mysql"),
        (_SQLITE, "sqlite"),
        (_OTHERS, ""),
    ):
        made = call.script.origin(call.node.items[0], *names)
        if made is not None:
            yield from (amounts.statement(_database(call, made, scheme), sql) for sql in texts)
            return
    if call.script.origin(call.node.items[0], *_PRISMA) or re.search(
        r"(?:Raw|RawUnsafe)$", call.name
    ):
        yield from (amounts.statement(unseen("database"), sql) for sql in texts)


def _database(call: Given, made: Node, scheme: str) -> str:
    """Return a URL for what a connection is made to."""
    first = made.items[1] if made.items[1:] else None
    known = call.script.option(first, "connectionString", "uri", "url", "filename", "connection")
    pairs = dict(call.script.properties(first))
    if known is None and pairs:
        host = call.script.values(pairs["host"])[0] if "host" in pairs else "localhost"
        name = call.script.values(pairs["database"])[0] if "database" in pairs else ""
        return f"{scheme or 'postgresql'}://{host}/{name}"
    found = call.script.values(known or first)[0] if known or first else ""
    if scheme == "sqlite":
        return f"sqlite:///{found}"
    return found or unseen("database")


def _models(call: Given) -> Iterator[str]:
    """Tell `prisma.user.deleteMany({})`."""
    table = call.name.split(".")[-2]
    restricted = call.script.option(call.argument(0), "where")
    rows = any(call.script.properties(restricted)) if restricted is not None else False
    condition = " WHERE id = 7" if rows else ""
    yield amounts.statement(unseen("database"), f"DELETE FROM {table}{condition}")  # noqa: S608  told, not run


def _mongo(call: Given) -> Iterator[str]:
    """Tell `new MongoClient(url).db('a').collection('t').deleteMany({})`."""
    made = call.script.origin(
        call.node.items[0], "mongodb.MongoClient", "mongodb.MongoClient.connect"
    )
    if made is None and call.name.startswith("mongoose."):
        found = [
            c for c in call.script.calls if call.script.called(c.items[0]) == "mongoose.connect"
        ]
        made = found[0] if found else None
    url = call.script.values(made.items[1])[0] if made and made.items[1:] else "mongodb://localhost"
    verb = call.name.rpartition(".")[2]
    if verb == "deleteMany":
        said = f"db.collection.deleteMany({call.script.json(call.argument(0)) if call.arguments else '{}'})"
    else:
        said = "db.dropDatabase()" if verb == "dropDatabase" else "db.collection.drop()"
    yield amounts.command("mongosh", url, "--eval", said)


def _redis(call: Given) -> Iterator[str]:
    """Tell `new Redis(url).flushall()`."""
    made = call.script.origin(
        call.node.items[0], "ioredis", "ioredis.Redis", "redis.createClient", "Redis"
    )
    first = made.items[1] if made and made.items[1:] else None
    known = call.script.option(first, "url")
    host = call.script.option(first, "host")
    where = ["-h", call.script.values(host)[0] if host else "localhost"]
    if known is not None or (first is not None and not any(call.script.properties(first))):
        where = ["-u", call.script.values(known or first)[0]]
    yield amounts.command("redis-cli", *where, call.name.rpartition(".")[2].lower())


# -- AWS ---------------------------------------------------------------------------------------------

_SERVICES = {"s3": "s3api", "cognito-identity-provider": "cognito-idp", "elastic-load-balancing-v2": "elbv2",
             "cloudwatch-logs": "logs", "sfn": "stepfunctions", "auto-scaling": "autoscaling"}  # fmt: skip


def _aws_command(call: Given) -> Iterator[str]:
    """Tell `new DeleteBucketCommand({Bucket: 'b'})` of @aws-sdk/client-s3."""
    module, _, name = call.name.rpartition(".")
    service = module.removeprefix("@aws-sdk/client-")
    yield from _aws(call, service, name.removesuffix("Command"))


def _aws_method(call: Given) -> Iterator[str]:
    """Tell `new AWS.S3().deleteBucket({Bucket: 'b'})`."""
    found = re.search(r"(\w+)\(\)\.(\w+)$", call.name)
    if found is not None:
        yield from _aws(call, found[1].lower(), found[2])


def _aws(call: Given, service: str, operation: str) -> Iterator[str]:
    verb = _kebab(operation)
    if verb.startswith(("get-", "list-", "describe-", "head-")):
        return
    words = ["aws", _SERVICES.get(service, service), verb]
    for name, node in call.script.properties(call.argument(0)):
        if node.kind == "name" and node.text in ("true", "false"):
            words.append(f"--{'' if node.text == 'true' else 'no-'}{_kebab(name)}")
        else:
            listed = call.script.items(node)
            words += [
                f"--{_kebab(name)}",
                *(listed if listed is not None else [call.script.json(node)]),
            ]
    yield amounts.command(*words)


def _kebab(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()


_CHILD = r"(?:child_process|cross-spawn|execa|shelljs|zx|bun)"
_CALLS: tuple[tuple[re.Pattern[str], Callable[[Given], Iterator[str]]], ...] = (
    (re.compile(r"(?:fs|Deno)\.(?:rm|rmdir|unlink|remove|emptyDir)(?:Sync)?"), _removes),
    (re.compile(r"rimraf(?:\.\w+)?|(?:del|trash)(?:\.(?:sync|deleteAsync|deleteSync))?"), _rimraf),
    (re.compile(r"(?:fs|Deno)\.(?:writeFile|writeTextFile|truncate|open|outputFile|writeJson)(?:Sync)?|fs\.createWriteStream|Bun\.write"),
     _writes),
    (re.compile(r"(?:fs|Deno)\.(?:rename|move|copyFile|copy|cp)(?:Sync)?"), _moves),
    (re.compile(r"child_process\.exec(?:Sync)?|shelljs\.exec|execa\.(?:execaCommand|execaCommandSync|command|\$)|(?:zx|bun|dax|Bun)\.\$"),
     _shells),
    (re.compile(r"child_process\.(?:spawn|execFile)(?:Sync)?|cross-spawn(?:\.\w+)?|execa(?:\.(?:execa|execaSync|sync))?"),
     _starts),
    (re.compile(r"shelljs\.(?:rm|mv|cp)|Bun\.spawn(?:Sync)?|Deno\.(?:Command|run)"), _words),
    (re.compile(r"fetch|(?:node-fetch|cross-fetch|isomorphic-fetch|undici)(?:\.(?:fetch|request))?"
                r"|axios(?:\.(?:request|create\(\)|create\(\)\.request))?|got|ky|https?\.(?:request|ClientRequest)|request|needle"),
     _requests),
    (re.compile(r"(?:axios|got|ky|superagent|needle|request)(?:\.(?:create|extend)\(\))?"
                r"\.(?:delete|del|post|put|patch)"), _verbs),
    (re.compile(r"(?:@prisma/client\.)?PrismaClient\(\)\.\w+\.deleteMany"), _models),
    (re.compile(r"(?:mongodb|mongoose)\..*\.(?:dropDatabase|dropCollection|drop|deleteMany)"), _mongo),
    (re.compile(r"(?:ioredis|redis|Redis)\b.*\.(?:flushall|flushdb|flushAll|flushDb|shutdown)"), _redis),
    (re.compile(r"@aws-sdk/client-[\w-]+\.\w+Command"), _aws_command),
    (re.compile(r"(?:aws-sdk|AWS|aws-sdk/clients/\w+)\.\w+\(\)\.\w+"), _aws_method),
    (re.compile(r".*(?:\.(?:query|execute|exec|run|raw|unsafe|prepare|\$executeRaw|\$executeRawUnsafe|\$queryRaw|\$queryRawUnsafe|batch)"
                r"|postgres\(\)|neon\(\)|\.sql)"), _queries),
)  # fmt: skip
