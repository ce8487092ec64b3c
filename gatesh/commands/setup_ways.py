"""How each agent is led through gatesh: the setting that names its shell, or the hook it calls beforehand.

Where an agent keeps these, what it calls them and what they leave open was measured with the agents; Cursor's,
Windsurf's and Crush's are from their documentation.
"""

from __future__ import annotations

import json
import os
import re
import shlex

import click

from gatesh._value import Value
from gatesh.commands import jsonc
from gatesh.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    _Choice = click.Choice[str]
else:
    _Choice = click.Choice

_SEES_NOT = (
    "Not covered, because no shell sees it: the agent's own tools for editing and writing files, MCP servers, "
    "plugins, and what programs do that start no shell."
)
_GUARDS_NOT = (
    "Nor does gatesh guard this file: a project's own settings, or the agent with an editor, may"
)
_SHELL = (
    "Covered: every command that the agent runs in its shell tool.\n"
    f"{_SEES_NOT} {_GUARDS_NOT} name another shell.\n"
)
_HOOK = (
    "Covered: every command that the agent hands to its shell tool, as it is written there. It runs there, and"
    " how it ended is not recorded.\n"
    f"{_SEES_NOT} {_GUARDS_NOT} take the hook out.\n"
)
_TRUST = "Codex passes over a hook until you trust it: start codex once, and say yes to it.\n"
_TYPED = "What the model types into a command that still runs is not covered.\n"
_KEYS = (
    "What the model types into a shell that still runs is read as a line of its own, whatever program it "
    "reaches; keys ({up}) are not.\n"
)
_OPEN = "If the hook is killed, or takes longer than the agent waits for it, the agent runs the command.\n"
HOOK_S = 600  # far above what gatesh itself waits


def _path(folder: tuple[str, str], files: tuple[str, ...]) -> str:
    """Return the last of the files that exists, or the first."""
    variable, default = folder
    base = os.environ.get(variable) if variable else None
    if variable == "XDG_CONFIG_HOME":
        base = os.path.join(base or "~/.config", default)
    paths = [os.path.join(os.path.expanduser(base or default), name) for name in files]
    there = [path for path in paths if os.path.exists(path)]
    return os.path.realpath(there[-1] if there else paths[0])


class Shell(Value):
    """A key of the settings that names the shell."""

    folder: tuple[str, str]  # the variable that may name it, and where it is otherwise
    files: tuple[str, ...]  # the last one that exists decides; the first is made where none does
    key: str
    fresh: str = "{}\n"  # what a new file holds
    covered: str = _SHELL
    executable: bool = False

    def file(self) -> str:
        """Return the settings file."""
        return _path(self.folder, self.files)

    def named(self, text: str | None) -> str:
        """Return the shell that the settings name."""
        found = jsonc.read(text or "{}", self.file()).member(self.key)
        return found.value if found and isinstance(found.value, str) else ""

    def is_set_up(self, text: str | None) -> bool:
        """Claim that they name a gatesh."""
        return os.path.basename(self.named(text)) == "gatesh"

    def added(self, text: str | None, gatesh: str) -> str:
        """Name gatesh."""
        return jsonc.put(jsonc.read(text or self.fresh, self.file()), self.key, gatesh)

    def removed(self, text: str, earlier: str | None) -> str:
        """Name the shell again that they named before, or none."""
        document = jsonc.read(text, self.file())
        before = self.named(earlier)
        if before:
            return jsonc.put(document, self.key, before)
        bare = jsonc.remove(document, self.key)
        return "" if earlier is None and _value(bare) == _value(self.fresh) else bare


