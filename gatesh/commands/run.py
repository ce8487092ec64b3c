"""`gatesh run -- AGENT`: an agent, and every program below it, under one gate."""

from __future__ import annotations

import os

import click

from gatesh.doors.client import environment, here, run_above
from gatesh.errors import ConfigError
from gatesh.places import RUN_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from gatesh.places import Places
    from gatesh.scope.manifest import Manifest


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
@click.option(
    "--scope",
    "scope_file",
    default="",
    metavar="FILE",
    help="What it may reach (docs/scope.md), beside your own scope and the project's.",
)
@click.option("--read-only", is_flag=True, help="Hold what would modify a remote target.")
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
    scope_file: str,
    read_only: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with every program below it under the gate.

    What destroys is held until you answer: at a card on this terminal, over what COMMAND draws, or, with
    --pin, by `gatesh approve` in another one.
    """
    from gatesh.approval.peer import also_at
    from gatesh.overlay.front import opened
    from gatesh.supervise.session import Wanted, supervise
    from gatesh.supervise.start import guarded

    places, env = here(), environment()
    above = run_above(env, places)
    scope = _scope(places, scope_file, read_only=read_only)
    if above and above[1]:
        if scope:
            raise ConfigError(
                "a run above gates this already, by its own scope",
                "leave out --scope and --read-only",
            )
        from gatesh.commands.keepers import elevated

        _join(env, above[1], require, list(command), elevated(above[0]))
    pin = None
    if ask_pin:
        from gatesh.commands.keeper import pin_of_person

        pin = pin_of_person()
    if observe and deletion_mode == "hold":
        deletion_mode = "record"
    wanted = Wanted(
        list(command),
        env,
        places,
        name,
        observe,
        require or "",
        pin,
        deletions,
        deletion_mode,
        scope=scope,
    )
    front = None if no_tty_prompt else opened(notify)
    for other in also_at(0) if front and os.isatty(0) else ():
        click.echo(
            f"gatesh: hint: {other} has this terminal open too: it may read what you type", err=True
        )
    guarded(lambda guard: supervise(wanted, guard), front)


def _scope(places: Places, file: str, *, read_only: bool) -> tuple[Manifest, ...]:
    """Return what the session is held to, read before anything starts; raises ConfigError."""
    if not (file or read_only):
        return ()
    from gatesh.scope.files import manifest
    from gatesh.scope.manifest import READ_ONLY

    return (*([manifest(places, file)] if file else []), *([READ_ONLY] if read_only else []))


def _join(
    env: dict[bytes, bytes], gate: str, require: str | None, command: list[str], elevated: str
) -> NoReturn:
    """Become COMMAND: the run above gates and records it, so there is nothing to put below it."""
    import os
    import signal

    if require and require != gate:
        raise ConfigError(f"the run above gates programs by {gate}", "leave out --require")
    above = os.fsdecode(env[RUN_VARIABLE])
    text = (
        f"gatesh: run {above} above gates every program already; this is a part of it{elevated}\n"
    )
    os.write(2, text.encode("utf-8", "replace"))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them for itself
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(os.fsencode(command[0]), list(map(os.fsencode, command)), env)  # noqa: S606
    except OSError as error:
        failed = ConfigError(f"{command[0]}: {error.strerror}")
        failed.status = 127 if isinstance(error, FileNotFoundError) else 126
        raise failed from error
