"""The first line of a script: which program the kernel starts for it, and with which words.

Most name what only reads the script. Behind any other (`#!/bin/rm -rf`, `#!/usr/bin/env -S bash -c '…'`) the
program is told as a command of its own, the script and its arguments behind it, so that every rule applies.
"""

from __future__ import annotations

import re

from gatesh.facts.amounts import quoted, unseen
from gatesh.facts.words import UNSEEN, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.model import Word

HEAD = 256  # bytes that the kernel reads
_STARTED = re.compile(r"#![ \t]*([^\s\0]+)[ \t]*([^\n\0]*)")
_READER = re.compile(r"\S*/(?:env[ \t]+(?:-S[ \t]+)?)?([\w.+-]+)(?:[ \t]+(-\w+))?")
_RUNS_WORDS = re.compile(r"-\w*[cs]")  # sh -c, sh -s
_BARE = re.compile(r"[^\w@%+=:,./*?\[\]{}~^!-]", re.ASCII)  # in a word that bash makes paths of


def started(text: str) -> tuple[str, str] | None:
    """Return the interpreter and its one argument, as the kernel tells them apart; None where it knows none."""
    found = _STARTED.match(text[:HEAD])
    if found is None:
        return None
    name = found[1] if "/" in found[1] else f"./{found[1]}"  # nobody looks for it in PATH
    return name, found[2].strip(" \t\r")


def reader(name: str, argument: str, shells: Iterable[str]) -> str:
    """Return the name of an interpreter that only reads the script; nothing where it may do otherwise."""
    found = _READER.fullmatch(f"{name} {argument}".rstrip())
    if found is None or found[1] == "env":
        return ""
    flags = found[2] or ""
    harmless = not flags or (found[1] in shells and not _RUNS_WORDS.match(flags))
    return found[1] if harmless or (flags == "-f" and found[1].endswith("awk")) else ""


def hands_over(text: str) -> bool:
    """Claim that perl starts what a script's first line names instead of reading it."""
    first = text.partition("\n")[0]
    return first.startswith("#!") and "perl" not in first and "indir" not in first


def told(
    name: str,
    argument: str,
    script: str,
    arguments: Iterable[Word],
    given: str | None,
    *,
    more: bool,
) -> str:
    """Return the line that the kernel makes of a script; `given` is what arrives on its standard input."""
    words = [quoted(word) for word in (name, argument, script) if word]
    words += [_spelled(word) for word in arguments]
    if more:
        words.append(quoted(unseen()))
    text = " ".join(words) + ("" if given is None else f" <<< {quoted(given)}")
    return f"read -r unseen\n{text}" if "${unseen}" in text else text


def _spelled(word: Word) -> str:
    """Return a word as a line spells it: what bash made paths of is left to it."""
    if word.known and word.globbed:
        return _BARE.sub(lambda m: "'\n'" if m[0] == "\n" else f"\\{m[0]}", word.text)
    return quoted(visible(word).replace(UNSEEN, unseen()))
