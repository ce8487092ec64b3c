"""The agents that are installed: which shell each would start, and whether a line given to it is recorded.

Each way in which an agent finds its shell, and the arguments it gives it, were measured with the agent
itself. What cannot be seen from here is another shell named by a project's own settings.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import time

from gatesh._value import Value
from gatesh.audit.query import AuditReader, Filter
from gatesh.doctor.finding import note, ok, problem
from gatesh.errors import GateshError
from gatesh.run.child import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_TIME_S = 10.0
_OUTPUT = 65_536


class Agent(Value):
    """How an agent starts its shell."""

    name: str
    program: str  # by which it is found in PATH
    shell: Callable[[], str]  # where its settings name none; empty where it takes none but its own
    forms: tuple[tuple[str, ...], ...] = (
        ("-c", "@"),
    )  # of the arguments; @ is the line, < on stdin


def _variable(*names: str) -> str:
    return next((value for name in names if (value := os.environ.get(name))), "/bin/bash")


def _login() -> str:
    """Return the shell of the password database, where codex likes its name."""
    try:
        shell = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        shell = ""
    return shell if os.path.basename(shell) in ("bash", "zsh", "sh") else "/bin/bash"


def _claudes() -> str:
    """Return the first that has bash or zsh in its path: claude passes over others without a word."""
    named = (os.environ.get(name, "") for name in ("CLAUDE_CODE_SHELL", "SHELL"))
    return next((path for path in named if "bash" in path or "zsh" in path), "/bin/bash")


def _in_path() -> str:
    return shutil.which("bash") or "/bin/bash"


def _none() -> str:
    return ""


AGENTS = (
    Agent("claude-code", "claude", _claudes, (("-c", "-l", "@"), ("-c", "@"))),
    Agent("codex", "codex", _login, (("-lc", "@"), ("-c", "@"))),
    Agent("gemini-cli", "gemini", _in_path),
    Agent("qwen-code", "qwen", _in_path),
    Agent("opencode", "opencode", lambda: _variable("SHELL")),
    Agent("pi", "pi", _none),
    Agent("copilot-cli", "copilot", _none),
    Agent("cline", "cline", _none),
    Agent("continue", "cn", lambda: _variable("SHELL"), (("-l", "-c", "@"),)),
    Agent("droid", "droid", _none),
    Agent("mini-swe-agent", "mini", _none),
    Agent("gptme", "gptme", _in_path, (("<",),)),
    Agent("aider", "aider", lambda: _variable("SHELL"), (("-i", "-c", "@"),)),
)


def agents(
    places: Places, named: Callable[[str], tuple[str, str]], hooked: Callable[[str], str]
) -> Iterator[Finding]:
    """Look at each agent in PATH; `named` returns the shell that an agent's settings name, and the file.

    `hooked` returns the file with a hook that calls gatesh.
    """
    for agent in AGENTS:
        if not shutil.which(agent.program):
            continue
        try:
            shell, where = named(agent.name)
            hook = hooked(agent.name)
        except GateshError as error:
            yield problem("agent", f"{agent.name}: {error.message}", error.hint)
            continue
        shell = shell or agent.shell()
        source = f" ({where})" if where else ""
        if hook:
            yield ok("agent", f"{agent.name} asks gatesh before it runs a command ({hook})")
        elif not shell:
            what = f"{agent.name} takes no shell but its own"
            yield note("agent", what, f"gatesh run -- {agent.program}")
        elif not _may_be_gatesh(shell):
            what = f"{agent.name} runs {shell}{source}: what it does there is not gated"
            yield note(
                "agent", what, f"gatesh setup {agent.name}, or gatesh run -- {agent.program}"
            )
        else:
            yield from _probed(places, agent, shell, source)


def _may_be_gatesh(shell: str) -> bool:
    """Claim that a shell is meant to be gatesh, by its name or by where it leads."""
    return "gatesh" in shell or os.path.basename(os.path.realpath(shell)) == "gatesh"


def _probed(places: Places, agent: Agent, shell: str, source: str) -> Iterator[Finding]:
    for form in agent.forms:
        what = f"{agent.name}: {' '.join((shell, *form[:-1]))} LINE{source}"
        wrong = probe(places, shell, form)
        if wrong:
            yield problem(
                "agent", f"{what}: {wrong}", f"gatesh setup {agent.name}, then look again"
            )
        else:
            yield ok("agent", f"{what} was recorded")


def probe(places: Places, shell: str, form: tuple[str, ...]) -> str:
    """Run a line that does nothing as an agent would, and look for its record; return what is wrong."""
    mark = f"gatesh-doctor-{secrets.token_hex(8)}"
    line = f"true {mark}"
    argv = [shell, *(line if word == "@" else word for word in form if word != "<")]
    given = f"{line}\n".encode() if "<" in form else None
    child = start(argv, os.environ, "/", time.monotonic() + _TIME_S, _OUTPUT, given, errors=True)
    if child is None:
        return "it cannot be started"
    said = child.said()
    if said is None:
        return f"it did not end in {_TIME_S:.0f} s"
    if said.status:
        lines = said.output.decode("utf-8", "replace").strip().splitlines()
        return f"exit status {said.status}: {lines[0] if lines else 'it says nothing'}"
    nothing = f"it ran, and there is no record of it in {places.audit_db}"
    if not os.path.exists(places.audit_db):
        return nothing
    try:
        found = AuditReader(places.audit_db).history(Filter(words=(mark,), limit=1))
    except GateshError as error:
        return f"it ran, and the log cannot be read: {error.message}"
    return "" if found else nothing
