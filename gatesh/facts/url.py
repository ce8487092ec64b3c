"""URLs as HTTP clients read them: host, path and query in the one spelling that rules compare."""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

EXPANSIONS = 256  # of one URL glob; what goes beyond is reported as unseen

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*|\0):/{1,3}")  # http:/h and http:///h go to h, too
_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+")
_GLOB = re.compile(
    r"\{([^{}\[\]]*,[^{}\[\]]*|[^{}\[\],]+)\}"
    r"|\[(\d+)-(\d+)(?::(\d+))?\]|\[([A-Za-z])-([A-Za-z])(?::(\d+))?\]"
)
_IGNORED = re.compile("[\u00ad\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]")  # IDNA maps them to nothing
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Url(Value):
    """A URL taken apart; a part in `unseen` is not, or not wholly, known."""

    scheme: str
    host: str  # lower case, without brackets, userinfo, port and final dot
    port: str
    path: str
    query: str = ""
    unseen: tuple[str, ...] = ()  # "host", "path", "query"


def parse(text: str, *, scheme: str = "http", as_is: bool = False) -> Url:
    """Return the parts of a URL as curl splits it; `scheme` is for a URL without one."""
    unseen = []
    if found := _SCHEME.match(text):
        scheme = found[1].lower()
        text = text[found.end() :] if scheme != "file" else text[text.index(":") + 1 :]
        if scheme == UNSEEN:
            scheme = ""
            unseen.append("host")  # it may hold a whole URL of its own
    end = re.search(r"[/?#]|$", text)
    at = end.start() if end else len(text)
    authority, rest = text[:at], text[at:].split("#", 1)[0]
    host, port = split_port(authority.rsplit("@", 1)[-1])
    if UNSEEN in authority:  # what is visible in front may be the host, if `/` or `:` comes next
        host, port = host.split(UNSEEN)[0] if "@" not in authority else "", ""
        unseen.append("host")
    path, _, query = rest.partition("?")
    path = path if path.startswith("/") else f"/{path}"
    if UNSEEN in path or authority.endswith(UNSEEN):
        unseen.append("path")
    if UNSEEN in query:
        unseen.append("query")
    path = decode(path) if as_is else squash(decode(path))
    default = {"http": "80", "https": "443"}.get(scheme, "")
    return Url(scheme, normal_host(host), port or default, path, query, tuple(unseen))


def split_port(authority: str) -> tuple[str, str]:
    """Split `host:port` and `[v6]:port`."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host.partition("%")[0], rest.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def normal_host(host: str) -> str:
    """Return the one spelling of a host: percent-encoding, Unicode look-alikes, odd IPv4 forms."""
    host = decode(host, every=True).replace(UNSEEN, "")
    if not host.isascii():
        import unicodedata

        host = unicodedata.normalize("NFKC", _IGNORED.sub("", host)).replace("\u3002", ".")
    host = host.lower().removesuffix(".")
    return _dotted(host) or host


def decode(text: str, *, every: bool = False) -> str:
    """Decode %xx of characters that need no encoding (`every`: of all)."""
    if "%" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        code = bytes.fromhex("".join(found[0].split("%")))
        if every:
            return code.decode("utf-8", "replace")
        return "".join(chr(c) if c in _UNRESERVED else f"%{c:02X}" for c in code)

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", one, text)


def squash(path: str) -> str:
    """Take `/x/../` and `/./` out, as clients do before they send."""
    if "/." not in path:
        return path
    out: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            out[-1:] = []
        elif part != ".":
            out.append(part)
    if parts[-1] in (".", ".."):
        out.append("")
    return "/" + "/".join(out)


def as_served(path: str) -> str:
    """Return the path that many servers make of the one they get: squashed, no empty segments."""
    return re.sub("/{2,}", "/", squash(path))


def is_local(host: str) -> bool:
    """Claim that a host is this machine: localhost and the loopback addresses, no private range."""
    if host == "localhost" or host.endswith(".localhost") or host.startswith("unix:"):
        return True
    if ":" in host:
        import ipaddress

        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            return False
        mapped = address.ipv4_mapped
        return mapped.is_loopback if mapped else address.is_loopback or address.is_unspecified
    return host == "0.0.0.0" or re.fullmatch(r"127(\.\d+){3}", host) is not None  # noqa: S104


def _dotted(host: str) -> str:
    """Return 127.0.0.1 for 127.1, 0x7f000001 and 2130706433, or nothing where it is a name."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return ""
    try:
        numbers = [
            int(p, 16 if "x" in p else 8 if p[0] == "0" and len(p) > 1 else 10) for p in parts
        ]
    except ValueError:
        return ""
    *heads, tail = numbers
    room = 4 - len(heads)
    if any(n > 255 for n in heads) or tail >= 256**room:
        return ""
    return ".".join(map(str, [*heads, *tail.to_bytes(room, "big")]))


def expand(text: str) -> Iterator[str]:
    """Yield what curl makes of {a,b} and [1-3] in a URL, EXPANSIONS at most, then UNSEEN."""
    count = 0
    pending = [("", text)]
    while pending:
        done, rest = pending.pop()
        found = _GLOB.search(rest)
        if found is None:
            yield (done + rest).replace("\\{", "{").replace("\\}", "}")
            count += 1
            if count == EXPANSIONS and pending:
                yield UNSEEN
                return
            continue
        if rest[: found.start()].endswith("\\"):
            pending.append((done + rest[: found.end()], rest[found.end() :]))
            continue
        head = done + rest[: found.start()]
        choices = list(_choices(found))
        pending.extend((head + choice, rest[found.end() :]) for choice in reversed(choices))


def _choices(found: re.Match[str]) -> Iterator[str]:
    if found[1] is not None:
        yield from found[1].split(",")
    elif found[2] is not None:
        width = len(found[2]) if found[2].startswith("0") else 0
        numbers = range(int(found[2]), int(found[3]) + 1, int(found[4] or 1) or 1)
        yield from (str(n).zfill(width) for n in numbers[: EXPANSIONS + 1])
    else:
        letters = range(ord(found[5]), ord(found[6]) + 1, int(found[7] or 1) or 1)
        yield from (chr(n) for n in letters)
