"""Wrappings and prefixes that any command line can come in."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from benchmarks.recall.case import Case, pick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BIN = {"rm", "dd", "mv", "cp", "chmod", "chown", "sed", "find", "kill", "tar"}
_BUILTINS = {
    "unset",
    "export",
    "set",
    "history",
    "alias",
    "exec",
    "eval",
    "source",
    "trap",
    "cd",
    "kill",
    "ulimit",
}
_SBIN = {"mkfs.ext4", "wipefs", "iptables", "shutdown", "reboot", "userdel", "sysctl", "blkdiscard"}


def wrapped(case: Case, count: int) -> Iterator[Case]:
    """Yield the case in `count` of the wrappings that its line can stand in."""
    simple = "\n" not in case.line and "<<" not in case.line
    choices = [*_ALWAYS, *(_SIMPLE if simple and _starts_plain(case.line) else ())]
    for name in pick(case.source + case.entry + case.line, choices, count):
        yield case.spelled(name, (_ALWAYS | _SIMPLE)[name](case.line))


def _starts_plain(line: str) -> bool:
    """Claim that the line begins with a program's name, and is one command."""
    first = line.split(maxsplit=1)[0]
    if first in _BUILTINS:
        return False
    return first.replace("-", "").replace(".", "").replace("_", "").isalnum() and not any(
        mark in line for mark in ("&&", "||", "; ", " | ")
    )


def _absolute(line: str) -> str:
    program = line.split(maxsplit=1)[0]
    folder = "/bin" if program in _BIN else "/sbin" if program in _SBIN else "/usr/bin"
    return f"{folder}/{line}"


def _quoted_name(line: str) -> str:
    program, _, rest = line.partition(" ")
    return f'{program[0]}"{program[1:]}" {rest}'


def _in_a_function(line: str) -> str:
    return f"run() {{\n  {line}\n}}\nrun"


_SIMPLE: dict[str, Callable[[str], str]] = {
    "sudo": lambda line: f"sudo {line}",
    "sudo -u": lambda line: f"sudo -n -u deploy {line}",
    "env": lambda line: f"env LANG=C {line}",
    "assignment": lambda line: f"LANG=C TZ=UTC {line}",
    "timeout": lambda line: f"timeout 30 {line}",
    "timeout -k": lambda line: f"timeout --signal=KILL -k 5s 2m {line}",
    "nohup": lambda line: f"nohup {line} > /dev/null 2>&1 &",
    "nice": lambda line: f"nice -n 10 {line}",
    "absolute path": _absolute,
    "backslash": lambda line: f"\\{line}",
    "quoted name": _quoted_name,
    "command": lambda line: f"command {line}",
    "time": lambda line: f"time {line}",
    "pipe": lambda line: f"{line} 2>&1 | tail -n 20",
    "if": lambda line: f"if {line}; then echo done; fi",
    "continued": lambda line: line.replace(" ", " \\\n  ", 1),
}
_ALWAYS: dict[str, Callable[[str], str]] = {
    "bash -c": lambda line: f"bash -c {shlex.quote(line)}",
    "sh -lc": lambda line: f"sh -lc {shlex.quote(line)}",
    "cd &&": lambda line: f"cd /home/me/project && {line}",
    "set -e": lambda line: f"set -euo pipefail\n{line}",
    "subshell": lambda line: f"(\n{line}\n)",
    "eval": lambda line: f"eval {shlex.quote(line)}",
    "function": _in_a_function,
    "comment": lambda line: f"# clean up what is left\n{line}",
    "or": lambda line: f"{{\n{line}\n}} || true",
}
