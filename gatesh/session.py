"""Which session a process belongs to: found in /proc, never in what the process says of itself.

The root of a session is the agent: walking up from a door's parent, the last process before PID 1, a user
manager, or a session leader that has a controlling terminal (where the parent is that leader, it is the
root itself). Below `gatesh run` and the demonstration it is the child that the keeper itself started.
"""

from __future__ import annotations

import os

from gatesh._value import Value
from gatesh.model import Asker

_MOST_ANCESTORS = 200


class Process(Value):
    """One process as /proc/PID/stat shows it; `start` is in clock ticks after boot."""

    pid: int
    ppid: int
    start: int
    name: str
    sid: int
    tty: int  # device number of the controlling terminal, 0 where there is none

    @property
    def holds_terminal(self) -> bool:
        """Claim that it leads a session with a controlling terminal: a login shell, a tmux pane."""
        return self.pid == self.sid and self.tty != 0


def process(pid: int) -> Process | None:
    """Return the process, or None where it is gone."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        raw = os.read(descriptor, 4096)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    # The name stands in parentheses and may hold anything, parentheses and spaces too.
    opened, closed = raw.find(b"("), raw.rfind(b")")
    rest = raw[closed + 2 :].split()
    name = raw[opened + 1 : closed].decode("utf-8", "replace")
    return Process(pid, int(rest[1]), int(rest[19]), name, int(rest[3]), int(rest[4]))


def ancestry(pid: int) -> tuple[Process, ...]:
    """Return the process and its ancestors, nearest first, as far as /proc shows them."""
    chain: list[Process] = []
    while pid > 0 and len(chain) < _MOST_ANCESTORS:
        found = process(pid)
        if found is None:
            break
        chain.append(found)
        pid = found.ppid
    return tuple(chain)


def _user_manager(found: Process) -> bool:
    return found.name == "systemd" and found.pid != 1


def root_of(door: int, keeper: int = 0) -> Process | None:
    """Return the root of the session that process `door` belongs to; None where its parent is gone.

    `keeper` is a process that starts agents itself: its child is the root.
    """
    chain = ancestry(door)[1:]
    if not chain or chain[0].pid in (1, keeper):
        return process(door)
    root = chain[0]
    if root.holds_terminal:
        return root
    for above in chain[1:]:
        if above.pid in (1, keeper) or _user_manager(above) or above.holds_terminal:
            break
        root = above
    return root


def boot_id() -> str:
    """Return the kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def key_of(root: Process) -> str:
    """Return the session's key: boot id, pid and start time."""
    return f"{boot_id()}:{root.pid}:{root.start}"


# Variable that an agent sets in its commands → the agent, and how long it lets a command take before it
# gives up (seconds, measured), less a margin for the refusal to arrive.
_AGENTS = (
    ("CLAUDECODE", "claude-code", 110.0),
    ("CODEX_THREAD_ID", "codex", 110.0),
    ("GEMINI_CLI", "gemini-cli", 280.0),
    ("QWEN_CODE", "qwen-code", 110.0),
    ("OPENCODE", "opencode", 110.0),
    ("COPILOT_CLI", "copilot-cli", 110.0),
    ("PI_CODING_AGENT", "pi", 280.0),
    ("CURSOR_AGENT", "cursor", 110.0),
    ("FACTORY_DROID", "droid", 50.0),
)
AGENT_VARIABLES = tuple(variable for variable, _, _ in _AGENTS)

# Program or script name in the root's command line, for agents that set no variable of their own.
_PROGRAMS = (
    ("claude", "claude-code", 110.0),
    ("codex", "codex", 110.0),
    ("gemini", "gemini-cli", 280.0),
    ("qwen", "qwen-code", 110.0),
    ("opencode", "opencode", 110.0),
    ("copilot", "copilot-cli", 110.0),
    ("cline", "cline", 25.0),
    ("droid", "droid", 50.0),
    ("mini", "mini-swe-agent", 25.0),
    ("mini-swe-agent", "mini-swe-agent", 25.0),
    ("aider", "aider", 280.0),
    ("gptme", "gptme", 280.0),
    ("goose", "goose", 280.0),
    ("cn", "continue", 170.0),
    ("pi", "pi", 280.0),
)
DEFAULT_WAIT_S = 110.0
HOOKED_S = (
    60  # how long a hook's line waits for the shell that runs it: the agent may ask its own person
)
_PERSON_WAITS_S = 3600.0  # at an interactive shell: they see that it waits, and can press ^C
_SHELLS = frozenset(("bash", "sh", "dash", "zsh", "ksh", "fish"))


