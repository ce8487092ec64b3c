"""Clients of one provider's API, and other senders of requests: a table of where each has method, URL and body.

`vercel api -X DELETE /v9/projects/p`, `heroku api DELETE /apps/web`, `lwp-request -m DELETE URL`. A client
whose operation is a name (netlify api deleteSite, grpcurl … users.Users/DeleteUser) sends the method that
the name begins with.
"""

from __future__ import annotations

import re
from itertools import pairwise

from gatesh._value import Value
from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, show, unquoted, visible
from gatesh.model import CommandLine, HttpRequest, SimpleCommand, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World
    from gatesh.facts.cli import Given


class Api(Value):
    """How a client is told what to send; the texts are names of options or operands, separated by blanks."""

    base: str = ""  # what a path is appended to; without one the URL is given whole
    path: str = ""  # the sub-commands in front
    operands: str = "url"  # in order: method, url, operation; a star takes no part
    valued: str = ""  # options that take a word, with their letter in front
    flags: str = ""
    method: str = "method"
    fields: str = ""  # options name=value that make a body
    body: str = ""  # options whose value is the body, or @FILE
    files: str = ""  # options whose value is a file with the body
    headers: str = "header"
    dry: str = ""  # flags with which nothing is sent
    needs: str = ""  # a flag without which nothing real happens
    host: str = ""  # an option, or variable, that names the host instead
    default: str = ""  # the method where none is named and there is a body or none
    single_dash: bool = False

    def grammar(self) -> Grammar:
        """Return the grammar of its options."""
        entries = self.valued.split()
        flags = f"{self.flags} {self.dry} {self.needs} help".split()
        dash = "-" if self.single_dash else "--"
        return Grammar(
            values=tuple(f"{dash}{e.rpartition(':')[2]}" for e in entries),
            flags=tuple(f"{dash}{name}" for name in flags),
            aliases={f"-{e[0]}": f"--{e[2:]}" for e in entries if e[1:2] == ":"},
            single_dash_long=self.single_dash,
        )


_VERCEL = Api(
    "https://api.vercel.com",
    "api",
    valued="X:method F:field f:raw-field H:header input S:scope t:token T:team cwd generate A:local-config",
    flags="paginate raw silent include verbose debug yes refresh",
    fields="field raw-field",
    files="input",
    dry="generate",
)
_NEON = Api(
    "https://console.neon.tech/api/v2",
    "api",
    valued="X:method F:field f:raw-field H:header d:data Q:query input o:output config-dir api-key api-host",
    flags="include color analytics",
    fields="field raw-field",
    body="data",
    files="input",
    dry="describe",
    host="api-host",
)
_STRIPE = Api(
    "https://api.stripe.com",
    operands="method url",
    valued="d:data e:expand i:idempotency s:stripe-version v:version api-key stripe-account "
    "b:starting-after l:limit p:project-name",
    flags="confirm show-headers",
    fields="data",
    needs="live",
)
_LWP = Api(
    valued="m:method b:base t:timeout i:if-modified-since c:content-type p:proxy C:credentials H:header "
    "o:output",
)
_GRPC = Api(
    "https://",
    operands="server operation",
    valued="d data H reflect-header rpc-header authority import-path proto protoset cacert cert key "
    "connect-timeout max-time max-msg-sz servername format keepalive-time",
    flags="plaintext insecure v vv emit-defaults use-reflection alts",
    headers="H rpc-header",
    body="d data",
    single_dash=True,
)
_LOAD = Api(
    valued="m:method d:body D:bodyfile H:header n:number c:concurrency z:duration q:qps t:timeout A:accept "
    "T:content-type a:auth x:proxy host o:output",
    body="body",
    files="bodyfile",
)

_AB = Api(
    valued="m:method p:postfile u:putfile T:content-type H:header n:requests c:concurrency t:timelimit "
    "s:timeout b:windowsize C:cookie A:auth P:proxy-auth X:proxy f:protocol Z:ciphers g:gnuplot e:csv "
    "v:verbosity",
    files="postfile putfile",
)