class Hook(Value):
    """An entry in a list of hooks."""

    folder: tuple[str, str]
    files: tuple[str, ...]
    place: jsonc.Path
    entry: Callable[[str], object]  # from the command that the agent is to call
    agent: str
    fresh: str = "{}\n"
    covered: str = _HOOK + _OPEN
    executable: bool = False

    def file(self) -> str:
        """Return the settings file."""
        return _path(self.folder, self.files)

    def is_set_up(self, text: str | None) -> bool:
        """Claim that a hook of ours is in the list."""
        return bool(self._ours(jsonc.read(text or "{}", self.file())))

    def added(self, text: str | None, gatesh: str) -> str:
        """Put the hook first in the list, in the place of one that is there."""
        entry = self.entry(f"{shlex.quote(gatesh)} hook {self.agent}")
        text = text or self.fresh
        document = jsonc.read(text, self.file())
        ours = self._ours(document)
        if [part.value for part in ours] == [entry]:
            return text
        return jsonc.prepend(self._without(document), self.place, entry)

    def removed(self, text: str, earlier: str | None) -> str:
        """Take the hook out, and what is empty then."""
        bare = self._without(jsonc.read(text, self.file())).text
        bare = jsonc.prune(bare, self.place, self.file())
        if earlier is None:
            return "" if _value(bare) == _value(self.fresh) else bare
        return earlier if _value(bare) == _value(earlier) else bare

    def _without(self, document: jsonc.Document) -> jsonc.Document:
        for part in reversed(self._ours(document)):
            text = jsonc.remove(document, (*self.place, part.key))
            document = jsonc.read(text, self.file())
        return document

    def _ours(self, document: jsonc.Document) -> list[jsonc.Part]:
        listed = document.member(*self.place)
        parts = document.parts(listed) if listed else ()
        return [part for part in parts if _calls_gatesh(part.value)]


class OwnFile(Value):
    """A file of gatesh's own in a folder of hooks."""

    folder: tuple[str, str]
    files: tuple[str, ...]
    content: Callable[[str], str]  # from the command that the agent is to call
    agent: str
    covered: str = _HOOK + _OPEN
    executable: bool = False

    def file(self) -> str:
        """Return the file."""
        return _path(self.folder, self.files)

    def is_set_up(self, text: str | None) -> bool:
        """Claim that it is there and calls gatesh."""
        return text is not None and _calls_gatesh(text)

    def added(self, text: str | None, gatesh: str) -> str:
        """Write it; raises ConfigError where somebody else's is there."""
        if text is not None and not self.is_set_up(text):
            raise ConfigError(
                f"{self.file()}: there is a hook already",
                f"have it call `gatesh hook {self.agent}`",
            )
        return self.content(f"{shlex.quote(gatesh)} hook {self.agent}")

    def removed(self, text: str, earlier: str | None) -> str:  # noqa: ARG002  it is all ours
        """Take it away."""
        return ""


def _value(text: str) -> object:
    return jsonc.read(text, "").root.value


def _calls_gatesh(value: object) -> bool:
    text = value if isinstance(value, str) else json.dumps(value)
    return re.search(r"gatesh'? hook ", text) is not None


def _claudes(matcher: str, unit: int = 1, **more: object) -> Callable[[str], object]:
    """Return the maker of an entry in Claude Code's form; `unit` is how many a second has."""

    def entry(command: str) -> object:
        called = {"type": "command", "command": command, "timeout": HOOK_S * unit, **more}
        return {"matcher": matcher, "hooks": [called]}

    return entry


def _copilots(command: str) -> str:
    called = {"type": "command", "bash": command, "timeoutSec": HOOK_S}
    return json.dumps({"version": 1, "hooks": {"preToolUse": [called]}}, indent=2) + "\n"


Way = Shell | Hook | OwnFile

