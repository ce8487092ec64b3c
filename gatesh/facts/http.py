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
_METHOD_MEMBER = re.compile(r'"_method"\s*:\s*"([^"]*)"')
_UNICODE = re.compile(r"\\u00([0-7][0-9A-Fa-f])")
# Over these a client sends what stands in the URL or on its standard input, as it stands there.
_RAW = frozenset(("gopher", "gophers", "telnet", "dict"))


class Sent(Value):
    """What a client would send; UNSEEN stands in method, body and headers for what is not known."""

    method: str
    url: urls.Url
    body: str | None = None
    headers: tuple[str, ...] = ()
    connect_host: str = ""
    cannot_see: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] | None = None  # of a multipart body
    follows: bool = False  # it goes on to wherever the server sends it


def requests(sent: Sent, around: Surroundings) -> Iterator[HttpRequest]:
    """Yield the request, and again with what a server may make of it.

    Servers act on X-HTTP-Method-Override and on `_method`, and many squash the path they get.
    """
    named = headers_named(sent.headers, "host") or [""]
    first = _request(sent, named[0], around)
    yield first
    for override in dict.fromkeys(_overrides(sent)):
        if UNSEEN in override:
            yield first.but(method="", cannot_see=(*first.cannot_see, "method: what overrides it"))
        elif override != first.method:
            yield first.but(method=override)
    for operation in _operations(sent):
        yield first.but(method="POST", path=f"/{operation}")
    for other in named[1:]:  # of two hosts each server takes the one it likes
        yield _request(sent, other, around)
    served = urls.as_served(sent.url.path)
    if served != sent.url.path:
        yield _request(sent.but(url=sent.url.but(path=served)), named[0], around)


def headers_named(headers: tuple[str, ...], name: str) -> list[str]:
    """Return the values of a header, each once; one without a value is not sent."""
    pairs = (line.partition(":") for line in headers)
    values = (value.strip() for key, _, value in pairs if key.strip().lower() == name)
    return list(dict.fromkeys(value for value in values if value))


def _request(sent: Sent, named: str, around: Surroundings) -> HttpRequest:
    from gatesh.facts import graphql

    url = sent.url
    blind = [*sent.cannot_see]
    blind += [f"{part}: not all of it is known" for part in url.unseen if not _told(blind, part)]
    host, connect = url.host, sent.connect_host
    if named:  # behind a shared address the header decides
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
    lines = (url.path, url.query, *sent.headers)
    if re.search(r"\s", method) or any("\n" in line or "\r" in line for line in lines):
        # Sent as it is, it may be a request line, or a whole request, of its own.
        method = (method.split() or [""])[0]
        blind += [f"{part}: a blank or newline hides it" for part in ("method", "path", "body")]
    if url.scheme in _RAW:
        method = ""
        blind += [f"{part}: {url.scheme} sends any text" for part in ("method", "path", "body")]
    if UNSEEN in method and not _told(blind, "method"):
        blind.append(f"method: {show(method)}")
    fields, hidden = graphql.read(
        body,
        show(url.query),
        show(url.path),
        " ".join(headers_named(sent.headers, "content-type")).lower(),
        tuple((show(name), show(value)) for name, value in sent.parts) if sent.parts else None,
    )
    shown = host or SHOWN
    if connect and connect != host:
        shown += f", really {connect}"
    return HttpRequest(
        method="" if UNSEEN in method else method,
        scheme=url.scheme,
        host=host,
        path=show(f"{url.path}?{url.query}" if url.query else url.path),
        target=Target("http", shown, _locality(sent, host, connect, blind, around), "argv"),
        connect_host=connect,
        body=body,
        graphql=fields,
        cannot_see=(*blind, *hidden),
    )


def _told(blind: list[str], part: str) -> bool:
    return any(said.startswith(f"{part}:") for said in blind)


def _locality(
    sent: Sent, host: str, connect: str, blind: list[str], around: Surroundings
) -> Locality:
    """Local means both: the host that is named and the one that is really connected to."""
    if not host or _told(blind, "host"):
        return Locality.UNKNOWN
    if not urls.is_local(host) or (connect and not urls.is_local(connect)):
        return Locality.REMOTE
    elsewhere = sent.follows and sent.method not in ("GET", "HEAD")  # method and body go along
    return Locality.UNKNOWN if around.remote or elsewhere else Locality.LOCAL


def _operations(sent: Sent) -> Iterator[str]:
    """Yield the operation that a service of AWS is told to do: its path says nothing."""
    if not sent.url.host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return
    for value in headers_named(sent.headers, "x-amz-target"):
        yield show(value.rpartition(".")[2])
    for text in (sent.url.query, sent.body or ""):
        yield from re.findall(r"(?:^|[&?\n])Action=(\w+)", text)


def _overrides(sent: Sent) -> Iterator[str]:
    """Yield every method that a server may take instead of the one that is sent."""
    for name in _OVERRIDES:
        yield from (value.upper() for value in headers_named(sent.headers, name))
    if sent.method.upper() != "POST":
        return
    fields = [*_fields(sent.url.query), *(sent.parts or ())]
    if sent.parts is None and sent.body:
        body = _UNICODE.sub(lambda found: chr(int(found[1], 16)), sent.body)
        yield from (value.upper() for value in _METHOD_MEMBER.findall(body))
        fields += _fields(sent.body)
    yield from (value.strip().upper() for name, value in fields if name.strip() == "_method")


def _fields(form: str) -> list[tuple[str, str]]:
    """Return the names and values of `a=b&c=d` where one of them may be _method."""
    if "=" not in form or not ("%" in form or "_method" in form):
        return []
    from urllib.parse import unquote_plus

    pairs = (part.partition("=") for part in re.split("[&;]", form))
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs if len(name) < 50]


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
