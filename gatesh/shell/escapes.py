r"""Backslash escapes as `$'…'`, `echo -e` and `printf` understand them."""

from __future__ import annotations

import re

_ESCAPE = (
    r"(?s)\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.)|(.))"
)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
            "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"}  # fmt: skip


def unescape(text: str) -> str:
    """Return what `$'…'` stands for: a NUL ends it."""
    return decode(text).split("\0", 1)[0]


def decode(text: str) -> str:
    r"""Replace backslash escapes: `\x72m` → `rm`."""
    data = bytearray()
    at = 0
    for match in re.finditer(_ESCAPE, text):
        data += text[at : match.start()].encode("utf-8", "surrogateescape")
        at = match.end()
        data += _escaped(*match.groups(), raw=match.group())
    data += text[at:].encode("utf-8", "surrogateescape")
    return bytes(data).decode("utf-8", "surrogateescape")


def _escaped(
    hexadecimal: str | None,
    octal: str | None,
    short: str | None,
    long: str | None,
    control: str | None,
    letter: str | None,
    *,
    raw: str,
) -> bytes:
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    point = short or long
    if point:
        number = int(point, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            return raw.encode()
        return chr(number).encode()
    if control:
        return bytes([ord(control) & 0x1F]) if control.isascii() else raw.encode()
    return _LETTERS[letter].encode() if letter in _LETTERS else raw.encode()
