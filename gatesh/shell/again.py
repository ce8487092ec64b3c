"""Quoted text that bash evaluates a second time.

A subscript is expanded when arithmetic or a builtin gets to see it (`let 'a[$(rm x)]=1'`, `test -v`,
`[[ 'a[$(rm x)]' -eq 0 ]]`), and so is a variable's value by `${x@P}`, `${!x}` or a prompt. Where such text
stands, it is read as if it were evaluated: nobody writes it for any other reason.
"""

from __future__ import annotations

import re

from gatesh.shell.effects import DECLARES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import SimpleCommand, Word

_EVALUATES = DECLARES | {
    "let", "read", "test", "[", "[[", "((", "printf", "unset", "mapfile", "readarray", "getopts", "wait",
}  # fmt: skip
_SUBSTITUTION = re.compile(r"\$\(|`|\$\{|<\(")
_SUBSCRIPT = r"(?s)[A-Za-z_][A-Za-z0-9_]*\[.*(?:\$\(|`|\$\{|<\()"
_CODE = frozenset(("PROMPT_COMMAND",))
_FILES = frozenset(("BASH_ENV", "ENV"))


def evaluated(command: SimpleCommand) -> Iterator[Word]:
    """Yield the words whose substitutions bash may expand after quote removal."""
    for assignment in command.assignments:
        if assignment.value.known and _SUBSTITUTION.search(assignment.value.text):
            yield assignment.value
    if command.words and command.words[0].text in _EVALUATES:
        for word in command.words[1:]:
            if word.known and re.search(_SUBSCRIPT, word.text):
                yield word


def code(command: SimpleCommand) -> Iterator[tuple[str, Word]]:
    """Yield the assignments whose value is a script, or names one: `BASH_ENV=<(echo rm x) bash -c :`."""
    for assignment in command.assignments:
        if assignment.name in _CODE | _FILES:
            yield "file" if assignment.name in _FILES else "text", assignment.value
