"""Compiled rules in a file, so that a shell starts without reading TOML.

Plain tuples by `marshal`, behind a seal made with the key of the state folder: a file that something else
put there is no cache. Named after gatesh's version, the places, and name, size, time and inode of every
pattern file. One that is damaged, foreign or stale is ignored and written anew. It is a convenience, not
evidence: a keeper never reads it.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

from gatesh import __version__
from gatesh._value import Value
from gatesh.errors import AuditError
from gatesh.facts.cli import Grammar
from gatesh.key import SEAL_SIZE, key_beside, load_key, read_key, seal
from gatesh.model import Layer, Severity
from gatesh.rules import rule as nouns
from gatesh.rules.match import RuleSet
from gatesh.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gatesh.places import Places

_FORM = 3  # of the file; a change of any class below changes the key by itself
NAME = "rules.cache"
PROJECT = "rules-project.cache"  # of the project that was last worked in
_LIMIT = 8_000_000
_PURPOSE = b"rules.cache"
_CLASSES: tuple[type[Value], ...] = (
    nouns.Rule, nouns.Choice, nouns.CliPattern, nouns.HttpPattern, nouns.GraphqlPattern,
    nouns.SqlPattern, nouns.FilePattern, nouns.LinePattern, Grammar,
)  # fmt: skip
_NUMBERS = {cls: number for number, cls in enumerate(_CLASSES)}
_MARK = "\0value"  # in front of a value's fields; no pattern holds a NUL


def key(places: Places, files: Iterable[tuple[str, Layer]]) -> str:
    """Return what the compiled rules depend on."""
    seen: list[object] = [_FORM, __version__, sys.version, plain(places)]
    seen += [cls._fields for cls in _CLASSES]
    for path, layer in files:
        try:
            found = os.stat(path)
        except OSError:
            seen.append((path, "missing"))
            continue
        owner = (found.st_uid, found.st_mode)
        times = (found.st_mtime_ns, found.st_ctime_ns)
        seen.append((path, layer.value, found.st_size, *times, found.st_dev, found.st_ino, owner))
    return repr(seen)


def read(folder: str, key: str, name: str = NAME) -> RuleSet | None:
    """Return the rules kept under this key, or None where there are none to be trusted."""
    data = _sealed(f"{folder}/{name}")
    if data is None:
        return None
    try:
        kept, rules, index, grammars, programs, digest = marshal.loads(data)  # noqa: S302
    except (ValueError, EOFError, TypeError):
        return None
    if kept != key:
        return None
    return RuleSet(rules, index, _Grammars(grammars), programs, digest, _opened)


def write(folder: str, key: str, rules: RuleSet, name: str = NAME) -> None:
    """Keep the rules, all or nothing; a folder that cannot be written only costs time."""
    packed = tuple(_closed(rule) for rule in rules.rules)
    grammars = {name: _closed(grammar) for name, grammar in rules.grammars.items()}
    parts: Any = (key, packed, dict(rules.index), grammars, rules.programs, rules.digest)
    data = marshal.dumps(_shared(parts, {}))
    path = f"{folder}/{name}"
    temporary = f"{path}.{os.getpid()}"
    try:
        sealed = seal(load_key(key_beside(path)), data, _PURPOSE) + data
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as file:
            file.write(sealed)
        os.replace(temporary, path)
    except (OSError, AuditError):
        return


class _Grammars(dict):  # type: ignore[type-arg]
    """Grammars that are unpacked when somebody asks for them: a line needs one or two."""

    def __getitem__(self, name: str) -> Grammar:
        found: Any = super().__getitem__(name)
        if isinstance(found, bytes):
            self[name] = found = _opened(found)
        return found  # type: ignore[no-any-return]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the grammar of that name."""
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> Any:
        """Return all of them."""
        return [(name, self[name]) for name in self]


def _closed(value: Value) -> bytes:
    """Return a value as bytes of its own: of two hundred rules a line needs a few."""
    return marshal.dumps(_shared(pack(value), {}))


def _opened(data: bytes) -> Any:
    return unpack(marshal.loads(data))  # noqa: S302  from a file that is sealed


def plain(value: Value) -> tuple[Any, ...]:
    """Return the fields of a value."""
    return tuple(getattr(value, name) for name in value._fields)


def pack(value: Any) -> Any:
    """Return a value as plain tuples."""
    if isinstance(value, Value):
        return (_MARK, _NUMBERS[type(value)], *(pack(field) for field in plain(value)))
    if isinstance(value, (Severity, Layer)):
        return value.value
    if isinstance(value, dict):
        return {name: pack(field) for name, field in value.items()}
    return tuple(pack(v) for v in value) if isinstance(value, tuple) else value


def _shared(packed: Any, seen: dict[str, Any]) -> Any:
    """Return it with equal parts as one object, which marshal writes and reads once: sets above all."""
    if isinstance(packed, dict):
        return {_shared(name, seen): _shared(field, seen) for name, field in packed.items()}
    if isinstance(packed, tuple):
        packed = tuple(_shared(part, seen) for part in packed)
    elif isinstance(packed, frozenset):
        packed = frozenset(_shared(part, seen) for part in packed)
        return seen.setdefault(repr(sorted(packed)), packed)
    return seen.setdefault(repr(packed), packed)


def unpack(packed: Any) -> Any:
    """Return the value that was packed."""
    if isinstance(packed, dict):
        return {name: unpack(field) for name, field in packed.items()}
    if not isinstance(packed, tuple):
        return packed
    if not packed or packed[0] != _MARK:
        return tuple(unpack(v) for v in packed)
    cls = _CLASSES[packed[1]]
    made = cls(*(unpack(field) for field in packed[2:]))
    if isinstance(made, Rule):
        return made.but(severity=Severity(made.severity), layer=Layer(made.layer))
    return made


def digest_of(value: object) -> str:
    """Return a digest of a value's whole content, the same in every process."""
    from hashlib import sha256

    return sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: object) -> str:
    if isinstance(value, Value):
        return type(value).__name__ + _canonical(plain(value))
    if isinstance(value, frozenset):
        return "{" + ",".join(sorted(_canonical(v) for v in value)) + "}"
    if isinstance(value, dict):
        return _canonical(sorted(value.items()))
    if isinstance(value, (tuple, list)):
        return "(" + ",".join(_canonical(v) for v in value) + ")"
    return repr(str(value))


def _sealed(path: str) -> bytes | None:
    """Return what gatesh itself kept at `path`: marshal must not even read anything else."""
    data = _own_bytes(path)
    try:
        key = read_key(key_beside(path))
    except AuditError:
        return None
    if not data or not key:
        return None
    kept = data[SEAL_SIZE:]
    return kept if data[:SEAL_SIZE] == seal(key, kept, _PURPOSE) else None


def _own_bytes(path: str) -> bytes | None:
    """Return the content of a file that nobody else could have written."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(fd, "rb") as file:
        found = os.fstat(fd)
        mine = found.st_uid == os.getuid() and not found.st_mode & 0o077
        if not stat.S_ISREG(found.st_mode) or not mine or found.st_size > _LIMIT:
            return None
        return file.read(_LIMIT)
