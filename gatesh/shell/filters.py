"""What a filter makes of a known text: `base64 -d`, `xxd -r -p`, `rev`, `tr`; only the plain forms."""

from __future__ import annotations

import binascii
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CLASSES = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789",
    "space": "\t\n\v\f\r ",
    "blank": "\t ",
}
_SET_PART = re.compile(r"\[:([a-z]+):\]|\\([0-7]{1,3}|.)|([^\\])-([^\\])|(.)", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def filtered(words: list[str], text: str) -> str | None:
    """Return what a command prints that reads `text`; None where that cannot be told."""
    program = words[0].rsplit("/", 1)[-1] if words else ""
    run = _FILTERS.get(program)
    return run(words[1:], text) if run else None


def _same(options: list[str], text: str) -> str | None:
    return text if options in ([], ["-"]) else None


def _tee(options: list[str], text: str) -> str | None:
    return None if any(o[:1] == "-" and o not in ("-a", "-i", "-") for o in options) else text


def _base64(options: list[str], text: str) -> str | None:
    decodes = {"-d", "-D", "--decode", "-di", "-id"}
    if (
        not options
        or not decodes & set(options)
        or set(options) - decodes - {"-i", "--ignore-garbage", "-"}
    ):
        return None
    return _decoded(_from_base64, text)


def _basenc(options: list[str], text: str) -> str | None:
    if "--base64" in options:
        return _base64([o for o in options if o != "--base64"], text)
    if sorted(options) in (["--base16", "-d"], ["--base16", "--decode"]):
        return _decoded(bytes.fromhex, "".join(text.split()))
    return None


def _openssl(options: list[str], text: str) -> str | None:
    rest = sorted(o for o in options if o not in ("enc", "-a", "-A", "base64", "-base64"))
    return _decoded(_from_base64, text) if rest == ["-d"] and len(options) > 1 else None


def _xxd(options: list[str], text: str) -> str | None:
    given = sorted(options)
    if given not in (
        ["-p", "-r"],
        ["-r", "-ps"],
        ["-ps", "-r"],
        ["-plain", "-r"],
        ["-rp"],
        ["-pr"],
    ):
        return None
    digits = "".join(text.split())
    return _decoded(bytes.fromhex, digits) if re.fullmatch("(?:[0-9a-fA-F]{2})*", digits) else None


def _rev(options: list[str], text: str) -> str | None:
    if options or not text.isascii():
        return None
    return "\n".join(line[::-1] for line in text.split("\n"))


def _tac(options: list[str], text: str) -> str | None:
    return (
        "".join(text.splitlines(keepends=True)[::-1])
        if not options and text.endswith("\n")
        else None
    )


def _tr(options: list[str], text: str) -> str | None:
    flags = (
        [o for o in options if re.fullmatch("-[ds]+", o)]
        if options[:1] and options[0][:1] == "-"
        else []
    )
    sets = [_set(o) for o in options[len(flags) :]]
    if len(flags) > 1 or not text.isascii() or any(s is None for s in sets):
        return None
    first, second = ([s or "" for s in sets] + ["", ""])[:2]
    if flags == ["-d"] and len(sets) == 1:
        return "".join(c for c in text if c not in first)
    if flags or len(sets) != 2 or not first or not second:
        return None
    table: dict[int, str] = {}
    for number, char in enumerate(first):  # where a character stands twice, the last one counts
        table[ord(char)] = second[min(number, len(second) - 1)]
    return text.translate(table)


def _head(options: list[str], text: str) -> str | None:
    """`head -n 1`, `head -1`."""
    count = _count(options)
    return None if count is None else "".join(text.splitlines(keepends=True)[:count])


def _tail(options: list[str], text: str) -> str | None:
    count = _count(options)
    if count is None:
        return None
    return "".join(text.splitlines(keepends=True)[-count:]) if count else ""


def _count(options: list[str]) -> int | None:
    given = " ".join(options)
    match = re.fullmatch(r"(?:-n ?|--lines[= ]|-)([0-9]{1,6})", given)
    return 10 if not given else int(match.group(1)) if match else None


def _cut(options: list[str], text: str) -> str | None:
    """`cut -d, -f2`, `cut -d : -f 1,3`, `cut -c2-4`: lists of single numbers and ranges."""
    given = re.fullmatch(r"(?:-d ?(.) )?-f ?([0-9,-]+)(?: -d ?(.))?", " ".join(options), re.DOTALL)
    letters = re.fullmatch(r"-[cb] ?([0-9,-]+)", " ".join(options))
    if not text.isascii() or not (given or letters) or not text.endswith("\n"):
        return None
    mark = (given.group(1) or given.group(3) or "\t") if given else ""
    wanted = _places(given.group(2) if given else letters.group(1) if letters else "")
    if wanted is None:
        return None
    lines = []
    for line in text[:-1].split("\n"):
        parts = line.split(mark) if mark else list(line)
        if mark and len(parts) == 1:
            lines.append(line)
        else:
            lines.append(
                mark.join(
                    p for at, p in enumerate(parts, 1) if any(a <= at <= b for a, b in wanted)
                )
            )
    return "\n".join(lines) + "\n"


def _places(text: str) -> list[tuple[int, int]] | None:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{0,5})(-?)(\d{0,5})", part)
        if not match or part in ("", "-"):
            return None
        low, dash, high = match.groups()
        found.append((int(low or 1), int(high) if high else 99999 if dash else int(low)))
    return found


