"""What earlier lines of a session on standard input have defined, as the text that is read before the next.

A line is kept as it was, and with it the files that it has sourced, as they were when it ran. Where that gets
too long to be read, lines go that can have set nothing but variables, and no variable is known any more; where
the rest is too long still, the session takes no further line.
"""

from __future__ import annotations

import os
import re

from gatesh.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import CommandLine

_DEEP = 8  # files that source files
_MOST = 64 << 10  # bytes of a file
_FORGOTTEN = 'eval "$$"'  # what nobody can know, nor unset: any variable may have any value
_DEFINES = r"""(?x)
    alias | ALIASES | BASH_ | IFS | PATH | \(\s*\) | \$\s*$ | (?:^|[;&|({!]\s*)[$`] | (?:^|[\s;&|({])\.\s
  | \b(?:function|eval|source|hash|enable|set|shift|shopt|trap|builtin|command)\b
"""


class Known:
    """Earlier lines, oldest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: list[str] = []
        self._folder = ""  # where the last of them was read
        self._full = False

    @property
    def text(self) -> str:
        """Return what the next line's reader reads first."""
        return "\n".join(self._lines)

    def require_room(self) -> None:
        """Raise InputError where a definition would have to be forgotten."""
        if self._full:
            raise InputError(
                "this session has defined more than can be read before each line",
                "start another shell",
            )

    def add(self, line: CommandLine) -> None:
        """Remember a line that is about to run."""
        if line.cwd != self._folder:  # whatever led there
            self._folder = line.cwd
            self._come_to(line)
        for text in (*_sourced(line, _DEEP), line.text):
            self._keep(text, line)
        if not _learnable(self.text):
            self._lines = list(filter(_defines, self._lines))
            self._folder = ""
            self._forget()
            self._full = self._full or not _learnable(self.text)

    def _keep(self, text: str, line: CommandLine) -> None:
        if _readable(text, line):
            self._lines.append(text)
        else:
            self._forget()

    def _come_to(self, line: CommandLine) -> None:
        """Note the folder; a reader would take a function that the session has called `cd` to run."""
        if "cd" in self._own():
            self._forget()
        else:
            self._keep(f"cd -- {_quoted(line.cwd)}", line)

    def _forget(self) -> None:
        """Let every variable have any value, from here on."""
        if "eval" in self._own():
            self._full = True
        elif self._lines[-1:] != [_FORGOTTEN]:
            self._lines.append(_FORGOTTEN)

    def _own(self) -> set[str]:
        """Return the names of the functions and aliases that the session has defined."""
        from gatesh.shell.learned import defines

        found = defines(self.text)
        return {*found.bodies, *found.changes, *found.aliases}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _readable(text: str, line: CommandLine) -> bool:
    from gatesh.model import Unparsed
    from gatesh.shell.read import read

    try:
        return not isinstance(read(line.but(text=text, known="")), Unparsed)
    except InputError:
        return False


def _learnable(text: str) -> bool:
    """Claim that all of a text can be read in front of the next line, which then finds that done."""
    from gatesh.shell.learned import whole

    return whole(text)


def _defines(text: str) -> bool:
    """Claim that a text may give a program's name, or a text's words, another meaning."""
    plain = re.sub(r"\\\n|['\"\\]", "", text)
    return "$'" in text or re.search(_DEFINES, plain, re.MULTILINE) is not None


def _sourced(line: CommandLine, deep: int) -> list[str]:
    """Return the texts of the files that a line reads into its shell, as they are now."""
    if deep == 0 or not re.search(r"source|\.[\s'\"\\]", line.text):
        return []
    from gatesh.shell.read import read

    found = []
    for command in read(line).commands:
        if command.program in (".", "source") and command.words[1:] and command.words[1].known:
            text = _content(os.path.join(line.cwd, command.cwd or "", command.words[1].text))
            try:
                found += [*_sourced(line.but(text=text), deep - 1), text]
            except InputError:  # with control characters: nothing is known of it
                found.append(_FORGOTTEN)
    return found


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MOST)
    except OSError:
        return ""
