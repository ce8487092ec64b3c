"""Through which proxies the requests of a Python text go: keywords, sessions, handlers, tunnels, PySocks.

What is set for one session or opener counts for all requests of the text that have no proxy of their own:
which of them it is used for is not followed.
"""

from __future__ import annotations

import ast

from gatesh.facts.amounts import is_seen, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.python_call import Call
    from gatesh.facts.python_values import Module

_NAMES = ("proxies", "proxy", "mounts")
_SOCKS = ("socks.set_default_proxy", "socks.setdefaultproxy")
_ENVIRONMENT = ("urllib.request.getproxies()", "requests.utils.getproxies()", "os.environ")
_MOST, _DEEP = 4, 8


def proxies(call: Call, url: str) -> list[str]:
    """Return the proxies that a request to `url` may go through; "" stands for none of its own."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    named = [k.value for k in call.node.keywords if k.arg in _NAMES]
    places = [(node, "") for node in named if not _is_none(node)] or _set(call.module)
    found = [text for node, key in places for text in _told(call.module, node, key, scheme, 0)]
    return list(dict.fromkeys(found))[:_MOST] or [""]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _set(module: Module) -> list[tuple[ast.expr, str]]:
    """Return what a text sets for all of its requests, and for which scheme."""
    if module.through is None:
        module.through = list(_settings(module))
    return module.through


def _settings(module: Module) -> Iterator[tuple[ast.expr, str]]:
    for bound in module.bound(".proxies"):
        if bound is not None:
            yield bound, ""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if isinstance(target.value, ast.Attribute) and target.value.attr == "proxies":
                yield node.value, module.values(target.slice)[0]
        elif isinstance(node, ast.Call):
            yield from ((part, "") for part in _handed(module, node))


def _handed(module: Module, node: ast.Call) -> Iterator[ast.expr]:
    """Yield what a call sets for later: `s.proxies.update(x)`, `ProxyHandler(x)`, `Client(proxy=x)`."""
    called = module.called(node.func)
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    last = called.rpartition(".")[2]
    if last in ("ProxyHandler", "ProxyManager", "proxy_from_url"):
        yield from [*node.args, *(k.value for k in node.keywords)][:1]
    elif called in _SOCKS and node.args[1:]:
        port = [ast.Constant(":"), node.args[2]] if node.args[2:] else []
        yield ast.JoinedStr([ast.Constant("socks5://"), node.args[1], *port])
    elif called == "setattr" and node.args[2:] and module.values(node.args[1]) == ["proxies"]:
        yield node.args[2]
    elif method == "set_proxy":
        yield from node.args[:1]
    elif method == "update" and isinstance(node.func, ast.Attribute):
        of = node.func.value
        if isinstance(of, ast.Attribute) and of.attr == "proxies":
            yield from node.args or [ast.Call(ast.Name("dict", ast.Load()), [], node.keywords)]
    elif last in ("Client", "AsyncClient", "ClientSession", "FancyURLopener", "URLopener"):
        yield from (k.value for k in node.keywords if k.arg in _NAMES)


def _told(module: Module, node: ast.expr, key: str, scheme: str, deep: int) -> Iterator[str]:
    """Yield the proxies that an expression gives for a scheme."""
    if _is_none(node) or deep > _DEEP or not _counts(key, scheme):
        return
    pairs = _pairs(module, node)
    if pairs is not None:
        for name, value in pairs:
            yield from _told(module, value, name, scheme, deep + 1)
    elif isinstance(node, ast.Name) and any(b is not None for b in module.bound(node.id)):
        bound = [b for b in module.bound(node.id) if b is not None]
        for part in bound:
            if isinstance(part, ast.Name | ast.Dict | ast.Call | ast.IfExp | ast.BoolOp):
                yield from _told(module, part, key, scheme, deep + 1)
            else:
                yield from filter(None, module.values(part))
    elif isinstance(node, ast.IfExp | ast.BoolOp):
        for part in node.values if isinstance(node, ast.BoolOp) else (node.body, node.orelse):
            yield from _told(module, part, key, scheme, deep + 1)
    elif isinstance(node, ast.Call) and module.called(node.func).rpartition(".")[2] in (
        "HTTPTransport", "AsyncHTTPTransport", "Proxy",
    ):  # fmt: skip
        given = [*node.args, *(k.value for k in node.keywords if k.arg in ("proxy", "url"))]
        for part in given[:1]:
            yield from _told(module, part, key, scheme, deep + 1)
    elif module.called(node) not in _ENVIRONMENT:
        yield from (text if is_seen(text) else unseen("proxy") for text in module.values(node))


def _pairs(module: Module, node: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """Return what a dictionary that is written down says for each scheme."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(module.values(k)[0] if k is not None else "", v) for k, v in pairs]
    if isinstance(node, ast.Call) and module.called(node.func) == "dict":
        return [(k.arg or "", k.value) for k in node.keywords]
    return None


def _counts(key: str, scheme: str) -> bool:
    """Claim that `https`, `https://host`, `all://` of a dictionary speak of a scheme."""
    named = key.partition(":")[0].lower()
    return not scheme or not is_seen(scheme) or named in ("", "all", scheme) or not is_seen(key)
