"""Secrets in a text: those that redaction takes out of records, those of files with a grammar of their own.

A text is scanned as gatesh.redact scans it, so that what is told about is what is hidden. What is found is
never shown by its own `repr`: an exception's text may reach a log.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.redact import MARK, is_strong, redact
from gatesh.redact.shapes import find_shapes, may_have_shape
from gatesh.secrets.fingerprint import decoded, essence
from gatesh.secrets.formats import Kind, is_public, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AROUND = 200  # characters before a secret that may hold its name
_MOST_CODED = 32  # runs of base64 in a text that are looked into
NAME = re.compile(
    r"""(?ix) ([a-z_][\w.-]{0,80}) \\?["']? \s{0,8} (?: => | := | [=:\s] ) \s{0,8} \\?["']?
    (?: (?:bearer|basic|token|digest) \s+ )? (?: [a-z][a-z0-9+.-]*:// [^\s"']* )? $"""
)
_CODED = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/_=-])")
_MAY_NAME = re.compile(  # a row that may name a secret and hold it
    r"(?i)(?:pass|pwd|pw|secret|token|key|auth|cookie|credential|jwt|pat|psk|signature)[\w.-]{0,80}\\?[\"']?\s{0,3}"
    r"(?:=>|:=|[=:]|'|\s+')|bearer |basic |identified|://[^\s/]*@"
)
_IN_QUOTES = re.compile(  # as a value, or as that of a header
    r"""(?i)["'`](?:[\w-]{1,60}:\s{0,3})?(?:(?:bearer|basic|token|digest)\s{1,3})?$"""
)
_EXAMPLE = re.compile(
    r"(?i)example|your[-_]|xxxx|changeme|change[-_]me|placeholder|dummy|redacted|sample|insert|replace[-_]"
    r"|\.\.\.|…|\*\*\*|[<>{}$]|^(.)\1+$|^(?:abc|123)[\w]{0,6}$|0123456789|12345678|abcdefgh|deadbeef"
)
# file name → where a secret stands in it, beside what every text may hold
_GRAMMARS: tuple[tuple[str, str], ...] = (
    (r"[._]netrc", r"(?m)\bpassword[ \t\n]+(?P<v>\S+)"),
    (r"\.?pgpass(?:\.conf)?", r"(?m)^[^#:\n]*:[^:\n]*:[^:\n]*:[^:\n]*:(?P<v>\S+)$"),
    (r"\.?curlrc", r"""(?m)^\s*-{0,2}(?:u|user|proxy-user|U)[ \t=:]+"?[^":\s]+:(?P<v>[^"\s]+)"""),
    (r"(?:config|.*kube.*|.*\.ya?ml|.*\.conf)", r"client-key-data:\s*(?P<v>[A-Za-z0-9+/=]{40,})"),
    (r"\.vault-token|access-token|token|\.?fly_token", r"\A\s*(?P<v>\S{16,400})\s*\Z"),
)  # fmt: skip


class Found(Value):
    """A secret in a text. INVARIANT: neither its value nor its spelling is ever printed or stored."""

    value: str
    name: str  # the variable, key or option that holds it; empty where it has none
    line: int  # counted from 1
    kind: Kind
    quoted: bool = False  # a quote stands before it
    spelled: str = ""  # how the text spells it, where that is another way: base64

    def __repr__(self) -> str:
        """Show where it stands, not what it is."""
        return f"Found({self.kind.name!r}, line {self.line})"

    @property
    def strong(self) -> bool:
        """Claim that the value means this secret wherever it stands: it can be searched and fingerprinted."""
        return is_strong(self.value)


def found_in(line: str) -> list[Found]:
    """Return the secrets in a command line, each value once."""
    return _each(line, redact(line).spans)


def found_in_file(text: str, path: str) -> list[Found]:
    """Return the secrets in a file, each value once, without those that anything else may be called."""
    from gatesh.redact.find import find_named

    name = path.rpartition("/")[2]
    rows = [row if _MAY_NAME.search(row) else "" for row in text.split("\n")]
    narrow = "\n".join(rows)  # its rows have the same numbers
    found = _each(text, [*find_shapes(text), *_by_grammar(text, name)])
    found += _each(narrow, find_named(narrow))
    return [one for one in _once(found) if one.strong and not is_example(one.value)]


def found_in_words(words: Iterable[str]) -> list[Found]:
    """Return the secrets among the words of one simple command."""
    from gatesh.redact.argv import secret_parts

    words = list(words)
    places: dict[int, list[tuple[int, int]]] = {}
    for index, start, end in secret_parts(words) if words else ():
        places.setdefault(index, []).append((start, end))
    found: list[Found] = []
    for index, word in enumerate(words):
        before = words[index - 1] if index and words[index - 1].startswith("-") else ""
        text = f"{before} {word}" if before else word
        shift = len(text) - len(word)
        spans = [span for span in redact(text).spans if span[1] > shift]
        found += _each(text, spans)
        told = [(start + shift, end + shift) for start, end in places.get(index, ())]
        found += _each(text, told, "password")  # by the option's place, which has no other name
    return _once(found)


def coded_in(text: str) -> list[Found]:
    """Return the secrets that stand in a text in base64: `echo SECRET | base64 -d`."""
    found: list[Found] = []
    for run in list(_CODED.finditer(text))[:_MOST_CODED]:
        inside = decoded(run[0])
        if not inside:
            continue
        spans = list(find_shapes(inside)) if may_have_shape(inside) else []
        spans += redact(inside).spans
        line = text.count("\n", 0, run.start()) + 1
        found += [one.but(line=line, spelled=run[0]) for one in _each(inside, spans)]
    return _once(found)


def is_example(value: str) -> bool:
    """Claim that a value stands in the place of a secret, in documentation or a template."""
    return bool(_EXAMPLE.search(value))


def _each(text: str, spans: Iterable[tuple[int, int]], unnamed: str = "") -> list[Found]:
    found = []
    for start, end in sorted(set(spans)):
        raw = text[start:end]
        if not raw or MARK in raw or is_public(raw):
            continue
        value, spelled = essence(raw)
        before = text[max(0, start - _AROUND) : start]
        named = NAME.search(before)
        name = named[1] if named else unnamed
        key = "PRIVATE KEY" in before[-60:]
        kind = (
            Kind("private key", "logs in or signs where its public half is known") if key else None
        )
        kind = kind or kind_of(value, name, before)
        line, quoted = text.count("\n", 0, start) + 1, bool(_IN_QUOTES.search(before))
        found.append(Found(value, name, line, kind, quoted, spelled))
    return _once(found)


def _once(found: Iterable[Found]) -> list[Found]:
    """Return each value once, as it was found with a name; a part of another is none."""
    kept: dict[str, Found] = {}
    for one in found:
        known = kept.get(one.value)
        if known is None or (one.name and not known.name):
            kept[one.value] = one
    return [
        one
        for one in kept.values()
        if not any(one.value != other and one.value in other for other in kept)
    ]


def _by_grammar(text: str, file: str) -> Iterator[tuple[int, int]]:
    for names, shape in _GRAMMARS:
        if re.fullmatch(names, file):
            for found in re.finditer(shape, text):
                yield found.span("v")