CLIENTS: dict[str, Api] = {
    "ab": _AB,
    **dict.fromkeys(("vercel", "vc"), _VERCEL),
    **dict.fromkeys(("neonctl", "neon"), _NEON),
    "stripe": _STRIPE,
    "heroku": Api(
        "https://api.heroku.com",
        "api",
        "method url",
        valued="a:accept-inclusion b:body H:headers v:version",
        body="body",
        headers="headers",
    ),
    "netlify": Api(
        "https://api.netlify.com/api/v1",
        "api",
        "operation",
        valued="d:data auth filter httpProxy",
        flags="list debug",
        body="data",
        dry="list",
    ),
    "databricks": Api(
        "https://databricks",
        "api",
        "method url",
        valued="json p:profile t:target o:output",
        body="json",
        host="DATABRICKS_HOST",
    ),
    "oci": Api(
        path="raw-request",
        operands="*",
        valued="http-method target-uri request-body request-headers config-file profile auth region",
        method="http-method",
        body="request-body",
        headers="none",
        host="target-uri",
    ),
    "lwp-request": _LWP,
    **dict.fromkeys(("GET", "HEAD", "POST"), _LWP),
    "grpcurl": _GRPC,
    **dict.fromkeys(("hey", "oha", "bombardier", "plow"), _LOAD),
}

_CALLS = re.compile(
    r"(delete|remove|purge|drop|destroy|wipe|truncate|terminate|cancel|revoke)", re.IGNORECASE
)
_READS = re.compile(r"(get|list|search|show|describe|watch|check|count|read|find)", re.IGNORECASE)


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the request that the client would send; its other sub-commands are plain command lines."""
    api = CLIENTS[command.program]
    around = Surroundings(command, line, world)
    given = list(walk(command.words[1:], api.grammar()))
    options = [(g.name.lstrip("-"), visible(g.word) if g.word else "") for g in given if g.option]
    operands = [g.word for g in given if not g.option and g.word]
    path = api.path.split()
    if [visible(word) for word in operands[: len(path)]] != path or not operands[
        len(path) :
    ] + given:
        return
    names = {name for name, _ in options}
    if names & {"help", *api.dry.split()} and all_known(command.words):
        return
    if api.needs and api.needs not in names and all_known(command.words):
        return
    named = _named(api, operands[len(path) :])
    blind = _blind(command, operands)
    body = _body(api, options, around, blind)
    method, url = _place(api, command.program, named, dict(options), around, body)
    if url is None:
        return
    headers = tuple(text for name, text in options if name in api.headers.split())
    connect = http.proxy_host(url.host, url.scheme, around)
    yield from http.requests(http.Sent(method, url, body, headers, connect, tuple(blind)), around)


def _named(api: Api, operands: list[Word]) -> dict[str, str]:
    return dict(zip(api.operands.split(), map(visible, operands), strict=False))


def _blind(command: SimpleCommand, operands: list[Word]) -> list[str]:
    blind = [f"method: {word.text} may be an option" for word in operands if unquoted(word)]
    return [*blind, "method: more words will be added"] if command.more_words else blind


def _place(
    api: Api,
    program: str,
    named: dict[str, str],
    options: dict[str, str],
    around: Surroundings,
    body: str | None,
) -> tuple[str, urls.Url | None]:
    """Return method and URL; no URL where no request is named."""
    if operation := named.get("operation"):
        bare = operation.rpartition("/")[2].rpartition(".")[2]
        method = "DELETE" if _CALLS.match(bare) else "GET" if _READS.match(bare) else "POST"
        server = named.get("server", "")
        return method, urls.parse(f"{api.base}{server}/{operation.lstrip('/')}")
    if program == "grpcurl":  # grpcurl HOST list, or no more than that
        return "", None
    base = api.base
    if api.host and (host := options.get(api.host) or _variable(api.host, around)):
        base = host if "://" in host else f"https://{host}"
    text = named.get("url", "")
    if not text and not (api.host and base):
        return "", None
    method = named.get("method") or options.get(api.method) or ("GET" if body is None else "POST")
    if program in ("GET", "HEAD", "POST") and api.method not in options:
        method = program
    if base and not re.match(r"\w+://", text):
        text = f"{base.rstrip('/')}/{text.lstrip('/')}" if text else base
    return method.upper(), urls.parse(text)


def _variable(name: str, around: Surroundings) -> str:
    found = around.variable(name) if name.isupper() else ""
    return UNSEEN if found is None else found


def _body(
    api: Api, options: list[tuple[str, str]], around: Surroundings, blind: list[str]
) -> str | None:
    """Return the body that options make, UNSEEN where a file of it cannot be read."""
    fields = [text for name, text in options if name in api.fields.split()]
    parts: list[str] = []
    for name, text in options:
        source = text[1:] if text.startswith("@") else text if name in api.files.split() else None
        if name not in (*api.body.split(), *api.files.split()):
            continue
        content = text if source is None else around.given(source)
        if content is None:
            blind.append(f"body: {show(text)} cannot be read")
        parts.append(UNSEEN if content is None else content)
    if fields:
        parts.append("&".join(fields))
    return "\n".join(parts) if parts else None


# -- files of requests -----------------------------------------------------------------------------

_ENTRY = re.compile(r"^([A-Z]+)[ \t]+(\S+://\S+|\{\{.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{.*?\}\}")
_HURL = Grammar(
    values=tuple(
        f"--{name}"
        for name in """
        cacert cert connect-timeout connect-to cookie cookie-jar curl delay error-format file-root from-entry
        glob jobs key limit-rate max-filesize max-redirs max-time netrc-file noproxy output proxy repeat
        report-html report-json report-junit report-tap resolve retry retry-interval secret to-entry
        unix-socket user user-agent variable variables-file header
        """.split()
    ),
    aliases={
        "-b": "--cookie",
        "-o": "--output",
        "-x": "--proxy",
        "-m": "--max-time",
        "-u": "--user",
    },
)


def hurl(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the requests of the files that hurl would run."""
    around = Surroundings(command, line, world)
    given = list(walk(command.words[1:], _HURL))
    variables = dict(_variables(given))
    files = [visible(g.word) for g in given if not g.option and g.word]
    for path in files or ["-"]:
        content = around.given(path)
        for found in _ENTRY.finditer(content or ""):
            text = _VARIABLE.sub(lambda m: variables.get(m.group()[2:-2].strip(), UNSEEN), found[2])
            body = content[found.end() :].split("\n\n", 1)[-1] if content else None
            yield from http.requests(http.Sent(found[1], urls.parse(text), body), around)


