"""What was typed, split as bash will take it: one complete command after the other."""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache

from gatesh._value import Value
from gatesh.run import child
from gatesh.run.bash import BASH

_TIME_S = 5.0
_OUTPUT = 64 << 10
# Simple commands in a row, of which nothing can be open in the end: bash is not asked about these.
_WORD = r"""(?:[\w./:=,@%+~*?-]|'[^'\n]*'|"[^"\\`$\n]*"|\$\w+)+"""
_PLAIN = re.compile(
    rf"{_WORD}(?:[ \t]+{_WORD}|[ \t]*(?:&&|\|\|?|;|2?>>?|<)[ \t]*{_WORD})*[ \t]*[;&]?"
)
_RESERVED = re.compile(
    r"(?<![^\s;&|])"
    r"(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|select|function|time|coproc)(?![^\s;&|])"
)
_OPEN = ("unexpected end of file", "unexpected EOF while looking", "delimited by end-of-file")
_NOTHING = re.compile(r"(?:[ \t]*(?:#.*)?(?:\n|\Z))*")


class Unit(Value):
    """A complete command; `refused` is what bash says where it cannot be read."""

    text: str
    refused: str = ""

    @property
    def empty(self) -> bool:
        """Claim that nothing runs: blanks and comments."""
        return _NOTHING.fullmatch(self.text) is not None


@lru_cache(maxsize=4)
def split(text: str) -> tuple[list[Unit], str]:
    """Return the complete commands of a text, and the rest that something is missing of.

    bash takes line after line: each command runs before the next is looked at.
    """
    units: list[Unit] = []
    sofar = ""
    for line in text.split("\n"):
        sofar = f"{sofar}\n{line}" if sofar else line
        refused = problem(sofar)
        if refused is not None:
            units.append(Unit(sofar, refused))
            sofar = ""
    return units, sofar


def problem(text: str) -> str | None:
    """Return what bash finds wrong with a text: nothing, a message, or None where more has to come."""
    if _PLAIN.fullmatch(text) and not _RESERVED.search(text):
        return ""
    if _ends_in_backslash(text):
        return None
    said = _bash_says(text)
    if any(mark in said for mark in _OPEN):
        return None
    found = re.search(r"line \d+: (.*)", said)
    return f"bash: {found.group(1)}" if found else ""


def _ends_in_backslash(text: str) -> bool:
    last = text.rpartition("\n")[2]
    backslashes = len(last) - len(last.rstrip("\\"))
    return backslashes % 2 == 1 and not last.lstrip().startswith("#")


def _bash_says(text: str) -> str:
    """Let bash read a text without running it; empty where it likes it."""
    started = child.start(
        [os.fsdecode(BASH), "--norc", "-O", "extglob", "-n", "-c", "--", text],
        {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"},
        "/",
        time.monotonic() + _TIME_S,
        _OUTPUT,
        errors=True,
    )
    said = started.said() if started else None
    return (
        said.output.decode("utf-8", "replace") if said else "line 0: it could not be read in time"
    )
