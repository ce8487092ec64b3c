"""HTTP requests as facts: what a client would send, judged by host, place and GraphQL content."""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts import url as urls
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import SHOWN, UNSEEN, show
from gatesh.model import HttpRequest, Locality, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_OVERRIDES = ("x-http-method-override", "x-method-override", "x-http-method")
_METHOD_FIELD = re.compile(r"(?:^|[?&\n])_method=([A-Za-z]+)|\"_method\"\s*:\s*\"([A-Za-z]+)\"")


class Sent(Value):
    """What a client would send; UNSEEN stands in method, body and headers for what is not known."""

    method: str
    url: urls.Url
    body: str | None = None
    headers: tuple[str, ...] = ()
    connect_host: str = ""
    cannot_see: tuple[str, ...] = ()


def requests(sent: Sent, around: Surroundings) -> Iterator[HttpRequest]:
    """Yield the request, and again with what a server may make of it.

    Servers act on X-HTTP-Method-Override and on `_method`, and many squash the path they get.
    """
    first = _request(sent, around)
    yield first
    override = _override(sent)
    if override and override != first.method:
        yield first.but(method=override)
    served = urls.as_served(sent.url.path)
    if served != sent.url.path:
        yield _request(sent.but(url=sent.url.but(path=served)), around)


def header(headers: tuple[str, ...], name: str) -> str:
    """Return the value of a header, or an empty string."""
    for line in headers:
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def _request(sent: Sent, around: Surroundings) -> HttpRequest:
    from gatesh.facts import graphql

    url = sent.url
    blind = [*sent.cannot_see]
    blind += [f"{part}: not all of it is known" for part in url.unseen if not _told(blind, part)]
    host, connect = url.host, sent.connect_host
    if named := header(sent.headers, "host"):  # behind a shared address the header decides
        named_host = urls.normal_host(urls.split_port(show(named))[0])
        if named_host != host:
            host, connect = named_host, connect or host
    if UNSEEN in connect:
        connect = ""
    body = None if sent.body is None or not sent.body.strip(UNSEEN) else show(sent.body)
    if sent.body == "":
        body = ""
    if sent.body and UNSEEN in sent.body and not _told(blind, "body"):
        blind.append("body: not all of it is known")
    method = sent.method
    if " " in method.strip() or any("\n" in line for line in (method, *sent.headers)):
        # Sent as it is, it may be a request line, or a whole request, of its own.
        method = (method.split() or [""])[0]
        blind += [f"{part}: a blank or newline hides it" for part in ("method", "path", "body")]
    if UNSEEN in method and not _told(blind, "method"):
        blind.append(f"method: {show(method)}")
    fields, hidden = graphql.read(
        body, show(url.query), show(url.path), header(sent.headers, "content-type").lower()
    )
    shown = host or SHOWN
    if connect and connect != host:
        shown += f", really {connect}"
    return HttpRequest(
        method="" if UNSEEN in method else method,
        scheme=url.scheme,
        host=host,
        path=show(f"{url.path}?{url.query}" if url.query else url.path),
        target=Target("http", shown, _locality(host, connect, blind, around), "argv"),
        connect_host=connect,
        body=body,
        graphql=fields,
        cannot_see=(*blind, *hidden),
    )


def _told(blind: list[str], part: str) -> bool:
    return any(said.startswith(f"{part}:") for said in blind)


def _locality(host: str, connect: str, blind: list[str], around: Surroundings) -> Locality:
    """Local means both: the host that is named and the one that is really connected to."""
    if not host or _told(blind, "host"):
        return Locality.UNKNOWN
    if not urls.is_local(host) or (connect and not urls.is_local(connect)):
        return Locality.REMOTE
    return Locality.UNKNOWN if around.remote else Locality.LOCAL  # another machine's localhost


def _override(sent: Sent) -> str:
    for name in _OVERRIDES:
        if value := header(sent.headers, name):
            return "" if UNSEEN in value else value.upper()
    if sent.method.upper() == "POST":
        for text in (sent.url.query, sent.body or ""):
            if found := _METHOD_FIELD.search(text):
                return (found[1] or found[2]).upper()
    return ""


def proxy_host(host: str, scheme: str, around: Surroundings) -> str:
    """Return the proxy that the environment sends a request through, UNSEEN where it is not known."""
    names = ("no_proxy", "NO_PROXY")
    bypass = next((v for v in map(around.variable, names) if v != ""), "")
    if bypass is not None and bypassed(host, bypass):
        return ""
    for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper(), "all_proxy", "ALL_PROXY"):
        if name == "HTTP_PROXY":  # programs ignore it: a CGI client could set it
            continue
        found = around.variable(name)
        if found is None:
            return UNSEEN
        if found:
            return urls.parse(found).host
    return ""


def bypassed(host: str, bypass: str) -> bool:
    """Claim that a no_proxy list names a host."""
    for name in bypass.replace(",", " ").split():
        bare = name.lower().removeprefix("*").lstrip(".")
        if name == "*" or host == bare or host.endswith(f".{bare}"):
            return True
    return False
