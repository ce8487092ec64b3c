"""Who wants to approve, as far as /proc tells, and what speaks against it.

Ancestry proves little: a terminal's holder that was orphaned (`setsid -f script …`) looks like a tmux
server or an sshd. What can be told is refused here; where it cannot be told, pairing is what protects: a
person types the code of the new terminal at one that is attached.
"""

from __future__ import annotations

import os
import time

from gatesh.session import AGENT_VARIABLES, Process, ancestry, command_line, process

# Programs that make a terminal without a person at it.
_PUPPETEERS = frozenset(("script", "socat", "expect", "unbuffer"))
# A terminal that others can type into: what its programs are told where it listens.
_CONTROLLED = ("TMUX", "STY", "KITTY_LISTEN_ON", "WEZTERM_UNIX_SOCKET")
_SHELLS = frozenset(("bash", "zsh", "fish", "sh", "dash", "ksh", "mksh", "busybox", "nu", "xonsh"))


def terminal_name(tty: int) -> str:
    """Return the name of a terminal's device number; empty where it has none."""
    major, minor = (tty >> 8) & 0xFFF, (tty & 0xFF) | ((tty >> 12) & 0xFFF00)
    if not tty:
        return ""
    return f"/dev/pts/{minor}" if major == 136 else f"terminal {major}:{minor}"


def name_of(pid: int) -> str:
    """Return an approver's name for the record: its terminal and its pid."""
    chain = ancestry(pid)
    where = terminal_name(chain[0].tty) if chain else ""
    return f"terminal {where or 'none'} pid {pid}"


def lineage(pid: int) -> str:
    """Return the process and its ancestors for a person to read, nearest first."""
    return " ← ".join(f"{found.name} {found.pid}" for found in ancestry(pid)[:8])


def since(pid: int) -> str:
    """Return when a process was started, as the clock on the wall showed it."""
    found = process(pid)
    if found is None:
        return "never"
    ago = time.clock_gettime(time.CLOCK_BOOTTIME) - found.start / os.sysconf("SC_CLK_TCK")
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - ago))


def objection(pid: int, roots: frozenset[tuple[int, int]]) -> str:
    """Return why this process cannot be an approver; empty where nothing speaks against it.

    `roots` are the sessions that have been seen: pid and start of each root.
    """
    chain = ancestry(pid)
    if not chain:
        return "it is gone"
    for found in chain:
        if (found.pid, found.start) in roots:
            return f"it descends from {found.name} {found.pid}, which is a session's root"
    return terminal_objection(chain) or agent_above(chain)


def terminal_objection(chain: tuple[Process, ...]) -> str:
    """Return why no person sits at the terminal of a process, given with its ancestors; empty where one may."""
    me = chain[0]
    if not me.tty:
        return "it has no terminal"
    leaders = [place for place, found in enumerate(chain) if found.pid == me.sid]
    if not leaders or not chain[leaders[0]].holds_terminal:
        return "its ancestry is not known: the leader of its terminal is not above it"
    holders = chain[leaders[0] + 1 :]
    if holders and holders[0].pid == 1 and len(holders) == 1 and chain[leaders[0]].ppid == 1:
        return _orphaned_leader(chain[leaders[0]])
    for found in holders:
        words = command_line(found.pid)
        if (
            found.ppid == 1
            and {found.name, words[0].rsplit("/", 1)[-1] if words else ""} & _PUPPETEERS
        ):
            return f"its ancestry is not known: {found.name} {found.pid} holds its terminal and is an orphan"
    return ""


def _orphaned_leader(leader: Process) -> str:
    """Object to a terminal's leader whose parent has gone; a console's `getty` is no orphan."""
    if leader.name in ("agetty", "getty", "login", "init"):
        return ""
    return f"its ancestry is not known: {leader.name} {leader.pid} is an orphan"


def is_terminal_shell(found: Process) -> bool:
    """Claim that it is a shell that leads a terminal's session: where a person types."""
    try:
        program = os.readlink(f"/proc/{found.pid}/exe")  # its name is its own to choose
    except OSError:
        return False
    return found.holds_terminal and os.path.basename(program) in _SHELLS


def within_reach(pid: int) -> bool:
    """Claim that another process of this user could take what is typed at the terminal of `pid`.

    Whatever serves that terminal (tmux, screen, a terminal emulator) holds each key before we do, and is
    open to its own user, by its socket or by ptrace, unless it is not dumpable, as an sshd is.
    """
    chain = ancestry(pid)
    leader = next((place for place, found in enumerate(chain) if found.pid == chain[0].sid), None)
    if leader is None:
        return True
    return any(_open_to_us(found) for found in chain[leader + 1 :] if found.pid != 1)


def reach(pid: int) -> str:
    """Return by what others of this user could see or take what is typed at the terminal of `pid`.

    Empty where nothing was found: then only who sits there types there.
    """
    if os.getuid() == 0:
        return "root's programs may open this terminal"
    for name in _CONTROLLED:
        if name in os.environ:
            return f"{name}: any program of yours can type here"
    if within_reach(pid):
        return "the program that shows this terminal is open to all of yours"
    if not _traces_only_below():
        return "any program of yours can trace your shell (kernel.yama.ptrace_scope is 0)"
    return ""


def _traces_only_below() -> bool:
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope", encoding="ascii") as file:
            return file.read().strip() != "0"
    except OSError:
        return False


def _open_to_us(found: Process) -> bool:
    try:
        return os.stat(f"/proc/{found.pid}").st_uid == os.getuid() and found.name != "systemd"
    except OSError:
        return False


def also_at(terminal: int) -> tuple[str, ...]:
    """Return who else of this user has the terminal `terminal` open and no business there.

    Exclusive use keeps out whoever comes later; a descriptor that was opened before still reads and
    writes. Our ancestors and our process group have it rightly.
    """
    device = os.fstat(terminal).st_rdev
    if os.major(device) == 5:  # /dev/tty stands for the terminal of whoever asks
        device = os.stat(os.ttyname(terminal)).st_rdev
    known = {found.pid for found in ancestry(os.getpid())}
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        if int(name) in known or not _has_open(name, device):
            continue
        other = process(int(name))
        if other is not None and os.getpgrp() != _group(int(name)):
            found.append(f"{other.name} {other.pid}")
    return tuple(found)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _has_open(pid: str, device: int) -> bool:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False  # gone, another user's, or not dumpable
    for descriptor in descriptors:
        try:
            if os.stat(f"/proc/{pid}/fd/{descriptor}").st_rdev == device:
                return True
        except OSError:
            continue
    return False


def agent_above(chain: tuple[Process, ...]) -> str:
    """Return which of these was started by an agent, as far as environments tell; empty where none was."""
    for found in chain:
        mark = _mark(found.pid)
        if mark:
            return f"{found.name} {found.pid} was started by an agent: it carries {mark}"
    return ""


def _mark(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = {entry.partition(b"=")[0] for entry in file.read(1 << 20).split(b"\0")}
    except OSError:
        return ""  # another user's, or not dumpable
    return next((mark for mark in AGENT_VARIABLES if mark.encode() in names), "")
