"""How a shell was started: its options, the files it reads first, and zsh, whose language is not bash's.

Files in the user's own home are theirs, and are not read; those that an option names, and what stands in
another HOME, were chosen by whoever started the shell. What zsh alone understands makes a reading Unparsed:
it is asked about where a name in it belongs to a rule.
"""

from __future__ import annotations

import os.path
import re

from gatesh.model import Certainty, CommandLine, Origin, SimpleCommand, Span, Unparsed, Word
from gatesh.shell import rough

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Reading

_FILES = ("--rcfile", "--init-file", "-rcfile", "-init-file")
_LOGIN = (".bash_profile", ".bash_login", ".profile", ".bash_logout")
_ZSH_LOGIN = (".zprofile", ".zlogin", ".zlogout")
# Options under which a line means what it means without them.
_PLAIN = re.compile(r"-[clexuv]+o?|--?(?:login|norc|noprofile)?|pipefail|errexit|nounset|xtrace")
_ZSH_PLAIN = re.compile(r"-[clexuvif]+|--?")

_EXPANDS = "its history is expanded, which gatesh does not follow"

# zsh: globs that run code, flags in expansions, arrays (counted from 1, and all of one without a subscript),
# `=rm`, `- rm`, functions that it calls by itself, aliases for any word.
_ZSH = re.compile(
    r"""(?x)
    [\w*?)\]}./~-]\((?!\)) | \$\{\s*[({=^~] | \$[=^~] | \$\{?[A-Za-z_]\w*\[ | \w\+?=\( | ~\[
  | (?:^|[\s;&|({!`])=[A-Za-z_~] | (?:^|[;&|({\n`])\s*-\s
  | \b(?:TRAP[A-Z]+|chpwd|periodic|preexec|precmd|zshexit|zshaddhistory
          |command_not_found_handler|\w+_functions)\b
  | \b(?:functions|aliases|galiases|saliases|options)\[ | \balias\s+(?:-\S+\s+)*-[gs]
    """
)
_ZSH_MODIFIERS = frozenset("repeat noglob nocorrect foreach setopt unsetopt emulate".split())
_ZSH_BUILTINS = frozenset(
    """autoload zmodload zmv zcp zln zle vared sched ztcp zsocket zpty zselect zftp zprof zcompile sysopen
    sysread syswrite syserror sysseek zf_rm zf_rmdir zf_mv zf_ln zf_chmod zf_chown zf_chgrp zf_mkdir
    zf_sync""".split()
)


def told(line: CommandLine, shell: str, options: tuple[str, ...], home: str) -> CommandLine:
    """Return the line with what its shell was told; `home` is the user's own."""
    return line.but(
        shell=shell, options=options, sources=tuple(_sources(line, shell, options, home))
    )


def _sources(line: CommandLine, shell: str, options: tuple[str, ...], home: str) -> Iterator[str]:
    """Yield the files that the shell reads before the line, or in the end, the user's own apart."""
    letters = _letters(options)
    interactive, login = (
        "i" in letters,
        "l" in letters or "--login" in options or "-login" in options,
    )
    for at, word in enumerate(options[:-1]):
        if word in _FILES and interactive:
            yield os.path.join(line.cwd, options[at + 1])
    if interactive and "--posix" in options and line.env.get("ENV"):
        yield os.path.join(line.cwd, line.env["ENV"])
    folder = line.env.get("HOME", home)
    folder = line.env.get("ZDOTDIR", folder) if shell == "zsh" else folder
    if folder == home:
        return
    names: list[str] = [".zshenv"] if shell == "zsh" else []
    names += (_ZSH_LOGIN if shell == "zsh" else _LOGIN) if login else ()
    names += (".zshrc" if shell == "zsh" else ".bashrc",) if interactive else ()
    yield from (f"{folder}/{name}" for name in names)


def _letters(options: tuple[str, ...]) -> str:
    return "".join(word for word in options if word[:1] == "-" and word[:2] != "--")


def plain(line: CommandLine) -> bool:
    """Claim that the line is bash's, and means what it means under `bash -c`."""
    return (
        line.shell == "bash"
        and not (line.sources or line.known)
        and all(map(_PLAIN.fullmatch, line.options))
    )


def as_told(found: Reading, line: CommandLine) -> Reading:
    """Return the reading of a line whose shell was told more than `-c`."""
    nowhere = Span(0, 0)
    first = tuple(
        SimpleCommand((Word("source", nowhere), Word(path, nowhere)), nowhere, Origin.PREFIX)
        for path in line.sources
    )
    # Behind the others, whose places a wrapping counts: they may define what the line calls anywhere.
    found = found.but(commands=(*found.commands, *first)) if first else found
    text = found.wrapping.text if found.wrapping and found.wrapping.taken_off else line.text
    why = _foreign(line, found, text)
    if not why or isinstance(found, Unparsed):
        return found
    # What the text names is looked for in it; a program that it only makes may have any name.
    made = any(
        c.program in _ZSH_BUILTINS or c.words[0].certainty is not Certainty.LITERAL
        for c in found.commands
        if c.words
    )
    made = made or why == _EXPANDS
    return Unparsed(
        why, Span(0, len(text)), found.commands, rough.names(text), made, found.wrapping
    )


def _foreign(line: CommandLine, found: Reading, text: str) -> str:
    """Return why the text does not say to its shell what it says to bash; empty where it does."""
    letters = _letters(line.options)
    if line.shell == "bash":
        return _other_bash(line, letters, text)
    if not all(map(_ZSH_PLAIN.fullmatch, line.options)):
        return "zsh has options of its own"
    builtins = any(c.program in _ZSH_BUILTINS | _ZSH_MODIFIERS for c in found.commands)
    if builtins or _ZSH.search(_unquoted(text)) or ("i" in letters and "#" in text):
        return "zsh reads it in its own way"
    return ""


def _other_bash(line: CommandLine, letters: str, text: str) -> str:
    """Return which option makes of the text what bash does not read in it without."""
    if "k" in letters or "keyword" in line.options:
        return "under -k any word may set a variable"
    told = {*line.options, *line.env.get("SHELLOPTS", "").split(":")}
    expands = "H" in letters or "histexpand" in told or ("i" in letters and line.script)
    if expands and ("!" in text or "^" in text):
        return _EXPANDS
    if "i" in letters and "#" in text and "interactive_comments" in line.options:
        return "under +O interactive_comments a comment is run"
    return ""


def _unquoted(text: str) -> str:
    """Return the text without what stands in single quotes, where it is certain that it does."""
    if re.search(r"\\|#|<<|\"[^\"]*'", text):
        return text
    return re.sub(r"'[^']*'", "''", text)
