"""httpie and xh: `http [METHOD] URL [ITEM…]`."""

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

    from gatesh.facts import World

_VALUED = """
a:auth A:auth-type session session-read-only o:output p:print P:history-print pretty s:style
format-options response-charset response-mime timeout max-redirects max-headers proxy verify ssl
ciphers cert cert-key cert-key-pass default-scheme raw boundary bearer http-version resolve interface
unix-socket
"""
_FLAGS = """
j:json f:form multipart x:compress unsorted sorted h:headers m:meta b:body v:verbose all S:stream
d:download c:continue q:quiet offline path-as-is chunked F:follow check-status ignore-netrc
I:ignore-stdin help version manual traceback default-options debug https curl curl-long
"""

GRAMMAR = Grammar(
    values=tuple(f"--{e.rpartition(':')[2]}" for e in _VALUED.split()),
    flags=tuple(f"--{e.rpartition(':')[2]}" for e in _FLAGS.split()),
    abbreviations=True,
    aliases={f"-{e[0]}": f"--{e[2:]}" for e in (_VALUED + _FLAGS).split() if e[1:2] == ":"},
)

_NO_REQUEST = ("--offline", "--help", "--version", "--manual", "--curl", "--curl-long")
_METHOD = re.compile(r"[a-zA-Z]+|\0")  # \0: a word nobody can see
_FEEDING = ("<", "<>", "<&", "<<", "<<-", "<<<")
_ITEM = re.compile(r"((?:\\.|[^\\:=@])*)(:=@|:=|==|=@|=|@|:)(.*)", re.DOTALL)


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the one request that httpie would send."""
    around = Surroundings(command, line, world)
    options: dict[str, str] = {}
    words: list[Word] = []
    for given in walk(command.words[1:], GRAMMAR):
        if given.option:
            options[given.name] = visible(given.word) if given.word else ""
        elif given.word:
            words.append(given.word)
    if all_known(command.words) and any(name in options for name in _NO_REQUEST):
        return
    if not words and not command.more_words:
        return
    blind = [f"method: {w.text}" for w in words[:2] if unquoted(w)]
    if command.more_words:
        blind.append("method: more words will be added")
    texts = [visible(word) for word in words]
    method = texts.pop(0).upper() if _names_method(texts) else ""
    text = texts.pop(0) if texts else UNSEEN
    headers, query, body, parts = _items(texts, options, around, blind)
    fed = (
        command.stdin
        or command.piped_in
        or any(r.op in _FEEDING and not r.fd for r in command.redirects)
    )
    if body is None and "--ignore-stdin" not in options and fed:
        content = around.stdin()
        blind += ["body: standard input"] if content is None else []
        body = UNSEEN if content is None else content
    url = _url(text, command.program, options)
    if query:
        url = url.but(query="&".join([*([url.query] if url.query else []), *query]))
    yield from http.requests(
        http.Sent(
            method or ("GET" if body is None else "POST"),
            url,
            body,
            tuple(headers),
            _connect(url, options, around),
            tuple(blind),
            parts,
        ),
        around,
    )


def _names_method(texts: list[str]) -> bool:
    """Claim that the first operand is the method: letters, and a URL rather than an item behind it."""
    if len(texts) < 2 or not _METHOD.fullmatch(texts[0]):
        return False
    return (
        _ITEM.fullmatch(texts[1]) is None
        or re.match(r"\w+://|:|[\w.-]+(:\d|/)", texts[1]) is not None
    )


def _url(text: str, program: str, options: dict[str, str]) -> urls.Url:
    scheme = "https" if program in ("https", "xhs") or "--https" in options else "http"
    scheme = options.get("--default-scheme", scheme)
    text = text.removeprefix("://")
    if re.match(r":(?!:)", text):  # :8000/x and :/x are localhost
        text = f"localhost{text.replace(':/', '/', 1) if text.startswith(':/') else text}"
    return urls.parse(text, scheme=scheme, as_is="--path-as-is" in options)


def _items(
    texts: list[str], options: dict[str, str], around: Surroundings, blind: list[str]
) -> tuple[list[str], list[str], str | None, tuple[tuple[str, str], ...] | None]:
    """Sort request items into headers, query parameters, a body, and the parts of a form."""
    headers: list[str] = []
    query: list[str] = []
    fields: list[tuple[str, str, bool]] = []  # name, value, is raw JSON
    for text in texts:
        found = _ITEM.fullmatch(text)
        if found is None:
            blind.append("body: an item cannot be read")
            continue
        name, mark, value = re.sub(r"\\(.)", r"\1", found[1]), found[2], found[3]
        if mark.endswith("@"):
            content = around.given(value)
            if content is None:
                blind.append(f"body: {value} cannot be read")
            value = UNSEEN if content is None else content
        if mark == ":":
            headers.append(f"{name}: {value}")
        elif mark == "==":
            query.append(f"{name}={value}")
        else:
            fields.append((name, value, mark.startswith(":=")))
    if "--raw" in options:
        return headers, query, options["--raw"], None
    if not fields:
        return headers, query, None, None
    if "--form" in options or "--multipart" in options:
        parts = tuple((name, value) for name, value, _ in fields)
        return headers, query, "\n".join(f"{name}={value}" for name, value in parts), parts
    return headers, query, _json(fields), None


def _json(fields: list[tuple[str, str, bool]]) -> str:
    import json

    parts = [f"{json.dumps(n)}: {v if raw else _quoted(v)}" for n, v, raw in fields]
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    import json

    return UNSEEN.join(json.dumps(part)[1:-1] for part in text.split(UNSEEN)).join('""')


def _connect(url: urls.Url, options: dict[str, str], around: Surroundings) -> str:
    if path := options.get("--unix-socket"):
        return f"unix:{path}"
    if proxy := options.get("--proxy"):  # http:http://proxy:3128
        return urls.parse(proxy.partition(":")[2]).host
    return http.proxy_host(url.host, url.scheme, around)
