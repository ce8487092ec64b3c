"""By what a fact that names its target itself may be labelled: hosts, URLs, databases, paths, ids."""

from __future__ import annotations

import re

from gatesh.facts.pg_target import is_local
from gatesh.model import FileChange, HttpRequest, Locality, SqlStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Fact, Target

    Part = tuple[str, str]

_MOST = 20  # ids of one request
_LONGEST = 20_000  # characters of a body that are looked at
_MEMBER = re.compile(r"[\"']?(\w+)[\"']?\s*[:=]\s*[\"']([^\"'{}\[\]]+)[\"']")
_ENVIRONMENT = re.compile(r"(?i)(?:env|environment|stage)(?:_?name)?")
_SEGMENT = re.compile(r"(?=[^/?&=]*\d)[\w.:-]{6,}")
_QUERY = re.compile(r"[?&](\w+)=([^&#]+)")
# What a platform's own ids are ids of.
_NAMED = {
    "railway": {"environmentid": "railway-environment", "projectid": "railway-project"},
    "vercel": {"projectid": "app", "teamid": "app"},
    "amazonaws": {"accountid": "aws-account"},
}


def parts_of(target: Target, fact: Fact, remote: str) -> tuple[Part, ...]:
    """Return the parts of a fact's own target; of what runs at `remote`, localhost is none."""
    if target.parts:
        return target.parts
    if isinstance(fact, HttpRequest):
        return tuple(_request(fact))
    if isinstance(fact, FileChange):
        return tuple(("path", effect.path) for effect in fact.paths)
    if isinstance(fact, SqlStatement) and target.name:
        return tuple(_server(target, remote))
    return ()


def _server(target: Target, remote: str) -> Iterator[Part]:
    host, _, database = target.name.partition("/")
    host = host.removeprefix(f"{remote}:")
    if not (remote and is_local(host)):
        yield "dsn", f"{target.kind}://{target.name}"
        if target.locality is Locality.UNKNOWN:
            yield "host", "…"
        elif target.kind not in ("sqlite", "duckdb"):
            yield from (("host", name) for name in host.split(",") if name)
    if database:
        yield "database", database


def _request(fact: HttpRequest) -> Iterator[Part]:
    hosts = [host for host in (fact.host, fact.connect_host) if host] or ["…"]
    for host in hosts:
        yield "host", host
        yield "url", f"{fact.scheme}://{host}{fact.path}"
    ids = list(_ids(fact))
    yield from ids[:_MOST]


def _ids(fact: HttpRequest) -> Iterator[Part]:
    """Yield what a request says of ids and environments: in its path, its query, its body or GraphQL."""
    platform = next((ids for name, ids in _NAMED.items() if name in fact.host), {})
    path, _, query = fact.path.partition("?")
    yield from (("id", segment) for segment in path.split("/") if _SEGMENT.fullmatch(segment))
    members = _QUERY.findall(f"?{query}")
    for field in fact.graphql:
        members += field.arguments
        members += [m for _, value in field.arguments for m in _MEMBER.findall(value[:_LONGEST])]
    if not fact.graphql:
        members += _MEMBER.findall((fact.body or "")[:_LONGEST])
    for name, given in members:
        value = given.strip("\"' ")
        if name.lower() == "id" or name.endswith(("Id", "_id", "ID")):
            yield "id", value
            if part := platform.get(name.lower().replace("_", "")):
                yield part, value
        elif _ENVIRONMENT.fullmatch(name):
            yield "environment", value
