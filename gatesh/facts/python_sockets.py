"""What Python writes into a socket by hand, told as nc; the parts of a text may be sent one by one."""

from __future__ import annotations

import ast
import re

from gatesh.facts import amounts
from gatesh.facts.amounts import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts.python_values import Module

_OPENS = re.compile(
    r"socket\.create_connection|asyncio\.open_connection|telnetlib\.Telnet|(?:socket|ssl)\..*\.connect(?:_ex)?"
)
_SENDS = frozenset(("send", "sendall", "write", "sendto"))
_MOST = 50  # calls that send


def sent(module: Module, calls: Iterable[ast.Call]) -> Iterator[str]:
    """Yield what is sent to the peers that a text connects to."""
    calls = list(calls)
    peers = [c for c in calls if _OPENS.fullmatch(module.called(c.func))]
    if not peers:
        return
    sending = [
        c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in _SENDS and c.args
    ]
    text = "".join(module.values(call.args[0])[0] for call in sending[:_MOST])
    for call in peers[:4] if text else ():
        host, port = _peer(module, call)
        yield amounts.sent(host, port, text)


def _peer(module: Module, call: ast.Call) -> tuple[str, str]:
    """Return `(host, port)` of a call that has them in a pair, as arguments or by name."""
    named = {k.arg: k.value for k in call.keywords}
    first = call.args[0] if call.args else named.get("address")
    if isinstance(first, ast.Name):
        first = module.once(first.id) or first
    given = first.elts if isinstance(first, ast.Tuple) else call.args
    host = given[0] if given else named.get("host")
    port = given[1] if given[1:] else named.get("port")
    ports = module.values(port) if port is not None else ["23"]
    return (module.values(host)[0] if host is not None else unseen("host")), ports[0]
