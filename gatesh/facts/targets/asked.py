"""One command that is asked where it goes: its options, its environment, the files of its tool.

A value that nobody can know is UNSEEN, or has UNSEEN in it; no value is the empty string.
"""

from __future__ import annotations

import os
import re

from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings, may_write
from gatesh.facts.words import UNSEEN, show, visible
from gatesh.model import Locality, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

ARGV = "argv"
# Sub-commands after which a tool goes elsewhere.
_MOVING = frozenset(
    """
    use use-context set-context set-cluster rename-context config configure context contexts remote workspace
    stack init link unlink login logout switch select account ctx auth set-default default connection
    configurations profile sso connect target
    """.split()
)
_OTHERS = frozenset("sudo doas su runuser pkexec sg setpriv chroot systemd-run machinectl".split())
_CLEARS = re.compile(r"\benv\s+(?:\S+\s+)*?(?:-\s|-\w*[iu]|--u|--ig)")
_GIT_MOVING = frozenset(("remote", "config", "init"))
_FOR_OTHERS = frozenset(  # whose state another tool keeps
    (other, program)
    for others, programs in (
        (
            "kubectl kubectx kubens kubectl-ctx kubectl-ns gcloud aws az oc minikube kind k3d",
            "kubectl oc helm",
        ),
        ("docker", "docker-compose"),
        ("gcloud", "gsutil bq"),
        ("git", "gh glab heroku"),
        ("terraform tofu", "terraform tofu terragrunt"),
    )
    for other in others.split()
    for program in programs.split()
)
_DEEP = 40  # folders between here and the one that was linked

if TYPE_CHECKING:
    Value = tuple[str, str]  # what it is, and where it was read


class Asked:
    """One command and what surrounds it."""

    def __init__(
        self, command: SimpleCommand, line: CommandLine, world: World, grammar: Grammar | None
    ) -> None:
        """Keep the parts; `grammar` is what is known of the program's options."""
        self.command, self.world, self.line = command, world, line
        self.around = Surroundings(command, line, world)
        self._grammar = grammar or Grammar()
        # As somebody else it has another home and another environment.
        self._another = not _OTHERS.isdisjoint(command.prefixes) or (
            "env" in command.prefixes and _CLEARS.search(line.text) is not None
        )
        self._moved = any(_moves(earlier, command.program) for earlier in world.before)
        self.options: dict[str, list[str]] = {}
        self.operands: list[str] = []

    def read(self, values: str = "", *, stop_at: int = 0, single_dash_long: bool = False) -> None:
        """Sort options from operands; `values` are options that take a word, whatever else does."""
        known = self._grammar
        grammar = known.but(
            values=(*known.values, *values.split()),
            stop_at=stop_at or known.stop_at,
            single_dash_long=single_dash_long or known.single_dash_long,
        )
        for given in walk(self.command.words[1:], grammar):
            text = visible(given.word) if given.word is not None else ""
            if given.option:
                self.options.setdefault(given.name, []).append(text)
            else:
                self.operands.append(text)

    def option(self, *names: str) -> Value:
        """Return the value of an option, the last one given."""
        found = [text for name in names for text in self.options.get(name, ())]
        return (found[-1], ARGV) if found and found[-1] else ("", "")

    def has(self, *names: str) -> bool:
        """Claim that one of these options is there."""
        return any(name in self.options for name in names)

    def variable(self, *names: str) -> Value:
        """Return the first of these variables that is set."""
        for name in names:
            value = None if self._another else self.around.variable(name)
            if value != "":
                return (UNSEEN if value is None else value), f"env {name}"
        return "", ""

    def named(self, *verbs: str) -> Value:
        """Return the operand that stands right behind one of these sub-commands: `apps destroy NAME`."""
        for verb in verbs:
            words = verb.split()
            after = len(words)
            if self.operands[:after] == words and len(self.operands) > after:
                return self.operands[after], ARGV
        return "", ""

    def home(self, name: str) -> str:
        """Return a path below HOME."""
        return f"{UNSEEN}/{name}" if self._another else self.around.at_home(name)

    def text(self, path: str) -> str | None:
        """Return a file's content; "" where there is none, None where it cannot be read.

        Nor can the tool's own state where an earlier command of the line has the tool change it.
        """
        if self._moved:
            return None
        full = self.around.path(path)
        if full is None:
            return None
        if not self.around.exists(full) and not may_write(full, self.line, self.world):
            return ""
        return self.around.read(full)

    def above(self, *names: str) -> tuple[str, str | None]:
        """Return the first of these files in this folder or the nearest one above: its path and content."""
        folder = self.around.cwd
        if folder is None:
            return "", None
        folder = os.path.normpath(folder)
        for _ in range(_DEEP):
            for name in names:
                content = self.text(os.path.join(folder, name))
                if content != "":
                    return os.path.join(folder, name), content
            if folder == "/":
                break
            folder = os.path.dirname(folder)
        return "", ""


def _moves(earlier: SimpleCommand, program: str) -> bool:
    """Claim that an earlier command tells the same tool to go elsewhere from now on."""
    if earlier.program != program and (earlier.program, program) not in _FOR_OTHERS:
        return False
    words = {visible(word) for word in earlier.words[1:]}
    moving = _GIT_MOVING if earlier.program == "git" else _MOVING
    return not words.isdisjoint(moving) or any(UNSEEN in word for word in words)


def first(*values: Value) -> Value:
    """Return the first value that there is."""
    return next((value for value in values if value[0]), ("", ""))


def answer(kind: str, *named: Value, parts: Iterable[Value], local: bool | None = False) -> Target:
    """Return a target whose name is made of `named`; it comes from where the first of them does.

    `local` is None where that cannot be known.
    """
    texts = [text for text, _ in named if text]
    origin = next((where for text, where in named if text), "")
    given = tuple((name, show(text)) for name, text in dict.fromkeys(parts) if text)
    if local is None or (local and any(UNSEEN in text for text in texts)):
        locality = Locality.UNKNOWN
    else:
        locality = Locality.LOCAL if local else Locality.REMOTE
    return Target(kind, show("/".join(texts)), locality, origin, parts=given)


def json_of(content: str | None, *, comments: bool = False) -> Any:
    """Return what a JSON file holds, with `comments` and trailing commas too; {} where it is no object."""
    import json

    text = (content or "").removeprefix("\ufeff")
    if comments:
        text = re.sub(
            r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/', _first_group, text, flags=re.DOTALL
        )
        text = re.sub(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])', _first_group, text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first_group(found: re.Match[str]) -> str:
    return found[1] or ""


def toml_of(content: str | None) -> dict[str, Any]:
    """Return what a TOML file holds; {} where it is none."""
    import tomllib

    try:
        return tomllib.loads(content or "")
    except (ValueError, RecursionError):
        return {}


def sections(content: str | None) -> dict[str, dict[str, str]]:
    """Return the sections of an INI file, keys in lower case; a line that is no pair is left out."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for raw in (content or "").splitlines():
        line = raw.strip()
        if line.startswith("[") and "]" in line:
            section = line[1 : line.index("]")].strip()
            found.setdefault(section, {})
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            found.setdefault(section, {})[key.strip().lower()] = value.strip().strip("\"'")
    return found
