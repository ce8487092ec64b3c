"""Quoted text that bash evaluates a second time.

A subscript is expanded when arithmetic or a builtin gets to see it (`let 'a[$(rm x)]=1'`, `test -v`,
`[[ 'a[$(rm x)]' -eq 0 ]]`), and so is a variable's value by `${x@P}`, `${!x}` or a prompt. Where such text
stands, it is read as if it were evaluated: nobody writes it for any other reason.
"""

from __future__ import annotations

import itertools
import re

from gatesh.shell.effects import DECLARES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.model import SimpleCommand, Word

# Their words are programs or patterns of another language, where the same characters mean something else.
_OTHERS = frozenset(
    """awk gawk mawk nawk perl sed grep egrep fgrep rg ag ack jq yq python python3 ruby node php lua find fd
    git gh""".split()
)
_READS = frozenset(("read", "mapfile", "readarray"))
_SUBSTITUTION = re.compile(r"\$\(|`|\$\{|<\(")
_SUBSCRIPT = r"(?s)[A-Za-z_][A-Za-z0-9_]*\[.*(?:\$\(|`|\$\{|<\()"
_QUOTED = r"(?s)\$\{[A-Za-z_][A-Za-z0-9_]*\[.*'.*(?:\$\(|`|\$\{|<\()"  # ${b['a[$(rm x)]']}
_ESCAPED = r"\$\{[A-Za-z_][A-Za-z0-9_]*\[[^]]*\$'[^']*\\[xuU0-7]"
_CODE = frozenset(("PROMPT_COMMAND",))
_FILES = frozenset(("BASH_ENV", "ENV"))


def evaluated(command: SimpleCommand) -> Iterator[Word]:
    """Yield the words whose substitutions bash may expand after quote removal.

    An argument may become a variable's value, and that a subscript: `set -- 'a[$(rm x)]'; (($1))`.
    """
    for assignment in command.assignments:
        if assignment.value.known and _SUBSTITUTION.search(assignment.value.text):
            yield assignment.value
    if command.program in DECLARES:
        values = (w.but(text=w.text.partition("=")[2]) for w in command.words[1:] if w.known)
        yield from (value for value in values if _SUBSTITUTION.search(value.text))
    if command.program in _OTHERS:
        return
    for word in command.words:
        if subscripted(word) or disguised(word):
            yield word
    if command.program in _READS and command.stdin is not None and subscripted(command.stdin):
        yield command.stdin
    if command.program in _READS or not command.words:
        yield from (
            r.target for r in command.redirects if r.op[:2] == "<<" and subscripted(r.target)
        )


def subscripted(word: Word) -> bool:
    """Claim that a text would run something, were it evaluated as an array's element."""
    return (
        "[" in word.text and re.search(_SUBSCRIPT if word.known else _QUOTED, word.text) is not None
    )


def disguised(word: Word) -> bool:
    """Claim that escapes stand in a subscript, where a character that bash expands may hide."""
    return not word.known and "[" in word.text and re.search(_ESCAPED, word.text) is not None


def code(command: SimpleCommand) -> Iterator[tuple[str, Word]]:
    """Yield the assignments whose value is a script, or names one: `BASH_ENV=<(echo rm x) bash -c :`."""
    for assignment in command.assignments:
        if assignment.name in _CODE | _FILES:
            yield assignment.name, assignment.value
    if command.program not in DECLARES:
        return
    for word in command.words[1:]:
        name, equals, value = word.text.partition("=")
        if equals and name in _CODE | _FILES:
            yield name, word.but(text=value)


def names_file(name: str, value: str) -> bool:
    """Claim that a variable names a file that shells run when they start; ENV has other uses too."""
    return name in _FILES and (name != "ENV" or "/" in value)


_LOGIN = {"bash": (".bash_profile", ".bash_login", ".profile"), "zsh": (".zprofile", ".zlogin")}
_INTERACTIVE = {"bash": (".bashrc",), "zsh": (".zshrc",)}


def startup(command: SimpleCommand, changed: Callable[[str], str | None]) -> Iterator[str]:
    """Yield the files that a shell reads first in a home that the line has set: `HOME=h bash -lc ls`."""
    texts = [word.text for word in command.words[1:]]
    options = "".join(itertools.takewhile(lambda text: text[:1] in ("-", "+"), texts))
    program, home, names = command.program, changed("HOME"), list[str]()
    folder = changed("ZDOTDIR") or home if program == "zsh" else home
    if program == "zsh":
        names.append(".zshenv")
    if "l" in options:
        names += _LOGIN.get(program, (".profile",))
    if "i" in options:
        names += _INTERACTIVE.get(program, ())
        if (file := changed("ENV")) and program not in _INTERACTIVE:
            yield file
    if folder:
        yield from (f"{folder}/{name}" for name in names)
