"""`gatesh approve`: answer on this terminal what a keeper asks."""

from __future__ import annotations

import os
import re

import click

from gatesh import wire
from gatesh.doors.client import here
from gatesh.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places


@click.command(short_help="Answer here what the keeper asks.")
@click.argument("record", metavar="[ID]", type=int, required=False)
@click.option(
    "--run", "run", type=int, metavar="PID", help="Of this `gatesh run`, where several ask."
)
def approve(record: int | None, run: int | None) -> None:
    """Answer here what the keeper asks, or a `gatesh run`; with ID, that one and no other.

    Each time, type the code that is shown here at a terminal that is attached already; where there is
    none, the keeper's PIN is asked for. Ctrl-C twice ends it, and answers nothing.
    """
    from gatesh.approval.screen import Screen
    from gatesh.approval.seal import seal_process
    from gatesh.approval.terminal import Terminal

    places = here()
    if record is not None and not _may_wait(places, record):
        raise ConfigError(f"record {record} does not wait", f"see what it is: gatesh show {record}")
    seal_process()
    terminal = Terminal()
    sock = _keeper(places, record, run)
    _introduce(sock, places)
    sock.settimeout(None)
    wire.send(sock, b"attach", wire.VERSION)
    only = "" if record is None else str(record)
    why = Screen(terminal, sock, "gatesh approve", only=only).run()  # type: ignore[arg-type]
    if why.startswith("refused: "):
        raise ConfigError(f"this terminal may not approve: {why.removeprefix('refused: ')}")
    click.echo(f"gatesh approve: {why}")


def _keeper(places: Places, record: int | None, run: int | None) -> wire.Socket:
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
    found = {pid: sock for pid in sorted(_runs(places)) if (sock := _reach_run(places, pid))}
    own = _reach(places)
    if own is not None:
        return own
    if not found:
        raise ConfigError("there is no keeper", "start one: gatesh keeper; or gatesh run -- AGENT")
    if len(found) > 1:
        listed = " ".join(map(str, found))
        raise ConfigError(f"several runs ask: {listed}", "name one: gatesh approve --run PID")
    return next(iter(found.values()))


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


def _may_wait(places: Places, record: int) -> bool:
    """Claim that a record may still be answered: without this a terminal would be paired for nothing."""
    from gatesh.audit.query import AuditReader

    reader = AuditReader(places.audit_db)
    try:
        found = reader.of({record})
    finally:
        reader.close()
    return any(r["verdict"] == "ask" and r["answered"] in (None, "expired") for r in found)


def _introduce(sock: wire.Socket, places: Places) -> None:
    """Say who listens there: an agent could have put a process of its own in the keeper's place."""
    from gatesh.approval import peer
    from gatesh.printable import printable
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
    click.echo(f"gatesh approve: the keeper is {lineage}, started {peer.since(pid)}")
