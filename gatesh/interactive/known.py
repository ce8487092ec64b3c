"""What bash says of itself at its prompt → the command line with all that its reader has to know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gatesh.model import CommandLine, Door, Unparsed
from gatesh.session import called
from gatesh.shell.escapes import decode
from gatesh.shell.read import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.interactive.behind import Report

_DECLARED = re.compile(r"declare -(\S+) ([A-Za-z_]\w*)(?:=(.*))?", re.DOTALL)
_ALIAS = re.compile(r"alias (?:-- )?([^=]+)=")
_NAMES = re.compile(r"[^\s;|&()<>`'\"$={}\[\]\\#,+*?!:/%@^-]+")
_WORDS = re.compile(r"[^\s;|&()<>`'\"$={}\\]+")
_ESCAPED = re.compile(r'\\([$`"\\\n])')
_OWN = "__gatesh_"
_MOST_ROUNDS = 20


class Declared:
    """One variable as `declare -p` prints it."""

    __slots__ = ("flags", "text", "value")

    def __init__(self, flags: str, text: str, value: str | None) -> None:
        """Keep what it is; `value` is as it was printed, None where it has none."""
        self.flags, self.text, self.value = flags, text, value

    @property
    def exported(self) -> bool:
        """Claim that programs get it."""
        return "x" in self.flags and self.value is not None and not set(self.flags) & set("aA")

    @property
    def plain(self) -> bool:
        """Claim that its value is all there is to know."""
        return self.flags in ("-", "x")


def declared(printed: str) -> dict[str, Declared]:
    """Return the variables of `declare -p` by their names; bash's and ours that nobody reads are left out."""
    found: dict[str, Declared] = {}
    last = ""
    for line in printed.split("\n"):
        match = _DECLARED.fullmatch(line)
        if match:
            last = match[2]
            found[last] = Declared(match[1], line, match[3])
        elif last and line:  # an older bash prints a newline as it is
            before = found[last]
            found[last] = Declared(
                before.flags, f"{before.text}\n{line}", f"{before.value or ''}\n{line}"
            )
    return {name: one for name, one in found.items() if not name.startswith(_OWN)}


def plain_value(printed: str) -> str:
    """Return the value that stands in quotes behind `declare -x NAME=`."""
    if printed.startswith("$'"):
        return decode(printed[2:-1])
    return _ESCAPED.sub(r"\1", printed[1:-1]) if printed.startswith('"') else printed


def aliases(printed: str) -> dict[str, str]:
    """Return the lines of `alias -p` by the names they define."""
    found: dict[str, str] = {}
    last = ""
    for line in printed.split("\n"):
        match = _ALIAS.match(line)
        if match:
            last = match[1]
            found[last] = line
        elif last and line:
            found[last] += f"\n{line}"
    return found


def command_line(
    text: str, report: Report, cwd: str, functions: Callable[[str], str]
) -> CommandLine:
    """Return the line with its environment, and with what it may use of the shell's own.

    `functions` returns the definitions of functions, names separated by blanks.
    """
    variables = declared(report.variables)
    env = {n: plain_value(one.value or "") for n, one in variables.items() if one.exported}
    known = _used(text, variables, aliases(report.aliases), frozenset(report.functions), functions)
    where = called(cwd, env, kept=True)
    return CommandLine(text, cwd, env, Door.TERMINAL, known=known, called=where)


def replaces(line: CommandLine) -> bool:
    """Claim that a line may make another program of its shell, by `exec`."""
    if "exec" not in line.text and "exec" not in line.known:
        return False
    reading = read(line)
    return isinstance(reading, Unparsed) or any(
        "exec" in one.prefixes
        or (one.program == "exec" and (len(one.words) > 1 or not one.redirects))
        for one in reading.commands
    )


def _used(
    text: str,
    variables: dict[str, Declared],
    short: dict[str, str],
    defined: frozenset[str],
    functions: Callable[[str], str],
) -> str:
    """Return the definitions of what a text names, and of what these name in turn."""
    texts, seen, new = [], set[str](), text
    for _ in range(_MOST_ROUNDS):
        names = {*_NAMES.findall(new), *_WORDS.findall(new)} - seen
        seen |= names
        found = [short[name] for name in sorted(names & short.keys())]
        # What is exported and nothing else stands in the environment.
        used = [variables[name] for name in sorted(names & variables.keys())]
        found += [
            one.text for one in used if not (one.exported and one.plain) and one.value is not None
        ]
        values = [one.value or "" for one in used]
        called = sorted(name for name in names & defined if not name.startswith(_OWN))
        if called:
            found.append(functions(" ".join(called)))
        texts += found
        new = "\n".join((*found, *values))
        if not new:
            break
    return "\n".join(texts)