_BEFORE = ("hooks", "PreToolUse")
WAYS: dict[str, Way] = {
    "claude-code": Hook(
        ("CLAUDE_CONFIG_DIR", "~/.claude"), ("settings.json",), _BEFORE,
        _claudes("Bash|Monitor|PowerShell", onFailure="block"), "claude-code", covered=_HOOK,
    ),
    "codex": Hook(
        ("CODEX_HOME", "~/.codex"), ("hooks.json",), _BEFORE, _claudes("Bash"), "codex",
        covered=_HOOK + _OPEN + _TRUST + _TYPED,
    ),
    "gemini-cli": Hook(
        ("", "~/.gemini"), ("settings.json",), ("hooks", "BeforeTool"),
        _claudes("run_shell_command", 1000, name="gatesh"), "gemini-cli",
    ),
    "qwen-code": Hook(
        ("", "~/.qwen"), ("settings.json",), _BEFORE,
        _claudes("run_shell_command", 1000, name="gatesh"), "qwen-code",
    ),
    "droid": Hook(("", "~/.factory"), ("settings.json",), _BEFORE, _claudes("Execute"), "droid"),
    "copilot-cli": OwnFile(
        ("", "~/.copilot/hooks"), ("gatesh.json",), _copilots, "copilot-cli", covered=_HOOK + _OPEN + _KEYS,
    ),
    "cline": OwnFile(
        ("", "~/.cline/hooks"), ("PreToolUse",), lambda command: f"#!/bin/sh\nexec {command}\n", "cline",
        covered=_HOOK + _OPEN + "Cline ends its whole run when a hook says no.\n", executable=True,
    ),
    "opencode": Shell(
        ("XDG_CONFIG_HOME", "opencode"), ("opencode.json", "opencode.jsonc"), "shell",
        '{\n  "$schema": "https://opencode.ai/config.json"\n}\n',
    ),
    "pi": Shell(("PI_CODING_AGENT_DIR", "~/.pi/agent"), ("settings.json",), "shellPath"),
    "cursor": Hook(
        ("", "~/.cursor"), ("hooks.json",), ("hooks", "beforeShellExecution"),
        lambda command: {"command": command, "timeout": HOOK_S, "failClosed": True}, "cursor",
        fresh='{\n  "version": 1\n}\n', covered=_HOOK,
    ),
    "windsurf": Hook(
        ("", "~/.codeium/windsurf"), ("hooks.json",), ("hooks", "pre_run_command"),
        lambda command: {"command": command, "show_output": True}, "windsurf",
    ),
    "crush": Hook(
        ("XDG_CONFIG_HOME", "crush"), ("crush.json",), _BEFORE,
        lambda command: {"matcher": "^bash$", "command": command, "timeout": HOOK_S}, "crush",
        covered=_HOOK + _OPEN + "Crush does not call hooks for its sub-agents.\n",
    ),
}  # fmt: skip

_KIRO = (
    "has its hooks in each agent's own file: preToolUse with matcher execute_bash, timeout_ms 600000, and "
    "command `GATESH hook kiro`"
)
_VSCODE = (
    "has its hooks in the project: a file in .github/hooks with PreToolUse, timeout 600, and command "
    "`GATESH hook vscode`"
)
# Agents whose settings name neither a shell nor a hook: what to do instead.
ELSEWHERE = {
    "mini-swe-agent": ("mini", "starts /bin/sh, whatever it is told"),
    "kiro": ("kiro-cli", _KIRO),
    "vscode": ("code", _VSCODE),
}  # fmt: skip

# Agents that find their shell when they start: what it goes by, and how to start them. LINKS is the folder in
# which links called bash, sh and zsh lead to gatesh.
STARTED_WITH = {
    "continue": ("cn", "takes the shell that SHELL names", "SHELL=LINKS/bash cn"),
    "aider": ("aider", "takes the shell that SHELL names, and only on a terminal", "SHELL=LINKS/bash aider"),
    "gptme": ("gptme", "takes the first bash in PATH", 'PATH="LINKS:$PATH" gptme'),
}  # fmt: skip

# What starts an agent, where that is not its name; it may be asked for by either.
PROGRAMS = {
    "claude-code": "claude", "gemini-cli": "gemini", "qwen-code": "qwen", "copilot-cli": "copilot",
    "continue": "cn", "mini-swe-agent": "mini", "cursor": "cursor-agent",
}  # fmt: skip
ALIASES = {program: agent for agent, program in PROGRAMS.items()}


class AgentName(_Choice):
    """An agent's name; of one that is misspelt it is said what it may have been."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; ends as used wrongly where it is none."""
        if value in self.choices:
            return value
        from difflib import get_close_matches

        near = get_close_matches(value.lower(), self.choices, 1)
        hint = f"did you mean {near[0]}?" if near else "gatesh setup --list shows which there are"
        return self.fail(f"{value} is no agent that is known; {hint}", param, ctx)
