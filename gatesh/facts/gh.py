"""gh and glab: `gh api` sends what it is told to the forge's REST or GraphQL API."""

from __future__ import annotations

import re

from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, unquoted, visible
from gatesh.model import CommandLine, HttpRequest, SimpleCommand, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.facts import World

_SHORT = {
    "-X": "--method", "-f": "--raw-field", "-F": "--field", "-H": "--header", "-q": "--jq",
    "-t": "--template", "-p": "--preview", "-R": "--repo",
}  # fmt: skip

GRAMMAR = Grammar(
    values=(*_SHORT.values(), "--input", "--hostname", "--cache"),
    flags=("--include", "--paginate", "--silent", "--slurp", "--verbose", "--help"),
    aliases=_SHORT,
)

_FORGES = {"gh": ("github.com", "GH_HOST"), "glab": ("gitlab.com", "GITLAB_HOST")}


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the request of `gh api ENDPOINT`; other subcommands are plain command lines."""
    around = Surroundings(command, line, world)
    operands: list[Word] = []
    options: list[tuple[str, str]] = []
    for given in walk(command.words[1:], GRAMMAR):
        if given.option:
            options.append((given.name, visible(given.word) if given.word else ""))
        elif given.word:
            operands.append(given.word)
    helps = ("--help", "") in options and all_known(command.words)
    if not operands or visible(operands[0]) != "api" or helps:
        return
    blind = [f"method: {w.text} may be an option" for w in operands if unquoted(w)]
    if command.more_words:
        blind.append("method: more words will be added")
    endpoint = visible(operands[1]) if len(operands) > 1 else UNSEEN
    last = dict(options)
    fields = _fields(options, around, blind)
    body = _body(endpoint, last.get("--input"), fields, around, blind)
    method = last.get("--method") or ("GET" if body is None else "POST")
    url = urls.parse(_url(endpoint, command.program, last.get("--hostname"), around))
    if method.upper() == "GET" and fields and "--input" not in last:
        pairs = "&".join(f"{name}={value}" for name, value in fields)
        url, body = url.but(query=f"{url.query}&{pairs}" if url.query else pairs), None
    headers = tuple(text for name, text in options if name == "--header")
    connect = http.proxy_host(url.host, url.scheme, around)
    yield from http.requests(http.Sent(method, url, body, headers, connect, tuple(blind)), around)


def _url(endpoint: str, program: str, named: str | None, around: Surroundings) -> str:
    if re.match(r"https?://", endpoint):
        return endpoint
    default, variable = _FORGES[program]
    host = named or around.variable(variable)
    host = UNSEEN if host is None else host or default
    host = host.removeprefix("https://").rstrip("/")
    path = endpoint.lstrip("/")
    if program == "glab":
        return f"https://{host}/api/{path if path.startswith('graphql') else 'v4/' + path}"
    if host in (default, UNSEEN) or host.endswith(".ghe.com"):
        return f"https://api.{host}/{path}"
    return f"https://{host}/api/{path if path.startswith('graphql') else 'v3/' + path}"


def _fields(
    options: list[tuple[str, str]], around: Surroundings, blind: list[str]
) -> list[tuple[str, str]]:
    found = []
    for option, text in options:
        if option not in ("--field", "--raw-field"):
            continue
        name, _, value = text.partition("=")
        if option == "--field" and value.startswith("@"):
            content = around.given(value[1:])
            if content is None:
                blind.append(f"body: {value} cannot be read")
            value = UNSEEN if content is None else content
        found.append((name, value))
    return found


def _body(
    endpoint: str,
    file: str | None,
    fields: list[tuple[str, str]],
    around: Surroundings,
    blind: list[str],
) -> str | None:
    if file is not None:
        content = around.given(file)
        if content is None:
            blind.append(f"body: {file} cannot be read")
        return UNSEEN if content is None else content
    if not fields:
        return None
    import json

    sent: list[tuple[str, Any]] = list(fields)  # pairs: of a field given twice, either may be sent
    if endpoint.strip("/") == "graphql":  # all but these two become variables
        variables = {k: v for k, v in fields if k not in ("query", "operationName")}
        sent = [(k, v) for k, v in fields if k in ("query", "operationName")]
        sent.append(("variables", variables))
    members = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in sent)
    return "{" + ", ".join(members).replace("\\u0000", UNSEEN) + "}"
