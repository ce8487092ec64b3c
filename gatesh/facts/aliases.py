"""Names that somebody gave to calls of aws, gh and glab: these expand them themselves, and start nothing.

Where such a name stands for a shell's line (`!…`) a program is started, and is seen when it is.
"""

from __future__ import annotations

import os.path

from gatesh.facts.surroundings import LIMIT
from gatesh.facts.words import UNSEEN, visible
from gatesh.model import Certainty, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

EXPANDED = "alias"  # among the prefixes of what was expanded already
# Where they stand: variables that name the folder, with what is below it, and the folder in the home.
_PLACES = {
    "aws": ((), ".aws/cli", "alias"),
    "gh": ((("GH_CONFIG_DIR", ""), ("XDG_CONFIG_HOME", "gh")), ".config/gh", "config.yml"),
    "glab": ((("GLAB_CONFIG_DIR", ""), ("XDG_CONFIG_HOME", "glab-cli")), ".config/glab-cli", "aliases.yml"),
}  # fmt: skip
# No name may be given to these; they need no look.
_OWN = frozenset(
    """
    alias api auth browse cache ci codespace config extension gist help issue job label mr org pr project
    release repo run search secret snippet status variable workflow
    """.split()
)
_VALUED = frozenset(
    "--profile --region --output --query --endpoint-url --color --repo -R --hostname".split()
)


def expanded(command: SimpleCommand, line: CommandLine, world: World) -> tuple[Word, ...]:
    """Return the words that a command's own ones stand for; none where it says what it does itself."""
    words = command.words
    at, after = _operand(words, 1), 0
    if at:
        after = _operand(words, at + 1)
    name = words[at].text if at else ""
    if not name or command.remote or EXPANDED in command.prefixes:
        return ()
    if command.program != "aws" and name in _OWN:
        return ()
    found = _read(command, line, world)
    if command.program != "aws":
        aliases = found.get("aliases", {}) if command.program == "gh" else found
        text = aliases.get(name) if isinstance(aliases, dict) else None
    elif (text := found.get("toplevel", {}).get(name)) is None and after:
        text, at = found.get(f"command {name}", {}).get(words[after].text), after
    if not isinstance(text, str) or text.lstrip()[:1] in ("", "!"):
        return ()
    return (*words[:at], *_words(text, words[at]), *words[at + 1 :])


def _operand(words: tuple[Word, ...], start: int) -> int:
    """Return where the next operand stands; 0 where there is none."""
    at = start
    while at < len(words) and words[at].text[:1] == "-":
        at += 2 if words[at].text in _VALUED else 1
    return at if at < len(words) else 0


def _words(text: str, instead: Word) -> tuple[Word, ...]:
    import shlex

    try:
        parts = shlex.split(text)
    except ValueError:
        parts = text.split()
    return tuple(  # $1 is one of the words behind it, whichever
        instead.but(text=part, certainty=Certainty.UNKNOWN if "$" in part else Certainty.EXPANDED)
        for part in parts
    )


def _read(command: SimpleCommand, line: CommandLine, world: World) -> dict[str, Any]:
    """Return the aliases, or what holds them; nothing where there is no file of them."""
    variables, folder, name = _PLACES[command.program]
    env = line.env | {given.name: visible(given.value) for given in command.assignments}
    set_ = [os.path.join(env[one], below) for one, below in variables if env.get(one)]
    home = env.get("HOME") or world.home
    path = os.path.join(line.cwd, set_[0] if set_ else f"{home}/{folder}", name)
    content = None if UNSEEN in path else world.files.read(path, LIMIT)
    if not content:
        return {}
    text = content.decode("utf-8", "replace")
    return _sections(text) if command.program == "aws" else _mapping(text)


def _sections(text: str) -> dict[str, Any]:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except Error:
        return {}
    return {section: dict(parser[section]) for section in parser.sections()}


def _mapping(text: str) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
