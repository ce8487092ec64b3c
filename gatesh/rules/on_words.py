"""Patterns that speak of a command's words whatever they are to it: what they name, and where they point.

Many programs run what one of their words says (`split --filter='rm x'`), and every program may write where
one of its words points. Read from the words alone, these are signs: options and operands are not told apart.
"""

from __future__ import annotations

import re
from posixpath import join, normpath

from gatesh.facts.words import visible
from gatesh.rules.hit import MAYBE, NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.model import SimpleCommand, Word
    from gatesh.rules.rule import Choice

_NAME = re.compile(r"(?<![\w.+-])[\w.+-]+")  # --rm names no rm, x/rm does
_QUOTES = re.compile(r"['\"\\]")
_GLOB = re.compile(r"[*?\[]")
_MOST = 100_000  # characters of standard input that are looked at


def names_level(named: tuple[Choice, ...], command: SimpleCommand) -> int:
    """Return whether the words or the standard input name one of each choice."""
    given = [*command.words[1:], *([command.stdin] if command.stdin else [])]
    given += [r.target for r in command.redirects if r.op in ("<<", "<<-", "<<<")]
    return min((_level(choice, given) for choice in named), default=YES)


def _level(choice: Choice, given: list[Word]) -> int:
    if names(choice, (word.text[:_MOST] for word in given)):
        return YES
    return NO if all(word.known for word in given) else MAYBE


def names(choice: Choice, texts: Iterable[str]) -> bool:
    """Claim that one of the texts names it, whatever its case and its quotes."""
    for text in texts:
        for each in {text, _QUOTES.sub("", text)}:
            if any(choice.holds(n) or choice.holds(n.lower()) for n in _NAME.findall(each)):
                return True
    return False


def pointed_at(command: SimpleCommand, cwd: str) -> tuple[str, ...]:
    """Return the absolute paths that a command's words may mean, and `FOLDER/.` for where it runs."""
    if command.remote:
        return ()
    folder = None if command.cwd is None else join(cwd, command.cwd)
    # What stands in [[ ]] is compared or tested: a pattern is not filled in, and nothing is opened.
    given = () if command.program == "[[" else command.words[1:]
    words = [*given, *(r.target for r in command.redirects if r.op == "<")]
    found = [p for word in words for p in _paths(visible(word), folder)]
    return (*found, *([f"{normpath(folder)}/."] if folder and command.words else []))


def _paths(text: str, folder: str | None) -> Iterator[str]:
    forms = [text.removeprefix("file://")]
    if "=" in text:
        forms.append(text.rpartition("=")[2])
    if text[:1] == "-":
        forms.append(text[2:])
    for form in forms:
        if form[:1] == "/":
            yield normpath(form)
        elif form and folder is not None:
            yield normpath(join(folder, form))


def may_point(needed: re.Pattern[str], command: SimpleCommand, cwd: str) -> bool:
    """Claim that it is worth resolving a command's paths: one of the names that are needed is there."""
    if any(word.globbed for word in command.words):
        return True
    words = [word.text for word in command.words]
    words += [r.target.text for r in command.redirects]
    return needed.search(" ".join((cwd, command.cwd or "", *words))) is not None


def names_needed(choices: tuple[Choice, ...]) -> re.Pattern[str]:
    """Return an expression for the names that no path of these choices can do without."""
    paths = [path for choice in choices for path in (*choice.globs, *choice.literals)]
    tops = {path.removesuffix("/**").rpartition("/")[2] for path in paths}
    return re.compile("|".join(re.escape(max(top.split("*"), key=len)) for top in sorted(tops)))


def points(choice: Choice, paths: tuple[str, ...]) -> str:
    """Return the first of the paths that fits; one with a glob in it may stand for what it meets."""
    for path in paths:
        if choice.holds(path) or (_GLOB.search(path) and _meets(choice, path)):
            return path
    return ""


def _meets(choice: Choice, path: str) -> bool:
    from fnmatch import fnmatchcase

    tops = [glob.removesuffix("/**") for glob in choice.globs]
    return any(fnmatchcase(top, path) for top in (*tops, *choice.literals) if "*" not in top)
