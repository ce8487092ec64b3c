"""`gatesh run -- AGENT`: an agent, and every program below it, under one gate."""

from __future__ import annotations

import click

from gatesh.doors.client import environment, here


@click.command(
    short_help="Run an agent with every program below it under the gate.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", default="", help="What the session is called in the records.")
@click.option("--observe", is_flag=True, help="Record, and hold nothing.")
@click.option("--pin", "ask_pin", is_flag=True, help="Ask for a PIN now, and with every approval.")
@click.option(
    "--require",
    type=click.Choice(("exec-gate",)),
    help="Start nothing where the kernel does not let programs be gated.",
)
@click.option(
    "--deletions",
    type=click.IntRange(1, 1_000_000),
    default=200,
    show_default=True,
    metavar="N",
    help="Files that one command may take away before you are asked.",
)
@click.option(
    "--deletion-mode",
    type=click.Choice(("hold", "record", "off")),
    default="hold",
    show_default=True,
    help="What happens after N.",
)
@click.option(
    "--no-tty-prompt", is_flag=True, help="Do not ask on this terminal: leave it to the agent."
)
@click.option(
    "--notify",
    default="",
    metavar="COMMAND",
    help="A command line to run when something waits; $GATESH_NOTICE says what.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    *,
    name: str,
    observe: bool,
    ask_pin: bool,
    require: str | None,
    deletions: int,
    deletion_mode: str,
    no_tty_prompt: bool,
    notify: str,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with every program below it under the gate.

    What destroys is held until you answer: at a card on this terminal, over what COMMAND draws, or, with
    --pin, by `gatesh approve` in another one.
    """
    from gatesh.overlay.front import opened
    from gatesh.supervise.session import Wanted, supervise
    from gatesh.supervise.start import guarded

    places, env = here(), environment()
    pin = None
    if ask_pin:
        from gatesh.commands.keeper import pin_of_person

        pin = pin_of_person()
    if observe and deletion_mode == "hold":
        deletion_mode = "record"
    wanted = Wanted(
        list(command), env, places, name, observe, require or "", pin, deletions, deletion_mode
    )
    front = None if no_tty_prompt else opened(notify)
    guarded(lambda guard: supervise(wanted, guard), front)
