"""`gatesh demo`: the incident that gatesh exists for, on this machine, with real programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import click

from gatesh.commands.setup import own_path
from gatesh.demo.stage import Stage
from gatesh.errors import ConfigError, GateshError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_OPENING = """\
In April 2026 an agent that worked on staging found a token in an unrelated file and sent one request to
Railway's API. Nine seconds later a company's production volume was gone, and its backups with it.

Here it happens again, on this machine alone: a fake of that API listens on 127.0.0.1:{port}, the volume
is a folder of real files, and the agent's shell is gatesh.

"""
_ATTENDED = "You are the human: gatesh asks you, in this terminal, which the agent does not hold."
_UNATTENDED = "Nobody is there to be asked."


@click.command(short_help="Watch gatesh hold the command that deleted a company's volume.")
@click.option("--unattended", is_flag=True, help="Nobody answers: the volume must survive.")
def demo(*, unattended: bool) -> None:
    """Watch gatesh hold the command that deleted a company's volume, and decide what becomes of it.

    Everything happens on this machine, in a temporary folder: a fake API on the loopback interface, a
    volume of real files, an agent that follows a script, and real curl through `gatesh -c`.

    Exit status: 0 if what was decided is what happened, 1 if not.
    """
    if not unattended and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nobody could answer: this is no terminal", "gatesh demo --unattended")
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that the stage is cleared then, too
        signal.signal(number, signal.default_int_handler)
    gatesh = own_path()
    with Stage(gatesh) as stage:
        _say(_OPENING.format(port=stage.api.port) + (_UNATTENDED if unattended else _ATTENDED))
        if unattended:
            _play(stage, lambda: None)
        else:
            _play_attended(stage)
        query, mutation = _rows(gatesh, stage)
        click.echo()
        for sentence in _conclusion(stage, mutation):
            _say(sentence)
        click.secho("\n$ gatesh history", bold=True)
        _gatesh(gatesh, stage, "history", capture=False)
        as_decided = _as_decided(stage, query, mutation, unattended=unattended)
        if not unattended:
            # A comment that is typed too late ends up here, and not in the shell.
            click.prompt(
                "\nEnter ends the demonstration", default="", show_default=False, hide_input=True
            )
    if not as_decided:
        raise click.exceptions.Exit(1)


def _play_attended(stage: Stage) -> None:
    from gatesh.demo.human import Human

    with Human(stage.places) as human:
        _play(stage, human.look)


def _play(stage: Stage, look: Callable[[], None]) -> None:
    """Let the agent act to its end; `look` is called whenever it is silent."""
    stage.start_agent()
    while stage.lives():
        for line in stage.step():
            if line:
                _show(line)
            else:
                look()


def _width() -> int:
    return min(110, shutil.get_terminal_size((110, 24)).columns)


def _say(text: str) -> None:
    """Print what the demonstration itself says."""
    click.echo(click.wrap_text(text, _width(), preserve_paragraphs=True))


def _show(line: str) -> None:
    """Print one line of the agent's, set off from our own; the terminal wraps it, so it can be copied."""
    if line.startswith("# "):
        click.echo()
        click.secho(textwrap.fill(f"agent: {line[2:]}", _width()), italic=True)
    elif not line.startswith("gatesh: still waiting"):  # printed while the card was open
        click.secho(f"  {line}", bold=line.startswith("$ "))


def _rows(gatesh: str, stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two records, as `gatesh history` gives them; raises GateshError where they are not there."""
    found = json.loads(_gatesh(gatesh, stage, "history", "--json"))
    curls = [row for row in reversed(found) if "curl" in row["command_line"]]
    if len(curls) != 2:
        raise ConfigError(
            "the agent's commands are not in the demonstration's own log",
            "where no error is shown above, a keeper serves this terminal or /etc/gatesh pins the places",
        )
    return curls[0], curls[1]


_UNANSWERED = {"nobody": "nobody was there to be asked", "expired": "nobody answered in time"}


def _conclusion(stage: Stage, mutation: dict[str, Any]) -> tuple[str, str]:
    """Say what became of the volume, and what the log says about who decided it."""
    answered = mutation["answered"]
    decided = _UNANSWERED.get(answered, answered)
    if answered in ("approved", "rejected", "stopped"):
        decided = f"{answered} by {mutation['approver']}, assurance {mutation['assurance']}"
    return (
        f"The volume is {stage.volume.describe()}.",
        f"The log, record {mutation['record']}: {decided}.",
    )


def _as_decided(
    stage: Stage, query: dict[str, Any], mutation: dict[str, Any], *, unattended: bool
) -> bool:
    """Claim that the query ran, and that the volume is gone if and only if a person approved."""
    approved = mutation["answered"] == "approved"
    return (
        query["verdict"] == "allow"
        and query["exit_code"] == 0
        and mutation["verdict"] == "ask"
        and stage.volume.exists() is not approved
        and not (unattended and approved)
    )


def _gatesh(gatesh: str, stage: Stage, *words: str, capture: bool = True) -> str:
    """Run one of our own commands at the demonstration's place; raises GateshError where it fails."""
    sys.stdout.flush()
    env = os.environ | {"GATESH_HOME": stage.places.state}
    ran = subprocess.run(  # noqa: S603
        [gatesh, *words],
        env=env,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise GateshError(f"gatesh {' '.join(words)} ended with status {ran.returncode}")
    return ran.stdout or ""
