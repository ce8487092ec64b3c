"""The paths that bash makes of a word: ~, braces and globs, resolved against the command's cwd."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

# TMPDIR is not among them: the environment is the agent's to set.
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  compared with, never written to

_NAMES = 5000  # in one folder; a fuller one is told as itself
_PATHS = 40  # made of one word; of the others it is only told that they are there
_BRACES = re.compile(r"\{([^{}]*)\}")
_OTHER_GLOBBING = re.compile(r"dotglob|nocaseglob|globstar|extglob|GLOBIGNORE")
# These lead to where the process that looks is, not to where the command would be.
_PROCESS = re.compile(r"/proc/(?:[^/]+/)*?(?:cwd|root)(?:/|$)")
_GLOB = re.compile(r"[*?\[]")
_CLASS = re.compile(
    r"\[[:.=]"
)  # [[:lower:]] [[=d=]] [[.d.]]: what they hold is the locale's to say

# Programs that put words of their own into the command they start: in place of {}, or behind it.
_FILLERS = frozenset("find gfind xargs gxargs parallel fd fdfind".split())
_BEHIND = frozenset("xargs gxargs parallel".split())  # their replacement need not be {}
_SHELLS = frozenset("sh bash dash ash zsh ksh mksh rbash yash gatesh su eval".split())
_REPLACED = re.compile(
    r"""-["']?[a-zA-Z0-9]*[Ii]\s*["']?([^\s"']+)|--repl[a-z]*[= ]["']?([^\s"']+)"""
)

_FOLDER_CHANGERS = frozenset({"cd", "pushd", "popd", "eval", "source", ".", ""})


def expand(word: Word, command: SimpleCommand, line: CommandLine, world: World) -> list[str | None]:
    """Return absolute paths, not yet resolved; None where nobody knows."""
    if filled(word, command, line):
        return [None]
    if not word.known:
        from gatesh.facts.temporary import new_path

        return [new_path(word, command, line, world)]
    if word.globbed and (
        re.search(r"[?*+@!]\(", word.text)
        or (
            _GLOB.search(word.text)
            and (_OTHER_GLOBBING.search(_globbing(line)) or _CLASS.search(word.text))
        )
    ):
        return [None]
    base = working_folder(command, line, world.before)
    texts = _braces(word.text) if word.globbed else [word.text]
    if texts is None:
        return [None]
    found: list[str | None] = []
    for text in texts:
        path = _home(text, line, world) if word.globbed and text.startswith("~") else text
        if path is None or (base is None and not path.startswith("/")):
            found.append(None)
            continue
        path = path if path.startswith("/") else os.path.join(base or "", path)
        if _PROCESS.search(path) or _PROCESS.search(os.path.normpath(path)):
            found.append(None)
            continue
        if word.globbed and _GLOB.search(path) and not command.remote:
            found += glob(path, world)
            found += [None] if _arrives(path, line, world) else []
        else:
            found.append(path)
    return found


def filled(word: Word, command: SimpleCommand, line: CommandLine) -> bool:
    """Claim that find, xargs or the like put something into this word that is not on the line."""
    if not _FILLERS.intersection(command.prefixes):
        return False
    if word.text == "$_" or re.search(r"\{[^{} ,]*\}", word.text):
        return True
    if _BEHIND.isdisjoint(command.prefixes):
        return False
    if through_shell(command):
        return not word.text.startswith(("-", "/dev/"))
    texts = (one or other for one, other in _REPLACED.findall(line.text))
    return any(text in word.text for text in texts)


def adds_words(command: SimpleCommand, line: CommandLine) -> bool:
    """Claim that the command gets words nobody can see: xargs, "$@" of a script that xargs starts."""
    span = command.span
    return command.more_words or (
        bool(_FILLERS.intersection(command.prefixes))
        and through_shell(command)
        and "$" in line.text[span.start : span.end]
    )


def through_shell(command: SimpleCommand) -> bool:
    """Claim that a shell stands between the one who fills in words and the command."""
    first = next((i for i, p in enumerate(command.prefixes) if p in _FILLERS), -1)
    return first >= 0 and not _SHELLS.isdisjoint(command.prefixes[first:])


