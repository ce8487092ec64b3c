"""Secrets out of text, before it is stored or shown. Pure.

What counts as one: a value with a secret's name (headers, NAME=value, JSON keys, `--password x`), the
places where a tool's grammar puts one (`curl -u user:HERE`, `mysql -pHERE`, a URL's password), and shapes
that only tokens have. A secret found in one place is taken out of everything else that is stored with it.
Not found: a secret that has neither name, place nor shape. Guessing more would hide the evidence; and what
may hold a command (`TOKEN="x$(rm -rf /)"`, quotes that are not what they seem) is left to be seen.

A plain line costs a few substring tests; find.py and its patterns are imported when one of them hits.
"""

from __future__ import annotations

from gatesh._value import Value
from gatesh.redact.shapes import find_shapes, may_have_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MARK = "<redacted>"
_LONG, _MOST_KNOWN = 200, 4096  # of texts that are remembered
_LONGEST_KNOWN = 4000  # of values that are: an agent chooses its own, and how many there are
_MOST = 200  # more secrets in one line are taken out of it, but not looked for elsewhere

# A text without any of these holds nothing that find.py would find by name or place.
_HINTS = (
    "pass", "pwd", "pw=", "secret", "token", "key", "auth", "bearer", "basic ", "cookie", "credential",
    "identified", "jwt", "pat=", "psk=", "curl", "http", "xh", "mysql", "mariadb", "mycli", "redis-cli",
    "mongo", "sqlcmd", "bcp", "ldap", "smbclient", "rpcclient", "zip", "7z", "rar", "mosquitto", "lftp",
    "ipmitool", "variable", "config", "vault", "setenv", "env:set", "env-set", "sudo", "gh ", "docker",
    "securestring", "://", "base64",
)  # fmt: skip
_ENVIRONMENT = (
    "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "_PASS", "_PWD", "_KEY", "APIKEY", "CREDENTIAL",
    "CREDENTIALS", "_AUTH", "_PAT", "_JWT", "KEY_BASE",
)  # fmt: skip


class Redacted(Value):
    """A text without its secrets; `spans` are where they stood in the text that came in."""

    text: str
    spans: tuple[tuple[int, int], ...]
    secrets: tuple[str, ...]  # those certain enough to be taken out of other texts, too

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `start` to `end` of the text that came in stand in `text`."""
        return self._place(start, last=False), self._place(end, last=True)

    def _place(self, place: int, *, last: bool) -> int:
        shift = 0
        for start, end in self.spans:
            if place >= end:
                shift += len(MARK) - (end - start)
            elif place > start:
                return start + shift + (len(MARK) if last else 0)
        return place + shift


_plain: set[str] = set()  # a shell's folders and words come again and again
_spelled: dict[str, tuple[str, ...]] = {}
_entries: dict[bytes, tuple[str, ...]] = {}  # of environments: what is secret in each


def is_plain(text: str) -> bool:
    """Claim that neither a text nor any part of it holds a secret by its name, place or shape."""
    if text in _plain:
        return True
    lower = text.lower()
    if any(hint in lower for hint in _HINTS) or may_have_shape(text):
        return False
    if len(text) < _LONG:
        if len(_plain) >= _MOST_KNOWN:
            _plain.clear()
        _plain.add(text)
    return True


def redact(
    text: str, secrets: tuple[str, ...] = (), places: tuple[tuple[int, int], ...] = ()
) -> Redacted:
    """Return `text` without the secrets found in it, those already known, and what stands at `places`."""
    found = list(places)
    if not is_plain(text):
        from gatesh.redact.find import find

        found += find_shapes(text)
        found += find(text)
    for secret in secrets:
        found += _everywhere(text, secret)
    if MARK in text:  # redacted before: the mark is not a secret, whatever stands in front of it
        found = [span for span in found if text[slice(*span)].strip("\"'<>") != "redacted"]
    if not found:
        return Redacted(text, (), tuple(secrets))
    spans = _merged(found)
    return Redacted(_without(text, spans), spans, _collected(text, spans, secrets))


def redact_words(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the words of one simple command without their secrets, and the secrets."""
    together = " ".join(words)
    if is_plain(together):
        return list(words), ()
    found: list[list[tuple[int, int]]] = [list(redact(word).spans) for word in words]
    lower = together.lower()
    if any(hint in lower for hint in _HINTS):
        from gatesh.redact.argv import secret_parts

        for index, start, end in secret_parts(words):
            found[index].append((start, end))
    hidden: list[str] = []
    secrets: list[str] = []
    for word, spans in zip(words, found, strict=True):
        merged = _merged(spans)
        hidden.append(_without(word, merged))
        secrets += _collected(word, merged, ())
    return hidden, tuple(dict.fromkeys(secrets))


