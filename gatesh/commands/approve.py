"""`gatesh approve`: answer on this terminal what a keeper asks."""

from __future__ import annotations

import click

from gatesh import wire
from gatesh.commands.keepers import introduce, keeper_of
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
    sock = keeper_of(places, record, run)
    introduce(sock, places, "approve")
    sock.settimeout(None)
    wire.send(sock, b"attach", wire.VERSION)
    only = "" if record is None else str(record)
    why = Screen(terminal, sock, "gatesh approve", only=only).run()  # type: ignore[arg-type]
    if why.startswith("refused: "):
        raise ConfigError(f"this terminal may not approve: {why.removeprefix('refused: ')}")
    click.echo(f"gatesh approve: {why}")


def _may_wait(places: Places, record: int) -> bool:
    """Claim that a record may still be answered: without this a terminal would be paired for nothing."""
    from gatesh.audit.query import AuditReader

    reader = AuditReader(places.audit_db)
    try:
        found = reader.of({record})
    finally:
        reader.close()
    return any(r["verdict"] == "ask" and r["answered"] in (None, "expired") for r in found)