def _globbing(line: CommandLine) -> str:
    """Return everything that could make bash glob otherwise than by default."""
    return f"{line.text} {line.env.get('BASHOPTS', '')} {'GLOBIGNORE' if 'GLOBIGNORE' in line.env else ''}"


def working_folder(
    command: SimpleCommand, line: CommandLine, before: Sequence[SimpleCommand] = ()
) -> str | None:
    """Return where the command runs; None where that is not known."""
    if "find" in command.prefixes and re.search(r"-(exec|ok)dir", line.text):
        return None
    if command.cwd is not None:
        return os.path.join(line.cwd, command.cwd)
    # A trap runs some time later; where nothing changes the folder, that is here.
    stays = command.prefixes == ("trap",) and not any(
        c.program in _FOLDER_CHANGERS and c.words for c in before
    )
    return line.cwd if stays else None


def _home(text: str, line: CommandLine, world: World) -> str | None:
    """Expand ~ as bash does: $HOME first; another user's home is not looked up."""
    name, slash, rest = text.partition("/")
    if re.search(r"\bHOME\b=|\bread\b[^;&|]*\bHOME\b", line.text):
        return None
    if name == "~":
        return (line.env.get("HOME") or world.home) + slash + rest
    if name == "~root":
        return "/root" + slash + rest
    return None


def _braces(text: str) -> list[str] | None:
    """Expand {a,b}; a sequence such as {1..9} matches whatever stands there. None where it is too much."""
    done: list[str] = []
    rest = [text]
    while rest:
        text = rest.pop()
        found = next((m for m in _BRACES.finditer(text) if re.search(r",|\.\.", m.group(1))), None)
        if found is None:
            done.append(text)
        else:
            parts = found.group(1).split(",") if "," in found.group(1) else ["*"]
            rest += [text[: found.start()] + part + text[found.end() :] for part in parts]
        if len(done) + len(rest) > _PATHS * 4:
            return None
    return list(dict.fromkeys(reversed(done)))


def glob(path: str, world: World, most: int = _PATHS) -> list[str | None]:
    """Expand * ? [ ] one folder after the other; what matches nothing stays as it is written."""
    folders = ["/"]
    parts = [part for part in path.split("/") if part]
    for depth, part in enumerate(parts):
        if not _GLOB.search(part):
            folders = [os.path.join(folder, part) for folder in folders]
            continue
        last = depth == len(parts) - 1
        matched: list[str] = []
        for folder in folders:
            names = world.files.names(folder, _NAMES)
            if names is None and world.files.kind(world.files.real(folder)) == "directory":
                # All of it is what the folder is, unless the rest of the word leads out again.
                alone = last and len(folders) == 1 and not path.endswith("/")
                return [folder] if alone else [None]
            if not world.spend(1 + len(names or ()) // 50):
                return [None]
            matched += [os.path.join(folder, name) for name in _matching(part, names or ())]
        if len(matched) > most:
            return [*matched[:most], None] if last else [None]
        if not matched:
            return [path]
        folders = matched
        if not last or path.endswith("/"):
            folders = [f for f in folders if world.files.kind(f) != "file"] or folders
    return [f"{folder}/" for folder in folders] if path.endswith("/") else list(folders)


def _arrives(path: str, line: CommandLine, world: World) -> bool:
    """Claim that a glob may match what an earlier command of the line puts there."""
    if not world.before:
        return False
    from gatesh.facts.extents import arrivals

    parts = [part for part in path.split("/") if part]
    return any(
        landing is None
        or not world.spend(1)
        or all(
            (_GLOB.search(part) is None and part == name) or bool(_matching(part, [name]))
            for part, name in zip(parts, landing.strip("/").split("/"), strict=False)
        )
        for landing in arrivals(line, world)
    )


def _matching(part: str, names: Sequence[str]) -> list[str]:
    """Return the names that bash may take for a pattern.

    Which of its characters were quoted is not known here: a `[` is taken for a class and for itself.
    """
    from fnmatch import fnmatchcase

    patterns = {part.replace("[^", "[!"), part.replace("[", "[[]")}
    return [
        name
        for name in names
        if (part.startswith(".") or not name.startswith("."))
        and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
