"""The paths that bash makes of a word: ~, braces and globs, resolved against the command's cwd."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

_NAMES = 5000  # in one folder; a fuller one is told as itself
_PATHS = 40  # made of one word; of the others it is only told that they are there
_BRACES = re.compile(r"\{([^{}]*)\}")
_OTHER_GLOBBING = re.compile(r"dotglob|nocaseglob|globstar|extglob|GLOBIGNORE")
# These lead to where the process that looks is, not to where the command would be.
_PROCESS = re.compile(r"/proc/(?:[^/]+/)*?(?:cwd|root)(?:/|$)")
_GLOB = re.compile(r"[*?\[]")


def expand(word: Word, command: SimpleCommand, line: CommandLine, world: World) -> list[str | None]:
    """Return absolute paths, not yet resolved; None where nobody knows."""
    if not word.known:
        return [None]
    if word.globbed and (
        re.search(r"[?*+@!]\(", word.text)
        or (_GLOB.search(word.text) and _OTHER_GLOBBING.search(_globbing(line)))
    ):
        return [None]
    base = working_folder(command, line)
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
            found += _glob(path, world)
        else:
            found.append(path)
    return found


def _globbing(line: CommandLine) -> str:
    """Return everything that could make bash glob otherwise than by default."""
    return f"{line.text} {line.env.get('BASHOPTS', '')} {'GLOBIGNORE' if 'GLOBIGNORE' in line.env else ''}"


def working_folder(command: SimpleCommand, line: CommandLine) -> str | None:
    """Return where the command runs; None where that is not known."""
    return None if command.cwd is None else os.path.join(line.cwd, command.cwd)


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


def _glob(path: str, world: World) -> list[str | None]:
    """Expand * ? [ ] one folder after the other; what matches nothing stays as it is written."""
    from fnmatch import fnmatchcase

    folders = ["/"]
    parts = [part for part in path.split("/") if part]
    for depth, part in enumerate(parts):
        if not _GLOB.search(part):
            folders = [os.path.join(folder, part) for folder in folders]
            continue
        if "**" in part:
            return list(folders)  # globstar may be on: everything below
        matched: list[str] = []
        for folder in folders:
            names = world.files.names(folder, _NAMES)
            if names is None and world.files.kind(world.files.real(folder)) == "directory":
                return [folder]
            matched += [
                os.path.join(folder, name)
                for name in names or ()
                if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
            ]
        if len(matched) > _PATHS:
            return [*matched[:_PATHS], None]
        if not matched:
            return [path]
        folders = matched
        if depth < len(parts) - 1:
            folders = [f for f in folders if world.files.kind(f) != "file"] or folders
    return list(folders)