def _variables(given: list[Given]) -> Iterator[tuple[str, str]]:
    for one in given:
        if one.name == "--variable" and one.word:
            name, _, value = visible(one.word).partition("=")
            yield name, value


# -- PowerShell ------------------------------------------------------------------------------------

_CMDLET = re.compile(
    r"\b(?:Invoke-RestMethod|Invoke-WebRequest|irm|iwr|curl|wget)\b([^;|\n)]*)", re.IGNORECASE
)
_PART = re.compile(r"-\w+|'[^']*'|\"[^\"]*\"|[^\s'\"]+")


def powershell(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the requests that `pwsh -c 'Invoke-RestMethod -Method Delete …'` would send."""
    around = Surroundings(command, line, world)
    script = _encoded(command) or " ".join(visible(word) for word in command.words[1:])
    for found in _CMDLET.finditer(script):
        options: dict[str, str] = {}
        name = "uri"
        for part in _PART.findall(found[1]):
            if part.startswith("-"):
                name = part[1:].lower()
                continue
            plain = part.strip("'\"")
            variable = part[:1] != "'" and "$" in plain
            options.setdefault(name, re.sub(r"\$\w+", UNSEEN, plain) if variable else plain)
            name = "uri"
        body = options.get("body")
        method = next((v for n, v in options.items() if "method".startswith(n) and len(n) > 2), "")
        url = urls.parse(options.get("uri", UNSEEN))
        sent = http.Sent(method.upper() or ("GET" if body is None else "POST"), url, body)
        yield from http.requests(sent, around)


def _encoded(command: SimpleCommand) -> str:
    """Return the script of `-EncodedCommand`, or nothing."""
    from base64 import b64decode

    words = [visible(word) for word in command.words[1:]]
    for name, value in pairwise(words):
        if re.fullmatch(r"-e(?:c|nc\w*)?", name, re.IGNORECASE):
            try:
                return b64decode(value).decode("utf-16-le", "replace")
            except ValueError:
                return ""
    return ""