def command_line(pid: int) -> tuple[str, ...]:
    """Return a process's arguments; empty where they cannot be read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            raw = file.read(65536)
    except OSError:
        return ()
    return tuple(part.decode("utf-8", "replace") for part in raw.rstrip(b"\0").split(b"\0"))


def agent_of(env: dict[str, str], root: Process, door: int = 0) -> tuple[str, str, float]:
    """Return the agent's name, its version where it says so, and how long a hold may take.

    Where no variable tells, the nearest process from `door` up to the root that is called like an agent does.
    Only a label and a deadline hang on it, so an environment that lies gains nothing.
    """
    for variable, name, wait_s in _AGENTS:
        if variable in env:
            version = env.get("AI_AGENT", "") if name == "claude-code" else ""
            return name, version or env.get("CODEX_VERSION", ""), wait_s
    for found in (*ancestry(door)[1:], root):
        for word in command_line(found.pid)[:2]:
            base = os.path.basename(word)
            for program, name, wait_s in _PROGRAMS:
                if base == program:
                    return name, "", wait_s
        if found.pid == root.pid:
            break
    return "", "", DEFAULT_WAIT_S


def _is_typed_at(command: list[str]) -> bool:
    """Claim that a command is an interactive shell: one that gets neither a line nor a script."""
    options = command[1:]
    return os.path.basename(command[0]) in _SHELLS and all(
        word.startswith("--") or (word.startswith("-") and "c" not in word) for word in options
    )


def asker_below(root: Process, uid: int, env: dict[str, str], command: list[str]) -> Asker:
    """Return who submits below an agent that this very process starts as `root`."""
    name, version, limit = agent_of(env, root)
    for word in command[:2]:
        base = os.path.basename(word)
        name, limit = next(((n, w) for p, n, w in _PROGRAMS if p == base), (name, limit))
    found = Asker(
        pid=root.pid,
        uid=uid,
        session=key_of(root),
        root_pid=root.pid,
        root_start=root.start,
        root_name=os.path.basename(command[0]),
        agent=name,
        agent_version=version,
        tty=str(root.tty) if root.tty else "",
        wait_s=limit,
    )
    return typing(found) if _is_typed_at(command) else found


def typing(found: Asker) -> Asker:
    """Return who types at an interactive shell: a person, where no agent is above."""
    return found if found.agent else found.but(person=True, wait_s=_PERSON_WAITS_S)


def asker(pid: int, uid: int, env: dict[str, str], keeper: int = 0) -> Asker:
    """Return who submits, for the process `pid` as the kernel names it."""
    root = root_of(pid, keeper) or Process(pid, 0, 0, "gone", 0, 0)
    name, version, limit = agent_of(env, root, pid)
    door = process(pid)
    return Asker(
        pid=pid,
        uid=uid,
        session=key_of(root),
        root_pid=root.pid,
        root_start=root.start,
        root_name=root.name,
        agent=name,
        agent_version=version,
        tty=str(door.tty) if door and door.tty else "",
        wait_s=limit,
    )


def called(cwd: str, env: dict[str, str], *, kept: bool = False) -> tuple[str, str]:
    """Return a folder with what a shell calls it that starts there: PWD, where that leads to the same one.

    `kept`: it has not just started, and may have come there by any name.
    """
    named = env.get("PWD", "")
    if named == cwd:
        return cwd, cwd
    try:
        if named[:1] == "/" and os.path.samefile(named, cwd):
            name = os.path.normpath(named)  # which a link may lead elsewhere
            return cwd, name if os.path.samefile(name, cwd) else ""
    except OSError:
        pass
    return cwd, "" if kept else cwd


def folder_of(pid: int) -> str:
    """Return the folder a process works in; the root's where that cannot be seen."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return "/"
