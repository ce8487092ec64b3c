"""`gatesh hook AGENT`: what an agent calls before it runs a command in its own shell, in that agent's words.

What may run is answered as if there were no opinion, so that the agent's own questions stay. What may not is
denied; nothing is ever answered with "ask", which several agents take for a yes. Whatever cannot be understood
is denied too. Measured with the agents themselves; Cursor, Windsurf, Kiro, VS Code and Crush from their
documentation.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys

import click

from gatesh._value import Value
from gatesh.commands.setup_ways import ALIASES, AgentName
from gatesh.errors import GateshError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Call = dict[str, Any]


class Protocol(Value):
    """How an agent calls its hook: what it wants to run, and how it is told no."""

    asked: Callable[[Call], list[str] | None]  # None: it is not about a command
    denied: Callable[[str], object]
    let_through: object = None  # what is written where it may run
    status: int = 0  # with a denial; where it is 2 the reason goes to stderr


def _tool(*names: str) -> Callable[[Call], list[str] | None]:
    """Return the reader of Claude Code's form, which most have taken over."""
    return lambda call: _command(call, "tool_name", "tool_input", names)


def _command(call: Call, tool: str, given: str, names: tuple[str, ...]) -> list[str] | None:
    if _text(call[tool]) not in names:
        return None
    arguments = call[given]
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return [arguments["command"]]


def _claude(call: Call) -> list[str] | None:
    """Return the line of a shell tool; PowerShell's is read as what pwsh is given."""
    tool, given = _text(call["tool_name"]), call["tool_input"]
    if tool == "PowerShell":
        return [f"pwsh -NoProfile -Command {shlex.quote(given['command'])}"]
    if tool == "Monitor" and "command" not in given and "ws" in given:
        return None  # it listens to a server
    return _command(call, "tool_name", "tool_input", ("Bash", "Monitor"))


def _copilot(call: Call) -> list[str] | None:
    """Return the line of a shell tool, or what is typed into a shell that runs, its keys taken off."""
    tool, given = _text(call["toolName"]), call["toolArgs"]
    if tool != "write_bash":
        return _command(call, "toolName", "toolArgs", ("bash",))
    arguments = json.loads(given) if isinstance(given, str) else given
    typed = re.sub(r"\{(enter|return)\}", "\n", _text(arguments["input"]), flags=re.IGNORECASE)
    line = re.sub(r"\{\w+\}", "", typed).strip()
    return [line] if line else None


def _cline(call: Call) -> list[str] | None:
    made = call["tool_call"]
    if _text(made["name"]) not in ("run_commands", "execute_command"):
        return None
    given = made["input"]
    commands = given.get("commands", [])
    if not isinstance(commands, list):
        raise TypeError("commands is no list")
    if "command" in given or not commands:
        commands = [*commands, given["command"]]
    return [one if isinstance(one, str) else _words(one) for one in commands]


def _words(one: Call) -> str:
    """Return a command that is given with its words apart."""
    return " ".join((_text(one["command"]), *map(shlex.quote, one.get("args") or ())))


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{given!r:.40} is no text")
    return given


def _in_claudes_words(reason: str) -> object:
    said = {"permissionDecision": "deny", "permissionDecisionReason": reason}
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}


def _in_geminis_words(reason: str) -> object:
    return {"decision": "deny", "reason": reason}


def _in_copilots_words(reason: str) -> object:
    return {"permissionDecision": "deny", "permissionDecisionReason": reason}


def _in_clines_words(reason: str) -> object:
    return {"cancel": True, "errorMessage": reason}


def _in_cursors_words(reason: str) -> object:
    return {"permission": "deny", "user_message": reason, "agent_message": reason}


def _plainly(reason: str) -> object:
    return reason


PROTOCOLS = {
    "claude-code": Protocol(_claude, _in_claudes_words),
    "codex": Protocol(_tool("Bash"), _in_claudes_words),
    "droid": Protocol(_tool("Execute"), _in_claudes_words),
    "qwen-code": Protocol(_tool("run_shell_command"), _in_claudes_words),
    "vscode": Protocol(_tool("run_in_terminal"), _in_claudes_words),
    "gemini-cli": Protocol(_tool("run_shell_command"), _in_geminis_words),
    "crush": Protocol(_tool("bash"), _in_geminis_words),
    "copilot-cli": Protocol(_copilot, _in_copilots_words),
    "cline": Protocol(_cline, _in_clines_words, let_through={"cancel": False}),
    "cursor": Protocol(
        lambda call: [call["command"]], _in_cursors_words, let_through={"permission": "allow"}
    ),
    "windsurf": Protocol(lambda call: [call["tool_info"]["command_line"]], _plainly, status=2),
    "kiro": Protocol(_tool("execute_bash", "shell"), _plainly, status=2),
}
_NAMES = (*PROTOCOLS, *(name for name, agent in ALIASES.items() if agent in PROTOCOLS))


@click.command(short_help="Decide on what an agent is about to run, for its hook.")
@click.argument("agent", type=AgentName(_NAMES), metavar="AGENT")
def hook(agent: str) -> None:
    """Decide on the command that AGENT's hook hands over on standard input, in the form AGENT speaks.

    `gatesh setup AGENT` writes the hook into its settings. It blocks while the command is held.
    """
    protocol = PROTOCOLS[ALIASES.get(agent, agent)]
    try:
        refusal = _refusal(protocol, sys.stdin.buffer.read())
    except GateshError as error:
        refusal = error.lines()
    except Exception as error:  # noqa: BLE001  promise 3: whatever breaks here, nothing runs
        refusal = f"gatesh: error: {type(error).__name__}: {error}\ngatesh: hint: tell your human\n"
    if not refusal:
        _say(protocol.let_through)
        return
    said = protocol.denied(refusal.strip())
    if protocol.status:
        click.echo(said, err=True)
        raise click.exceptions.Exit(protocol.status)
    _say(said)


def _refusal(protocol: Protocol, raw: bytes) -> str:
    from gatesh.doors.hook import decide

    try:
        call = json.loads(raw)
        commands = protocol.asked(call)
        texts = [command.encode("utf-8", "surrogateescape") for command in commands or ()]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise GateshError(
            f"the hook was handed something that is not understood ({type(error).__name__}: {error})",
            "nothing ran; this gatesh may be older than the agent",
        ) from error
    cwd = _folder(call)
    for text in texts:
        refusal = decide(text, cwd)
        if refusal:
            return refusal
    return ""


def _folder(call: Call) -> bytes:
    """Return where the command would run, as the agent says; else where its hook does."""
    folder = os.getcwd()
    for told in (call, call.get("tool_info"), call.get("tool_input")):
        for name in ("cwd", "directory", "dir_path", "workdir"):
            given = told.get(name) if isinstance(told, dict) else None
            if isinstance(given, str) and given:
                folder = os.path.join(folder, given)
                break
    return os.fsencode(folder)


def _say(answer: object) -> None:
    if answer is not None:
        click.echo(json.dumps(answer))
