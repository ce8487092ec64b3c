"""What Ruby, Perl, PHP and Tcl write into a socket by hand, told as nc: texts that begin like a request."""

from __future__ import annotations

import re

from gatesh.facts import amounts
from gatesh.facts.amounts import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_STRING = re.compile("\x01(\\d+)\x01")
_SOCKET = re.compile(
    r"IO::Socket(?:::\w+)*->new|\b(?:TCPSocket|SSLSocket)\.(?:new|open)|\b(?:fsockopen|stream_socket_client)\b"
    r"|\bsocket\s+(?=[\w.\x01-]+\s+\d)"
)
_REQUEST = re.compile(r"\s*(?:[A-Z]{3,9}\s+\S+\s+HTTP/|flush_?all|flushdb|shutdown)", re.IGNORECASE)
_HOST = re.compile(r"(?:://|\s)((?:[\w-]+\.)+\w+|localhost)\b")
_PORT = re.compile(r"[\s:,](\d{2,5})\b")


def sent(text: str, strings: list[str]) -> Iterator[str]:
    """Yield what is sent by a text whose strings stand apart from it; the peer stands where it is opened."""
    opened = _SOCKET.search(text)
    if opened is None:
        return
    near = f" {text[opened.end() : opened.end() + 200]}"
    near = _STRING.sub(lambda m: f" {strings[int(m[1])]} ", near)
    host = _HOST.search(near)
    port = _PORT.search(near[host.end(1) :] if host else near)
    for each in strings:
        if _REQUEST.match(each):
            yield amounts.sent(host[1] if host else unseen("host"), port[1] if port else "80", each)
