"""Paths that are new or the command's own in a temporary folder, although nobody can tell their names.

`$(mktemp -d)` names something that was not there before; `/tmp/build-$$` names something in /tmp. Either
is told as a path that does not exist, unless the line puts something there.
"""

from __future__ import annotations

import os
import re

from gatesh.facts.paths import TEMPORARY, working_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

_MKTEMP = r"""mktemp(?:\s+(?!--h|--v)["']?[\w./=-]+["']?)*\s*(?:2>\s*/dev/null\s*)?"""
_NEW = re.compile(rf"\$\(\s*{_MKTEMP}(?:\|\|\s*{_MKTEMP})?\)|`{_MKTEMP}`")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-)?\})")
_NUMBER = r"""(?:\$\$|\$\{\$\}|\$\{?(?:RANDOM|BASHPID|UID|EUID|PPID|SECONDS|EPOCHSECONDS)\b\}?|\$\(id -u\)
    |\$\(date\ (?:-u\ )?\+["']?(?:%[YmdHMSsNjyFT]|[\w-])+["']?\))"""
_OWN = re.compile(
    rf"(/tmp|/var/tmp|/dev/shm)/([\w.@+-]*)(?:{_NUMBER}[\w@+-]*(?:\.[\w@+-]+)*)+", re.VERBOSE
)
_NUMBERS = ("RANDOM", "BASHPID", "SECONDS", "EPOCHSECONDS")  # can be unset, and then be anything
# What may make mktemp, date or id mean something else, or make several words of one.
_RENAMED = re.compile(
    r"\b(?:mktemp|date|id)\s*\(\s*\)|\bfunction\s+(?:mktemp|date|id)\b"
    r"|\b(?:alias|hash|enable|BASH_CMDS|BASH_ALIASES|IFS)\b|\bPATH\+?="
)
# What may give a variable a value that is not on the line, or a name another meaning.
_SETTERS = frozenset(
    "read mapfile readarray eval source . getopts printf declare local typeset let".split()
)


def new_path(word: Word, command: SimpleCommand, line: CommandLine, world: World) -> str | None:
    """Return a path to tell instead of `word`, where it is surely harmless; else None."""
    text = word.text
    if text[:1] == '"' and text[-1:] == '"' and '"' not in _without_substitutions(text[1:-1]):
        text = text[1:-1]
    if command.remote or _RENAMED.search(line.text):
        return None
    if _NEW.fullmatch(text):
        return _pretended(text) if _fresh(line) else None
    found = _OWN.fullmatch(text)
    if found:
        redefined = any(_set(name, line.text) for name in _NUMBERS)
        here = (line.cwd, working_folder(command, line, world.before) or "")
        inside = any(folder.startswith(f"{found[1]}/{found[2]}") for folder in here)
        return None if redefined or inside else f"{found[1]}/{found[2]}…"
    variable = _VARIABLE.fullmatch(text)
    if variable and _fresh(line) and _always_new(variable[1] or variable[2], line, world):
        return _pretended(text)
    return None


def _pretended(text: str) -> str:
    return f"{TEMPORARY[0]}/{os.path.basename(text) or 'new'}"


def _without_substitutions(text: str) -> str:
    return re.sub(r"\$\([^()]*\)", "", text)


def _fresh(line: CommandLine) -> bool:
    """Claim that a folder for mktemp with blanks in its name cannot make several words of one."""
    return not re.search(r"\s", line.env.get("TMPDIR", "")) and "TMPDIR" not in line.text


def _set(name: str, text: str) -> bool:
    """Claim that the text speaks of a variable otherwise than to read it."""
    return bool(re.search(rf"(?<![\w${{]){name}\b", text))


def _always_new(name: str, line: CommandLine, world: World) -> bool:
    """Claim that whatever gives the variable a value on this line gives it mktemp's."""
    if name in line.env or re.search(rf"\{{{name}:?=", line.text):
        return False
    for other in world.before:
        program = other.program
        if not program and other.words and not other.words[0].known:
            return False
        if program in _SETTERS and (
            program != "printf" or any("v" in w.text[:3] for w in other.words[1:2])
        ):
            return False
    given = [a.value.text for c in world.before for a in c.assignments if a.name == name]
    mentions = len(re.findall(rf"(?<![\w${{/.-]){name}(?![\w/.-])", line.text))
    return (
        bool(given) and mentions == len(given) and all(_NEW.fullmatch(v.strip('"')) for v in given)
    )
