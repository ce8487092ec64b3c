"""Secrets by their name, in any text, and by their place, in what looks like a command line."""

from __future__ import annotations

import re
from bisect import bisect_right

from gatesh.redact import is_strong
from gatesh.redact.argv import secret_parts
from gatesh.redact.names import names_secret, secret_value
from gatesh.redact.shapes import find_shapes
from gatesh.redact.split import Piece, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEPTH = 4  # how far quotes inside quotes are followed

# Patterns are compiled by `re` when they are first needed: all of them together take 3 ms.
_VALUE = r"""(?x) \\"(?P<e>(?:(?!\\").){1,4096})\\" | "(?P<d>(?:[^"\\\n]|\\.){1,4096})"
    | '(?P<q>[^'\n]{1,4096})' | (?P<u>[^\s"'`;|&<>()]{1,4096})"""
_PAIR = r"""(?x) (?<![\w.-])(?<!//) (?P<n>[A-Za-z_][\w.-]{0,80})
    (?P<s>\\?["']?[ \t]{0,3}(?:=>|:=|[=:])[ \t]{0,3})"""
_HEADER = r"""(?ix) (?<![\w-]) (?<!//) (?:
      (?:proxy-)?authorization | private-token | job-token
      | [a-z][a-z-]{0,40}-(?:token|api-?key|auth-key|secret|secret-key|access-key|password|subscription-key)
      | api-?key | x-auth | x-auth-token | x-api-key )
    \\?["']? \s{0,3} [:=]>? \s{0,3} \\?["']?
    (?: (?:bearer|basic|token|apikey|api-key|digest|negotiate|key) \s+ )?
    (?P<v> [^\s"'\\,;&|<>()`]{3,8192} )"""
_COOKIES = r"""(?ix) (?<![\w-]) (?:set-)?cookie2? \\?["']? \s{0,3} : \s{0,3}
    (?P<v> [\w.-]{1,80}=[^\s"'\\,;&|<>()`]{1,8192} (?: ;\x20?[\w.-]{1,80}=[^\s"'\\,;&|<>()`]{0,8192} )* )"""
_COOKIE = r"""[\w.-]{1,80}=(?P<v>[^\s;]+)"""
_SCHEME = r"(?i)\b(?:bearer|basic)[ \t]+(?P<v>[A-Za-z0-9+/._~=-]{8,8192})"
_URL = r"""(?x) (?P<s>[A-Za-z][A-Za-z0-9+.-]{1,20}):// (?P<u>[^\s/:@"'`]*)
    (?: : (?P<v>[^\s"'`<>]*) )? @"""
_SQL = r"""(?ix) \b (?: password | identified\s{1,3} (?:with\s{1,3}\S{1,60}\s{1,3})? by (?:\s{1,3}password)? )
    \s{1,3} \\?'(?P<v>[^'\\\n]{1,512})"""
_FEED = r"""(?x) \b(?:echo|printf) (?:[ ]+-[neE]+)* [ ]+
    (?: "(?P<d>[^"\n]+)" | '(?P<q>[^'\n]+)' | (?P<u>[^\s"'|;&<>-][^\s"'|;&<>]*) )
    [ ]* \| [ ]*
    (?: sudo[ ](?:-\w+[ ])*-\w*S | (?:sudo[ ])?chpasswd
      | [^|;&\n]{1,200}? (?: --password-stdin | --token-stdin | --with-token )
      | gh[ ]secret[ ]set | wrangler[ ]secret[ ]put | vercel[ ]env[ ]add | gcloud[ ]secrets
      | docker[ ]secret[ ]create )"""
_CODED = r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{20,}={0,2}(?![A-Za-z0-9+/=])"
_ONE_WORD = r"[\w.=:+-]{16,}\n?"
_NAMES = (
    "pass", "pwd", "pw", "secret", "token", "key", "auth", "bearer", "basic ", "cookie", "credential",
    "jwt", "pat", "psk", "signature",
)  # fmt: skip
_SCHEMES = ("bearer", "basic", "token", "digest", "negotiate")
_NO_SECRET_HEADER = (
    "idempotency",
    "x-idempotency",
    "public",
    "sort-",
    "partition-",
    "primary-",
    "cache-",
)


