"""`gatesh keeper`: serve all of a user's terminals, and ask on this one."""

from __future__ import annotations

import os
import signal
import socket
import threading

import click

from gatesh.doors.client import here
from gatesh.errors import ConfigError
from gatesh.places import private
from gatesh.session import ancestry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.approval.pin import Pin
    from gatesh.keeper.server import Keeper


@click.command(short_help="Serve the shells of your agents, and ask you.")
@click.option("--daemon", is_flag=True, help="Run in the background; answer with `gatesh approve`.")
@click.option("--pin", "ask_pin", is_flag=True, help="Ask for a PIN now, and with every approval.")
@click.option("--observe", is_flag=True, help="Record, and hold nothing.")
@click.option(
    "--late",
    type=click.IntRange(0, 24 * 60),
    default=30,
    show_default=True,
    metavar="MINUTES",
    help="How long a request that nobody answered in time can still be approved.",
)
@click.option(
    "--wait",
    type=click.IntRange(1, 24 * 3600),
    metavar="SECONDS",
    help="How long a command is held; by default a little less than its agent waits for it.",
)
def keeper(*, daemon: bool, ask_pin: bool, observe: bool, late: int, wait: int | None) -> None:
    """Serve your agents' shells, and ask you here before something is destroyed.

    Start it before the agents. Ctrl-C twice ends it, `kill PID` one in the background; what is held then is
    refused, and what you confirmed, allowed or rejected is forgotten.
    """
    from gatesh.approval.peer import also_at, terminal_objection
    from gatesh.approval.seal import seal_process
    from gatesh.keeper.server import Keeper, refuse_below_a_session

    places = here()
    seal_process()
    refuse_below_a_session(places)
    objection = terminal_objection(ancestry(os.getpid()))
    if objection:
        raise ConfigError(
            f"a keeper cannot be started here: {objection}", "start it in a terminal of your own"
        )
    pin = pin_of_person() if daemon or ask_pin else None

    def make() -> Keeper:
        return Keeper(places, pin=pin, observe=observe, late_s=late * 60, wait_s=wait)

    for other in also_at(0):
        click.echo(
            f"gatesh: hint: {other} has this terminal open too: it may read what you type", err=True
        )
    if daemon:
        _in_background(make, f"{private(places.state)}/keeper.log")
    else:
        _in_foreground(make)


def pin_of_person() -> Pin:
    """Ask for the PIN on the terminal, twice."""
    from gatesh.approval.pin import LEAST_LENGTH, Pin
    from gatesh.approval.terminal import open_terminal
    from gatesh.errors import UsageError

    def checked(typed: str) -> Pin:
        try:
            return Pin(typed)
        except UsageError as error:
            raise click.UsageError(error.message) from error  # click asks again

    os.close(open_terminal())  # a PIN from a pipe is no person's
    asked = f"PIN for approvals, {LEAST_LENGTH} characters or more"
    pin: Pin = click.prompt(asked, hide_input=True, confirmation_prompt=True, value_proc=checked)
    return pin


def _in_foreground(make: Callable[[], Keeper]) -> None:
    from gatesh.approval.peer import name_of
    from gatesh.approval.screen import Screen
    from gatesh.approval.terminal import Terminal

    terminal = Terminal()
    keeper = make()
    keeper.start()
    here, there = socket.socketpair()
    attach = keeper.approvers.attach_own
    name = name_of(os.getpid())
    threading.Thread(target=attach, args=(there, name), name="own terminal", daemon=True).start()
    try:
        why = Screen(terminal, here, "gatesh keeper", own=True).run()
    finally:
        keeper.close()
    click.echo(f"gatesh keeper: {why}")


def _in_background(make: Callable[[], Keeper], log: str) -> None:
    from gatesh.keeper.detach import detach

    def work(ready: Callable[[], None]) -> None:
        keeper = make()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.close())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        keeper.start()
        ready()
        keeper.wait()

    pid = detach(log, work)
    click.echo(f"gatesh keeper: pid {pid}; answer with `gatesh approve`, end it with `kill {pid}`")