def secrets_of_environment(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of variables with a secret's name: expanded, they would be in facts."""
    return tuple(value for name, value in env.items() if _is_secret(name, value))


def secrets_in(environment: bytes) -> tuple[str, ...]:
    """Return the same of an environment as the kernel keeps it, in all spellings that are looked for.

    Most of its entries were in the last one, too.
    """
    found: tuple[str, ...] = ()
    for entry in environment.split(b"\0"):
        forms = _entries.get(entry)
        if forms is None:
            if len(_entries) >= _MOST_KNOWN:
                _entries.clear()
            name, _, value = entry.decode("utf-8", "surrogateescape").partition("=")
            forms = _forms(value) if _is_secret(name, value) else ()
            if len(entry) < _LONGEST_KNOWN:
                _entries[entry] = forms
        found += forms
    return found


def _is_secret(name: str, value: str) -> bool:
    return (
        name.upper().endswith(_ENVIRONMENT)
        and is_strong(value)
        and not value.startswith(("/", "~", "./", "http://", "https://"))
    )


def is_strong(value: str) -> bool:
    """Claim that `value` is so particular that it means the secret wherever it stands.

    Narrow on purpose: an agent chooses what it calls a token, and X_TOKEN=volumeDelete shall not take that
    word out of the record and off the card.
    """
    size = len(value)
    if size < 6 or ("/" in value and size < 30) or not value.isprintable():
        return False
    if any(c in " ;|&<>(){}$`\"'\\" for c in value):
        return False
    letters = any(c.isalpha() for c in value)
    if letters and any(c.isdigit() for c in value):
        return True
    if size >= 20 and any(c.isupper() for c in value) and any(c.islower() for c in value):
        return True
    return size >= 8 and letters and any(c in "!@#%^*+=~?" for c in value)


def _everywhere(text: str, secret: str) -> Iterator[tuple[int, int]]:
    for form in _forms(secret):
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + len(form))


def _forms(secret: str) -> tuple[str, ...]:
    """Return how a secret may be spelled elsewhere: as JSON, in a URL, decoded from a URL."""
    if not secret:
        return ()
    known = _spelled.get(secret)
    if known is None:
        if len(_spelled) >= _MOST:
            _spelled.clear()
        known = _spellings(secret)
        if len(secret) < _LONGEST_KNOWN:
            _spelled[secret] = known
    return known


def _spellings(secret: str) -> tuple[str, ...]:
    if all(c.isalnum() or c in "-._~" for c in secret):
        return (secret,)
    from gatesh.redact.find import spellings

    return spellings(secret)


def _merged(found: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if end <= start:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    last = 0
    for start, end in spans:
        parts += [text[last:start], MARK]
        last = end
    return "".join(parts) + text[last:]


def _collected(
    text: str, spans: Iterable[tuple[int, int]], known: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the secrets certain enough to be taken out of other texts, the known ones first."""
    secrets = dict.fromkeys(known)
    for start, end in spans:
        value = text[start:end]
        bare = value.replace('"', "").replace("'", "").replace("\\", "")
        for form in (value, bare):
            if is_strong(form) and MARK not in form:
                secrets[form] = None
        if len(secrets) >= _MOST:
            break
    return tuple(secrets)