def find(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the secrets in `text` stand; the spans may overlap."""
    commands = list(split(text))
    words = [piece for pieces in commands for piece in pieces]
    for start, end in _found(text, commands):
        shown = _commands_shown(text, start, end, words)
        if shown > start:
            yield start, shown


def find_named(text: str) -> Iterator[tuple[int, int]]:
    """Yield the same of a text that is no command line: by its name, in a header, in a URL."""
    lower = text.lower()
    if any(hint in lower for hint in _NAMES):
        yield from _in_headers(text)
        yield from _in_pairs(text)
    if "://" in lower and "@" in lower:
        yield from _in_urls(text)
    if "password" in lower or "identified" in lower:
        yield from _in_statements(text)


def _found(text: str, commands: list[list[Piece]]) -> Iterator[tuple[int, int]]:
    yield from find_named(text)
    lower = text.lower()
    if "|" in lower and ("echo" in lower or "printf" in lower):
        yield from _in_feeds(text)
    if "base64" in lower:
        yield from _in_base64(text)
    yield from _in_words(text, commands, 0)


def _commands_shown(text: str, start: int, end: int, words: list[Piece]) -> int:
    """Return where the span must end so that it hides no command; `start` where all of it must be seen.

    INVARIANT: nothing that bash would run is redacted. A quote that closes looks like one that opens, and an
    agent can arrange that: echo "token: "; rm -rf /srv; echo "".
    """
    value = text[start:end]
    for opening in ("$(", "`", "<(", ">("):
        if opening in value:
            end = start + value.index(opening)
            value = text[start:end]
    if not any(c in value for c in ";|&\n"):
        return end
    if any(c.isspace() for c in value):
        return start
    at = bisect_right(words, start, key=lambda piece: piece.start) - 1
    return end if at >= 0 and end <= words[at].end else start


def spellings(secret: str) -> tuple[str, ...]:
    """Return how a secret may be spelled elsewhere: as JSON, in a URL, decoded from a URL."""
    quoted = "".join(
        c
        if c.isalnum() or c in "-._~"
        else "".join(f"%{b:02X}" for b in c.encode("utf-8", "replace"))
        for c in secret
    )
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    decoded = re.sub("%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), secret)
    return tuple(dict.fromkeys((secret, escaped, quoted, decoded)))


def _in_headers(text: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(_HEADER, text):
        name, value = found[0].lower(), found["v"]
        if value.lower() in _SCHEMES:
            continue
        if secret_value("token", value) and not name.startswith(_NO_SECRET_HEADER):
            yield found.span("v")
    for header in re.finditer(_COOKIES, text):
        for found in re.compile(_COOKIE).finditer(text, *header.span("v")):
            yield found.span("v")
    for found in re.finditer(_SCHEME, text):
        value = found["v"]
        if len(value) >= 24 or any(c.isdigit() or c.isupper() for c in value[1:]):
            yield found.span("v")


def _in_urls(text: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(_URL, text):
        a_port = found["s"][:4].lower() == "http" and re.match(r"\d{1,5}/", found["v"] or "")
        if found["v"] and not a_port and secret_value("password", found["v"]):
            yield found.span("v")
        elif found["v"] is None and len(found["u"]) >= 16 and is_strong(found["u"]):
            yield found.span("u")  # https://TOKEN@host


def _in_pairs(text: str) -> Iterator[tuple[int, int]]:
    value_at = re.compile(_VALUE).match
    done = 0  # token=token=token=…: what was taken once is not looked at again
    for pair in re.finditer(_PAIR, text):
        name = pair["n"]
        aliased = text[: pair.start()].endswith("alias ")
        if pair.start() < done or aliased or not names_secret(name):
            continue
        found = value_at(text, pair.end())
        if not found:
            continue
        done = found.end()
        group = next(g for g in ("e", "d", "q", "u") if found[g] is not None)
        value, (start, end) = found[group], found.span(group)
        if group == "u":
            value = value.rstrip(",})]")
            end = start + len(value)
            loose = pair["s"] != "="  # `token: x`, `token = x`: prose and code look like that, too
            if text[end : end + 1] in ("(", "[") or (loose and not is_strong(value)):
                continue
        if secret_value(name, value):
            yield start, end


def _in_statements(text: str) -> Iterator[tuple[int, int]]:
    """Yield what SQL sets as a password."""
    for found in re.finditer(_SQL, text):
        if secret_value("password", found["v"]):
            yield found.span("v")


def _in_base64(text: str) -> Iterator[tuple[int, int]]:
    """Yield HERE of `echo HERE | base64 -d` where it is a token, and nothing that could be run."""
    from base64 import b64decode

    for found in re.finditer(_CODED, text):
        try:
            inside = b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode("ascii")
        except ValueError:
            continue
        if re.fullmatch(_ONE_WORD, inside) and next(find_shapes(inside), None):
            yield found.span()


def _in_feeds(text: str) -> Iterator[tuple[int, int]]:
    """Yield HERE of `echo HERE | docker login --password-stdin`."""
    for found in re.finditer(_FEED, text):
        group = next(g for g in ("d", "q", "u") if found[g] is not None)
        value = found[group]
        start = found.start(group) + (value.find(":") + 1 if "chpasswd" in found[0] else 0)
        if secret_value("password", value):
            yield start, found.end(group)


def _in_words(text: str, commands: Iterable[list[Piece]], depth: int) -> Iterator[tuple[int, int]]:
    for pieces in commands:
        for index, start, end in secret_parts([piece.text for piece in pieces]):
            yield pieces[index].cover(start, end)
        for piece in pieces:
            if "\\" in piece.source or "''" in piece.source or '""' in piece.source:  # Bearer\ HERE
                for start, end in _in_headers(piece.text):
                    yield piece.cover(start, end)
            yield from _in_quotes(text, piece, depth)


def _in_quotes(text: str, piece: Piece, depth: int) -> Iterator[tuple[int, int]]:
    """Look inside a quoted word: `sh -c "mysql -pHERE"`."""
    first, last = piece.start, piece.end
    if depth >= _DEPTH or " " not in piece.text or last - first < 3:
        return
    if text[first] in "\"'" and text[last - 1] == text[first]:
        inside = text[first + 1 : last - 1]
        for start, end in _in_words(inside, split(inside), depth + 1):
            yield first + 1 + start, first + 1 + end