def _sed(options: list[str], text: str) -> str | None:
    """`sed s/a/b/g` of plain text: what means something to sed is left alone."""
    script = options[-1] if options and options[:-1] in ([], ["-e"], ["-E"], ["-r"]) else "?"
    if script == "":
        return text
    match = re.fullmatch(r"s([/,|#:@])([\w .,=:;@%+<>-]+)\1([\w ./,=:;@%+<>-]*)\1(g?)", script)
    if (
        match is None
        or not text.endswith("\n")
        or match.group(1) in match.group(2) + match.group(3)
    ):
        return None
    old, new = match.group(2), match.group(3)
    if re.search(r"[.+]", old):
        return None
    count = -1 if match.group(4) else 1
    return "\n".join(line.replace(old, new, count) for line in text.split("\n"))


def _awk(options: list[str], text: str) -> str | None:
    """`awk '{print $2}'`."""
    match = (
        re.fullmatch(r"\s*\{\s*print(?:\s+\$(\d|NF))?;?\s*\}\s*", options[0])
        if len(options) == 1
        else None
    )
    if match is None or not text.endswith("\n"):
        return None
    number = match.group(1) or "0"
    lines = []
    for line in text[:-1].split("\n"):
        parts = re.findall(r"[^ \t]+", line)
        at = len(parts) if number == "NF" else int(number)
        lines.append(line if at == 0 else parts[at - 1] if at <= len(parts) else "")
    return "\n".join(lines) + "\n"


def _set(text: str) -> str | None:
    """Return the characters of one of tr's sets."""
    if not text.isascii() or re.search(r"\[[=.]|\[.\*", text):
        return None
    found = []
    for match in _SET_PART.finditer(text):
        name, escape, low, high, char = match.groups()
        if name:
            if name not in _CLASSES:
                return None
            found.append(_CLASSES[name])
        elif escape:
            if escape[0] in "01234567":
                found.append(chr(int(escape, 8) & 0x7F))
            elif escape in _CONTROLS:
                found.append(_CONTROLS[escape])
            else:
                return None
        elif low:
            if low > high:
                return None
            found.append("".join(chr(n) for n in range(ord(low), ord(high) + 1)))
        else:
            found.append(char)
    return "".join(found)


def _from_base64(text: str) -> bytes:
    return binascii.a2b_base64(text.replace("\n", ""), strict_mode=True)


def _decoded(decode: Callable[[str], bytes], text: str) -> str | None:
    try:
        return decode(text).decode("utf-8")
    except ValueError:  # no such encoding, or bytes that are no text
        return None


_FILTERS: dict[str, Callable[[list[str], str], str | None]] = {
    "cat": _same,
    "tee": _tee,
    "base64": _base64,
    "gbase64": _base64,
    "basenc": _basenc,
    "openssl": _openssl,
    "xxd": _xxd,
    "rev": _rev,
    "tac": _tac,
    "tr": _tr,
    "head": _head,
    "tail": _tail,
    "cut": _cut,
    "sed": _sed,
    "awk": _awk,
}
