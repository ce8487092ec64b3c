"""The keeper: whether one runs, who can answer there, and what an answer from this terminal would be worth."""

from __future__ import annotations

import os
import re

from gatesh import __version__, wire
from gatesh._value import Value
from gatesh.approval.peer import agent_above, since, terminal_objection, within_reach
from gatesh.doctor.finding import note, ok, problem
from gatesh.session import ancestry, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_START = "start `gatesh keeper` in a terminal of your own, then start your agents again"


class Running(Value):
    """What a keeper says of itself."""

    pid: int
    version: str
    pin: bool
    attached: int  # approvers
    sessions: int
    observes: bool
    confirmed: frozenset[str]  # digests of what loosens


def asked(places: Places) -> Running | None:
    """Return what the keeper at these places says of itself; None where none answers."""
    try:
        sock = wire.connect(places.keeper_socket, timeout_s=1.0)
    except OSError:
        return None
    try:
        pid, uid, _ = wire.peer(sock)
        if uid != os.getuid():
            return None
        wire.send(sock, b"status", wire.VERSION)
        message = [field.decode("ascii", "replace") for field in wire.receive(sock)]
    except (OSError, wire.WireError):
        return None
    finally:
        sock.close()
    match message:
        case ["status", version, pin, attached, sessions, observes, *confirmed]:
            return Running(
                pid, version, pin == "1", int(attached), int(sessions), observes == "1", frozenset(confirmed)
            )  # fmt: skip
    return None


def keeper(places: Places) -> Iterator[Finding]:
    """Look whether somebody can be asked."""
    found = asked(places)
    if found:
        yield from _running(found)
    else:
        yield from _missing(places)
    yield from _runs(places)


def _running(found: Running) -> Iterator[Finding]:
    pin = "with a PIN" if found.pin else "without a PIN"
    what = (
        f"pid {found.pid} since {since(found.pid)}, {pin}, {_count(found.attached, 'approver')} attached, "
        f"{_count(found.sessions, 'session')}"
    )
    if found.observes:
        yield note("keeper", f"{what}: it records and holds nothing", "start it without --observe")
    elif not found.attached and not found.pin:
        yield problem(
            "keeper", f"{what}: nobody can answer", "end it and start `gatesh keeper` again"
        )
    elif not found.attached:
        yield note("keeper", f"{what}: nobody looks", "gatesh approve, in a terminal of your own")
    else:
        yield ok("keeper", what)
    if found.version != __version__:
        what = f"the keeper is gatesh {found.version}, this is {__version__}"
        yield note("keeper", what, "end it and start `gatesh keeper` again")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _missing(places: Places) -> Iterator[Finding]:
    holder = _lock_holder(places)
    if holder:
        what = f"pid {holder} has the keeper's lock and does not answer as this version does"
        yield problem("keeper", what, f"kill {holder}, then {_START}")
        return
    yield note("keeper", "none is running: what would have to be held is refused", _START)


def _lock_holder(places: Places) -> int:
    """Return the process that holds the keeper's lock, by its own word; 0 where nobody does."""
    import fcntl

    try:
        lock = os.open(f"{places.runtime}/keeper.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        said = os.pread(lock, 32, 0).strip()
        return int(said) if said.isdigit() else 1
    finally:
        os.close(lock)
    return 0


def _runs(places: Places) -> Iterator[Finding]:
    """Look at the sessions of `gatesh run`: each has a keeper of its own."""
    try:
        names = sorted(os.listdir(places.runtime))
    except OSError:
        return
    for name in names:
        run = re.fullmatch(r"run-(\d+)", name)
        if not run:
            continue
        pid = int(run[1])
        found = asked(places.of_run(pid))
        if found:
            pin = "" if found.pin else ", without a PIN"
            yield ok(
                "run",
                f"gatesh run {pid} since {since(pid)}{pin}, {_count(found.attached, 'approver')}",
            )
        elif process(pid) is None:
            folder = f"{places.runtime}/{name}"
            yield note("run", f"{folder} was left by a run that was killed", f"rm -r {folder}")


def terminal(_: Places) -> Iterator[Finding]:
    """Look what an answer from this terminal would be worth."""
    chain = ancestry(os.getpid())
    objection = terminal_objection(chain) or agent_above(chain)
    if objection:
        what = f"nobody could answer from here: {objection}"
        yield note("terminal", what, "start `gatesh keeper` in a terminal of your own")
    elif within_reach(os.getpid()):
        held = (
            "tmux"
            if "TMUX" in os.environ
            else "screen"
            if "STY" in os.environ
            else "what serves it"
        )
        what = (
            f"answers from here are A0 (they stop mistakes): your other programs can reach {held}"
        )
        do = "for A1 answer from a console or over ssh, outside tmux, with a PIN: gatesh keeper --pin"
        yield note("terminal", what, do)
    else:
        yield ok(
            "terminal", "answers from here are A1 with a PIN (gatesh keeper --pin), A0 without"
        )
    yield from _tracing()


def _tracing() -> Iterator[Finding]:
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope", encoding="ascii") as file:
            scope = int(file.read())
    except OSError:
        scope = 0
    if not scope:
        what = "programs of one user may trace each other (no Yama, or ptrace_scope 0)"
        yield note(
            "terminal", what, "sysctl kernel.yama.ptrace_scope=1 keeps agents out of your terminals"
        )
    else:
        yield ok("terminal", f"programs may trace only what they started (ptrace_scope {scope})")


def gate(_: Places) -> Iterator[Finding]:
    """Look whether `gatesh run` could gate every program here."""
    from gatesh.supervise.closing import refused
    from gatesh.supervise.probe import EXEC_GATE, level

    found = level()
    if found.name != EXEC_GATE:
        what = f"gatesh run would be of a lesser kind here, {found.name}: {found.why}"
        yield note("gate", what, "gatesh run --require exec-gate refuses to start instead")
    else:
        yield ok(
            "gate", "gatesh run gates every program: one was stopped at its exec, and made to leave"
        )
    why = refused()
    if why and found.name == EXEC_GATE:
        what = "paths that a scope has off-limits would be closed by looking at each open below gatesh run"
        what = f"{what}: {why}"
        yield note("gate", what, 'docs/scope.md, "Closed paths", says what that costs')
    elif why:
        what = f"paths that a scope has off-limits would be advisory below gatesh run: {why}"
        yield note("gate", what, 'docs/scope.md, "Closed paths", says what is less')
    else:
        yield ok("gate", "gatesh run closes what a scope has off-limits: a file was, for a try")
    if os.getuid():
        yield note("gate", "sudo does not work inside gatesh run", "run that part as root yourself")
