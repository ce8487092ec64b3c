"""HTTP requests in Python code: requests, httpx, aiohttp, urllib and http.client, told as curl."""

from __future__ import annotations

import ast
import re

from gatesh.facts import amounts
from gatesh.facts.amounts import is_seen, unseen
from gatesh.facts.python_proxies import proxies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts.python_call import Call
    from gatesh.facts.python_values import Module


def _requests(call: Call) -> Iterator[str]:
    """Tell requests, httpx, aiohttp: `delete(url)`, `request(method, url)`, and their sessions."""
    verb = call.name.rpartition(".")[2]
    at = 0
    method = verb.upper()
    if verb in ("request", "stream", "Request", "urlopen"):
        method, at = call.text(0, "method").upper(), 1
    if not is_seen(method):
        method = unseen("method")
    body = _body(call)
    client = call.module.origin(
        call.node.func, "httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession"
    )  # fmt: skip
    base = keyword_of(call.module, client, "base_url")
    for url in call.texts(at, "url"):
        whole = base.rstrip("/") + "/" + url.lstrip("/") if base and "://" not in url else url
        yield from _through(call, method, whole, body)


def _through(call: Call, method: str, url: str, body: str | None) -> Iterator[str]:
    """Tell a request, once for each proxy that it may go through."""
    for proxy in proxies(call, url):
        yield amounts.request(method, url, body, proxy=proxy)


def _body(call: Call) -> str | None:
    for name in ("json", "data", "content", "body"):
        found = next((k.value for k in call.node.keywords if k.arg == name), None)
        if found is not None and not (isinstance(found, ast.Constant) and found.value is None):
            return json_of(call.module, found)
    return None


def json_of(module: Module, node: ast.expr) -> str:
    """Return the JSON that an expression becomes; parts that are not known are marked inside it."""
    import json

    def plain(part: ast.expr | None, deep: int) -> object:
        if isinstance(part, ast.Dict) and deep < 12:
            pairs = zip(part.keys, part.values, strict=False)
            return {module.values(k)[0]: plain(v, deep + 1) for k, v in pairs}
        if isinstance(part, ast.Call) and module.called(part.func) == "dict" and deep < 12:
            return {k.arg: plain(k.value, deep + 1) for k in part.keywords if k.arg}
        if isinstance(part, ast.List | ast.Tuple) and deep < 12:
            return [plain(e, deep + 1) for e in part.elts]
        if isinstance(part, ast.Constant) and not isinstance(part.value, bytes):
            return part.value if not isinstance(part.value, complex) else None
        if isinstance(part, ast.Name) and deep < 12:
            bound = module.bound(part.id)
            if len(bound) == 1 and isinstance(bound[0], ast.Dict | ast.List | ast.Call):
                return plain(bound[0], deep + 1)
        return module.values(part)[0]

    if isinstance(node, ast.Name) and (bound := module.once(node.id)) is not None:
        node = bound
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "encode"
    ):
        return json_of(module, node.func.value)
    dumps = (
        "json.dumps",
        "orjson.dumps",
        "ujson.dumps",
        "simplejson.dumps",
        "urllib.parse.urlencode",
    )
    if isinstance(node, ast.Call) and module.called(node.func) in dumps and node.args:
        return json_of(module, node.args[0])
    found = plain(node, 0)
    if isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, default=str).replace("\\u0000", "\0")


def keyword_of(module: Module, call: ast.Call | None, *names: str) -> str:
    """Return a keyword of another call, or an empty string."""
    found = next((k.value for k in call.keywords if k.arg in names), None) if call else None
    return module.values(found)[0] if found is not None else ""


def _urlopen(call: Call) -> Iterator[str]:
    if not call.name.endswith("Request") and call.module.origin(
        call.argument(0, "url") or call.node, "urllib.request.Request"
    ):
        return  # told where the request is made
    data = call.argument(1, "data")
    body = None if data is None else json_of(call.module, data)
    method = "POST" if body else "GET"
    if call.name.endswith("Request"):
        bound = (*call.module.bound(".get_method"), *call.module.bound(".method"))
        said = [b.body if isinstance(b, ast.Lambda) else b for b in bound if b is not None]
        if call.has(5, "method"):
            method = call.text(5, "method")
        elif said:
            method = call.module.values(said[0])[0]
    for url in call.texts(0, "url", "fullurl"):
        yield from _through(call, method, url, body)


def _connection(call: Call) -> Iterator[str]:
    """Tell `http.client.HTTPSConnection(host).request(method, path, body)`."""
    made = ("http.client.HTTPSConnection", "http.client.HTTPConnection")
    client = call.module.origin(call.node.func, *made)
    host = call.module.values(client.args[0])[0] if client and client.args else unseen("host")
    proxy = ""
    if tunnel := next(iter(call.module.methods("set_tunnel")), None):
        port = call.module.values(client.args[1])[0] if client and client.args[1:] else ""
        proxy = f"{host}:{port}" if port else host
        host = call.module.values(tunnel.args[0])[0] if tunnel.args else unseen("host")
    scheme = "https" if "HTTPSConnection" in call.name else "http"
    body = call.text(2, "body") if call.has(2, "body") else None
    yield amounts.request(
        call.text(0, "method"), f"{scheme}://{host}{call.text(1, 'url')}", body, proxy=proxy
    )


_CLIENT = r"(?:\.(?:Session|session|sessions\.Session|Client|AsyncClient|ClientSession)\(\))?"
_VERB = r"(?:get|post|put|patch|delete|request|stream|Request)"
_POOL = r"urllib3\.(?:PoolManager|(?:poolmanager\.)?ProxyManager|proxy_from_url)\(\)"
_OPENER = r"(?:build_opener|OpenerDirector|(?:Fancy)?URLopener)\(\)\.open"
METHODS: tuple[tuple[re.Pattern[str], Callable[[Call], Iterator[str]]], ...] = (
    (re.compile(rf"(?:requests|requests\.api|httpx|aiohttp|niquests|curl_cffi\.requests|requests_html){_CLIENT}\.{_VERB}"),
     _requests),
    (re.compile(rf"(?:urllib3|{_POOL}|httplib2\.Http\(\))\.(?:request|urlopen)"), _requests),
    (re.compile(r"http\.client\.HTTPS?Connection\(\)\.(?:request|putrequest)"), _connection),
    (re.compile(rf"urllib\.request\.(?:urlopen|Request|{_OPENER})"), _urlopen),
)  # fmt: skip
