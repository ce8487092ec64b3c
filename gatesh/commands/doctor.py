"""`gatesh doctor`: what is there, what is wrong with it, and what to do."""

from __future__ import annotations

import click

from gatesh.commands.setup import hooked, named_shell
from gatesh.doctor import agents, folders, keeper, log, programs, rules
from gatesh.doctor.finding import Level, examine
from gatesh.doors.client import here
from gatesh.errors import Exit
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_CHECKS = (
    ("versions", programs.versions),
    ("shell", programs.real_shell),
    ("shfmt", programs.second_reader),
    ("places", folders.folders),
    ("disk", folders.disk),
    ("log", log.log),
    ("rules", rules.rules),
    ("labels", rules.labels),
    ("scope", rules.scopes),
    ("cache", rules.compiled),
    ("keeper", keeper.keeper),
    ("gate", keeper.gate),
    ("terminal", keeper.terminal),
    ("PATH", programs.names),
    ("links", programs.links),
    ("completions", programs.completions),
)
_COLOURS = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}


@click.command(short_help="Look at the installation, and say what to do.")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.option("--no-agents", is_flag=True, help="Start no agent's shell.")
def doctor(*, as_json: bool, no_agents: bool) -> None:
    """Look at everything that gatesh stands on, and say of each finding what to do.

    Nothing is changed, but for one record a shell: each agent that is installed has its shell started as
    the agent would start it, with a line that does nothing. Exit 0, or 1 where there is a problem.
    """
    places = here()
    checks = [*_CHECKS] if no_agents else [*_CHECKS, ("agent", _agents)]
    found: list[Finding] = []
    for one in examine(places, checks):
        found.append(one)
        if not as_json:
            _show(one)
    if as_json:
        _print_json(found)
    else:
        _count(found)
    if any(one.level is Level.PROBLEM for one in found):
        raise click.exceptions.Exit(Exit.ASKED)


def _agents(places: Places) -> Iterable[Finding]:
    return agents.agents(places, named_shell, hooked)


def _show(one: Finding) -> None:
    level = click.style(f"{one.level:8}", fg=_COLOURS[one.level])
    click.echo(f"{level}{one.about:12} {printable(one.what)}")
    if one.do:
        click.echo(f"{'':21}{printable(one.do)}")


def _count(found: list[Finding]) -> None:
    counts = {level: sum(one.level is level for one in found) for level in Level}
    problems, notes = counts[Level.PROBLEM], counts[Level.NOTE]
    said = (
        f"{problems} problem{'' if problems == 1 else 's'}, {notes} note{'' if notes == 1 else 's'}"
    )
    click.echo(f"\n{said}")


def _print_json(found: list[Finding]) -> None:
    import json

    rows = [{name: getattr(one, name) for name in one._fields} for one in found]
    click.echo(json.dumps(rows, indent=1))
