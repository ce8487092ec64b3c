"""`gatesh elevate`: a person lifts limits of a session's scope, for a while."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import click

from gatesh import wire
from gatesh.approval.elevating import DEFAULT_S, ID, LEAST_S, MOST_S
from gatesh.approval.elevations import span
from gatesh.commands.keepers import Served, Told, exchange, introduce, keepers, told
from gatesh.doors.client import here
from gatesh.errors import ConfigError, UsageError
from gatesh.printable import printable
from gatesh.rules.notation import near
from gatesh.rules.rule import CLASSES
from gatesh.scope.elevation import ANY, READ, WRITE
from gatesh.scope.labels import guess_of
from gatesh.scope.load import read_labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.places import Places

_UNITS = {"s": 1, "m": 60, "h": 3600}


@click.command(short_help="Lift limits of a session's scope for a while.")
@click.option(
    "--session", default="", metavar="S", help="Its key, a part of it, or its root's pid."
)
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="CLASS",
    help="Of rules, a glob; `read`, `data-write` for what no rule speaks of. May be repeated.",
)
@click.option("--target", default="", metavar="NAME", help="A label (staging) or a glob of hosts.")
@click.option(
    "--for",
    "length",
    default=f"{DEFAULT_S // 60}m",
    show_default=True,
    metavar="TIME",
    help="1m to 8h; it ends by itself.",
)
@click.option("--list", "list_", is_flag=True, help="Say what is lifted now.")
@click.option(
    "--revoke", is_flag=False, flag_value="0", metavar="[ID]", help="End one, or all, at once."
)
def elevate(
    *,
    session: str,
    classes: tuple[str, ...],
    target: str,
    length: str,
    list_: bool,
    revoke: str | None,
) -> None:
    """Lift limits of a session's scope for a while.

    What read-only, another environment or [classes] of a scope would hold runs without a question, as far as
    it is of CLASS and on NAME; both are recorded. What is off-limits or `never` stays so, and rules go on
    asking. This terminal is paired first, as `gatesh approve` is, and the word on its card is typed here.
    """
    places = here()
    if list_:
        _list(places)
    elif revoke is not None:
        _revoke(places, revoke)
    else:
        wanted = (
            " ".join(map(_known, classes)) or ANY,
            _target(target),
            str(_seconds(length)),
        )
        if wanted[:2] == (ANY, ANY):
            raise UsageError(
                "say what is to be lifted: --class, --target, or both", "--target staging --for 15m"
            )
        _doubt(places, wanted[1])
        _ask(places, _one(_told(places).sessions, session), wanted)


def _ask(places: Places, session: Served, wanted: tuple[str, ...]) -> None:
    """Pair this terminal, and put what is wanted before the person at it."""
    from gatesh.approval.screen import Screen
    from gatesh.approval.seal import seal_process
    from gatesh.approval.terminal import Terminal

    seal_process()
    terminal = Terminal()
    sock = keepers(places).get(session.run)
    if sock is None:
        raise ConfigError(f"the {session.name} has ended")
    introduce(sock, places, "elevate")
    sock.settimeout(None)
    wire.send(sock, b"attach", wire.VERSION)
    fields = (b"elevate", session.key.encode(), *map(str.encode, wanted))
    why = Screen(terminal, sock, "gatesh elevate", only=ID, wants=fields).run()  # type: ignore[arg-type]
    if why.startswith("refused: "):
        raise ConfigError(f"nothing was lifted: {why.removeprefix('refused: ')}")
    click.echo(f"gatesh elevate: {why}")


def _known(klass: str) -> str:
    """Return a class, or a glob that some class fits; raises UsageError."""
    known = {*CLASSES, READ, WRITE}
    if not any(fnmatchcase(one, klass) for one in known):
        hint = near(klass, known, f"one of {', '.join(sorted(known))}")
        raise UsageError(f"there is no class {klass}", hint)
    return klass


def _target(target: str) -> str:
    """Return a target; raises UsageError for a word that stands for a label, and is none."""
    label = guess_of(target) if target.isalnum() else ""
    if label not in ("", target):
        raise UsageError(f"{target} is no label", f"--target {label}")
    return target.strip() or ANY


def _doubt(places: Places, target: str) -> None:
    """Say that a word is no label: it may be an account, a project or a context."""
    doubt = "" if re.search(r"[^a-z-]", target) else read_labels(places, loosens=True).doubt(target)
    if doubt:
        click.echo(f"gatesh: hint: {doubt}", err=True)


def _seconds(length: str) -> int:
    """Return how long `15m` or `2h` is; raises UsageError."""
    found = re.fullmatch(r"(\d{1,6})([smh])", length)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not LEAST_S <= seconds <= MOST_S:
        raise UsageError(
            f"not a time to lift something for: {length}",
            f"write 15m or 2h; from {span(LEAST_S)} to {span(MOST_S)}",
        )
    return seconds


def _one(sessions: tuple[Served, ...], wanted: str) -> Served:
    """Return the session that is meant, else the only one with a scope; raises ConfigError."""
    if wanted:
        found = [one for one in sessions if wanted in one.key]
        found = [one for one in found if wanted in one.key.split(":")] or found
    else:
        found = [one for one in sessions if one.scope]
    if len(found) == 1 and found[0].scope:
        return found[0]
    for one in found or sessions:
        scope = one.scope or "held to no scope"
        click.echo(printable(f"{one.key}  {one.name}, {scope}"), err=True)
    if len(found) > 1:
        raise ConfigError("there are several sessions", "name one: --session PID")
    if found or (sessions and not wanted):
        raise ConfigError("it is held to no scope: there is nothing to lift", "see docs/scope.md")
    raise ConfigError(
        f"no session is called {wanted}" if sessions else "no session is there",
        "an agent's session begins with its first line, see: gatesh sessions",
    )


# -- what the keepers say ------------------------------------------------------------------------------------


def _told(places: Places) -> Told:
    """Return what all keepers say together; raises ConfigError where there is none."""
    found = [told(sock, run) for run, sock in keepers(places).items()]
    if not found:
        raise ConfigError("there is no keeper", "start one: gatesh keeper; or gatesh run -- AGENT")
    return Told(
        tuple(one for each in found for one in each.sessions),
        tuple(one for each in found for one in each.elevations),
    )


def _list(places: Places) -> None:
    """Say what is lifted now, by the word of the keepers that lift it."""
    found = _told(places)
    names = {one.key: one.name for one in found.sessions}
    if not found.elevations:
        click.echo("gatesh: hint: nothing is lifted", err=True)
    for one in found.elevations:
        click.echo(printable(f"elevation {one.number}: {one.text}; {names.get(one.key, one.key)}"))


def _revoke(places: Places, number: str) -> None:
    """End one elevation, or with 0 all of them."""
    if not number.isascii() or not number.isdecimal():
        raise UsageError(f"{number} is no elevation's number", "gatesh elevate --list")
    ended = []
    for sock in keepers(places).values():
        ended += exchange(sock, b"revoke", wire.VERSION, number.encode())
    if not ended:
        raise ConfigError("no such elevation is in force", "gatesh elevate --list")
    for said in ended:
        click.echo(printable(f"{said} has ended"))
