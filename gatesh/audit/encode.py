"""Values as JSON, written by hand: importing `json` would cost a shell 5 ms.

Fields that hold their default are left out. Every string goes through `clean` first, so that what is
stored is the redacted view of it.
"""

from __future__ import annotations

from enum import StrEnum

from gatesh._value import Value
from gatesh.model import Span, Word

try:
    from _json import encode_basestring_ascii as _quote
except ImportError:  # an interpreter without the accelerator
    from json.encoder import py_encode_basestring_ascii as _quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# One string longer than this is cut in the JSON columns, and says so; the line itself is kept whole.
LONGEST = 65_536


def to_json(
    value: object, clean: Callable[[str], str], word: Callable[[Word], str] | None = None
) -> str:
    """Return `value` as ASCII JSON; `word` gives the text of a Word, which knows its place."""

    def text(string: str) -> str:
        cleaned = clean(string)
        if len(cleaned) > LONGEST:
            cleaned = f"{cleaned[:LONGEST]}... [{len(cleaned) - LONGEST} more]"
        return _quote(cleaned)

    def pairs(value: Value) -> str:
        cls = type(value)
        parts = [f'"is":"{cls.__name__}"'] if cls is not Word else []
        defaults = cls._defaults
        for name in cls._fields:
            found = getattr(value, name)
            if name in defaults and (found is defaults[name] or found == defaults[name]):
                continue
            if word and name == "text" and isinstance(value, Word):
                found = word(value)
            parts.append(f'"{name}":{write(found)}')
        return "{" + ",".join(parts) + "}"

    def write(value: object) -> str:
        kind = type(value)  # the commonest first
        if kind is str:
            return text(value)  # type: ignore[arg-type]
        if kind is tuple:
            return "[" + ",".join([write(item) for item in value]) + "]"  # type: ignore[attr-defined]
        if isinstance(value, StrEnum):
            return _quote(value.value)
        if isinstance(value, str):
            return text(value)
        if value is None or isinstance(value, bool):
            return "null" if value is None else "true" if value else "false"
        if isinstance(value, int | float):
            return repr(value)
        if isinstance(value, Span):
            return f"[{value.start},{value.end}]"
        if isinstance(value, Value):
            return pairs(value)
        if isinstance(value, dict):
            inner = ",".join(f"{text(str(k))}:{write(v)}" for k, v in value.items())
            return "{" + inner + "}"
        if isinstance(value, tuple | list | frozenset | set):
            return "[" + ",".join(write(item) for item in value) + "]"
        return text(repr(value))

    return write(value)
