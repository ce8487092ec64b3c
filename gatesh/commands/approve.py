"""`gatesh approve`: answer on this terminal what a keeper asks."""

from __future__ import annotations

import os

import click

from gatesh import wire
from gatesh.doors.client import here
from gatesh.errors import ConfigError


@click.command()
@click.argument("record", metavar="[ID]", default="")
def approve(record: str) -> None:
    """Answer here what the keeper asks; with ID, that one and no other.

    The first time, type the code that is shown here at a terminal that is attached already; where there
    is none, the keeper's PIN is asked for.
    """
    from gatesh.approval.screen import Screen
    from gatesh.approval.seal import seal_process
    from gatesh.approval.terminal import Terminal

    places = here()
    seal_process()
    terminal = Terminal()
    try:
        sock = wire.connect(places.keeper_socket)
    except OSError as error:
        raise ConfigError("there is no keeper", "start one: gatesh keeper") from error
    _introduce(sock)
    sock.settimeout(None)
    wire.send(sock, b"attach", wire.VERSION)
    why = Screen(terminal, sock, "gatesh approve", only=record).run()  # type: ignore[arg-type]
    if why.startswith("refused: "):
        raise ConfigError(f"this terminal may not approve: {why.removeprefix('refused: ')}")
    click.echo(f"gatesh approve: {why}")


def _introduce(sock: wire.Socket) -> None:
    """Say who listens there: an agent could have put a process of its own in the keeper's place."""
    from gatesh.approval import peer
    from gatesh.printable import printable
    from gatesh.session import ancestry

    pid, uid, _ = wire.peer(sock)
    why = f"it belongs to user {uid}" if uid != os.getuid() else peer.agent_above(ancestry(pid))
    if why:
        raise ConfigError(f"what listens there is no keeper of yours: {why}", "tell nobody the PIN")
    lineage = printable(peer.lineage(pid))
    click.echo(f"gatesh approve: the keeper is {lineage}, started {peer.since(pid)}")
