"""The keepers that there are, the resident one and those of `gatesh run`: who they are, and what they lift."""

from __future__ import annotations

import os
import re

import click

from gatesh import wire
from gatesh._value import Value
from gatesh.approval.elevations import clock
from gatesh.errors import ConfigError
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places


class Served(Value):
    """A session that a keeper serves."""

    run: int  # the `gatesh run` that it belongs to; 0: the resident keeper's
    key: str
    name: str
    scope: str  # what it is held to; empty where that is nothing


class Lifted(Value):
    """An elevation as its keeper tells it."""

    number: int
    key: str  # of its session
    text: str  # "data-write on staging, until 15:04 by terminal /dev/pts/3 pid 4711"


class Told(Value):
    """What a keeper says of its sessions."""

    sessions: tuple[Served, ...]
    elevations: tuple[Lifted, ...]


def keeper_of(places: Places, record: int | None, run: int | None) -> wire.Socket:
    """Connect to the keeper that asks: the resident one, or that of a `gatesh run`."""
    if run is None and record is not None:
        run = _run_of(places, record)
    if run is not None:
        sock = _reach_run(places, run)
        if sock is None:
            raise ConfigError(
                f"there is no `gatesh run` with the pid {run}", "see: gatesh sessions"
            )
        return sock
    found = keepers(places)
    if 0 in found:
        return found[0]
    if not found:
        raise ConfigError("there is no keeper", "start one: gatesh keeper; or gatesh run -- AGENT")
    if len(found) > 1:
        listed = " ".join(map(str, found))
        raise ConfigError(f"several runs ask: {listed}", "name one: gatesh approve --run PID")
    return next(iter(found.values()))


def keepers(places: Places) -> dict[int, wire.Socket]:
    """Return connections to all keepers that answer, by the pid of their run; 0 is the resident one."""
    found = {pid: sock for pid in sorted(_runs(places)) if (sock := _reach_run(places, pid))}
    own = _reach(places)
    return found if own is None else {0: own, **found}


def _reach(places: Places) -> wire.Socket | None:
    try:
        return wire.connect(places.keeper_socket)
    except OSError:
        return None


def _reach_run(places: Places, pid: int) -> wire.Socket | None:
    """Connect to a `gatesh run`; not to what a program below it has put in its place."""
    sock = _reach(places.of_run(pid))
    if sock is not None and wire.peer(sock)[0] != pid:
        raise ConfigError(
            f"what listens for the run {pid} is not that run", "tell nobody the PIN; end the agent"
        )
    return sock


def _runs(places: Places) -> set[int]:
    """Return the pids of the runs that have a folder here."""
    return {int(name[4:]) for name in _listed(places.runtime) if re.fullmatch(r"run-\d+", name)}


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _run_of(places: Places, record: int) -> int | None:
    """Return the supervisor of the `gatesh run` that a record belongs to; None where it is of none."""
    from gatesh.audit.query import AuditReader
    from gatesh.session import process

    reader = AuditReader(places.audit_db)
    try:
        found = reader.of({record})
    finally:
        reader.close()
    root = process(int(str(found[0]["session"]).split(":")[1])) if found else None
    listed = _listed(places.runtime)
    return root.ppid if root is not None and f"run-{root.ppid}" in listed else None


def introduce(sock: wire.Socket, places: Places, command: str) -> None:
    """Say who listens there: an agent could have put a process of its own in the keeper's place."""
    from gatesh.approval import peer
    from gatesh.session import ancestry

    pid, uid, _ = wire.peer(sock)
    chain = ancestry(pid)
    why = f"it belongs to user {uid}" if uid != os.getuid() else peer.agent_above(chain)
    above = next((one.pid for one in chain[1:] if one.pid in _runs(places)), 0)
    if above:
        why = f"it runs below the run {above}"
    if why:
        raise ConfigError(f"what listens there is no keeper of yours: {why}", "tell nobody the PIN")
    lineage = printable(peer.lineage(pid))
    click.echo(f"gatesh {command}: the keeper is {lineage}, started {peer.since(pid)}")


def told(sock: wire.Socket, run: int) -> Told:
    """Ask a keeper for its sessions and what is lifted of their scopes; raises ConfigError."""
    try:
        count, *words = exchange(sock, b"elevations", wire.VERSION)
        end = 3 * int(count)
        sessions = [Served(run, *words[at : at + 3]) for at in range(0, end, 3)]
        rows = [words[at : at + 5] for at in range(end, len(words), 5)]
        elevations = [
            Lifted(int(number), key, f"{said}, until {clock(int(until_ns))} by {who}")
            for number, key, said, until_ns, who in rows
        ]
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError("a keeper talks nonsense", "is it of another version?") from error
    return Told(tuple(sessions), tuple(elevations))


def elevated(places: Places, key: str = "") -> str:
    """Return what is lifted where a shell or a run starts, for its first line; empty where nothing is.

    `places` are those of its keeper; `key` is its session, where that keeper may serve several.
    """
    sock = _reach(places)
    try:
        found = told(sock, 0).elevations if sock is not None else ()
    except ConfigError:
        return ""
    lifted = [one.text for one in found if not key or one.key == key]
    return printable("".join(f"; elevated: {text}" for text in lifted))


def exchange(sock: wire.Socket, *fields: bytes) -> list[str]:
    """Ask a keeper something, and return the fields of its answer; raises ConfigError."""
    try:
        wire.send(sock, *fields)
        return [field.decode("utf-8", "replace") for field in wire.receive(sock)[1:]]
    except (OSError, wire.WireError) as error:
        raise ConfigError(
            f"a keeper does not answer: {error}", "is it of another version?"
        ) from error
    finally:
        sock.close()
