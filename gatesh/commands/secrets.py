"""`gatesh secrets`: what an agent that works in a folder could find, what it could do, and what to move."""

from __future__ import annotations

import os
from itertools import groupby

import click

from gatesh.commands import rows
from gatesh.doors.client import here
from gatesh.errors import UsageError
from gatesh.printable import printable
from gatesh.secrets.inventory import Inventory, Listed, advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST_NAMED = 3


@click.command(short_help="List the secrets that an agent working here could find.")
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.option("--no-home", is_flag=True, help="Leave out the home and the variables of this shell.")
def secrets(folder: str, *, as_json: bool, no_home: bool) -> None:
    """List the secrets that an agent working in DIR could find.

    It looks into the working tree with what git ignores, into what tools and shells keep in your home, and
    into the variables of this shell; says what each is, what it could do where its format tells, who may
    read it, whether git tracks it, and what to do about it. Values are neither printed nor kept.
    """
    top = os.path.abspath(folder)
    if not os.path.isdir(top):
        raise UsageError(f"{printable(folder)} is no folder", "gatesh secrets DIR")
    look = Inventory()
    git = _Git()
    look.look_into(top, git)
    if not no_home:
        look.look_at_home(_home(), git)
        look.look_at_variables(os.environ)
    if as_json:
        click.echo(rows.as_json(_as_json(look, top)))
        return
    for line in _as_text(look, top):
        click.echo(line, color=rows.colour())


class _Git:
    """What git does with a path; each repository is asked once."""

    def __init__(self) -> None:
        from gatesh.run.look import GitProbe

        self._probe = GitProbe()
        self._tops: dict[str, str] = {}
        self._names: dict[str, tuple[frozenset[str], frozenset[str]] | None] = {}

    def __call__(self, path: str) -> str:
        folder = os.path.dirname(path)
        if folder not in self._tops:
            self._tops[folder] = self._probe.repository(folder)
        top = self._tops[folder]
        if not top or path.startswith(f"{top}/.git/"):
            return ""
        if top not in self._names:
            self._names[top] = self._probe.git_names(top)
        names = self._names[top]
        if names is None:
            return "unknown"
        tracked, untracked = names
        name = os.path.relpath(path, top)
        return "tracked" if name in tracked else "untracked" if name in untracked else "ignored"


def _as_text(look: Inventory, top: str) -> list[str]:
    lines: list[str] = []
    for _, found in groupby(look.listed, key=lambda one: one.path or one.name):
        held = list(found)
        lines.append(click.style(_place(held[0], top), bold=True) + _state(held[0]))
        for one in held:
            lines.append(_sentence(one, look, top))
            lines += [f"        may  {printable(one.kind.can)}"] if one.kind.can else []
        lines += [f"        do   {said}" for said in advice(held[0])]
    lines += [""] if lines else []
    return [*lines, *_summary(look, top)]


def _place(one: Listed, top: str) -> str:
    return printable(_shown(one.path, top)) if one.path else f"variable {printable(one.name)}"


def _state(one: Listed) -> str:
    if not one.path:
        return ""
    git = {
        "tracked": ", git tracks it",
        "untracked": ", git does not ignore it",
        "ignored": ", ignored by git",
    }
    return f"  {one.mode:04o}{git.get(one.git, '')}"


def _sentence(one: Listed, look: Inventory, top: str) -> str:
    name = f" {printable(one.name)}" if one.name and one.path else ""
    said = (
        f"  {one.line:>4}{name}: {printable(one.kind.name)}"
        if one.path
        else f"        {printable(one.kind.name)}"
    )
    if one.same_as >= 0:
        other = look.listed[one.same_as]
        said += f", the same as {_place(other, top)}" + (f":{other.line}" if other.path else "")
    return said


def _summary(look: Inventory, top: str) -> list[str]:
    different = sum(one.same_as < 0 for one in look.listed)
    files = len({one.path for one in look.listed if one.path})
    said = [f"{different} secrets, {files} files with any; {look.files} files looked at"]
    for paths, why in (
        (look.left_out, "folders left out"),
        (look.too_long, "files too long to be looked at"),
        (look.unreadable, "files that cannot be read"),
    ):
        if paths:
            named = ", ".join(printable(_shown(path, top)) for path in paths[:_MOST_NAMED])
            more = ", …" if paths[_MOST_NAMED:] else ""
            said.append(f"{len(paths)} {why}: {named}{more}")
    if not look.all_formats:
        said.append(
            "gatesh: hint: detect-secrets is not installed: its formats were not looked for"
        )
    return said


def _shown(path: str, top: str) -> str:
    if path.startswith(top.rstrip("/") + "/"):
        return os.path.relpath(path, top)
    home = _home()
    return "~" + path[len(home) :] if path.startswith(home.rstrip("/") + "/") else path


def _home() -> str:
    """Return the home that tools started here look into."""
    return os.environ.get("HOME") or here().user_home


def _as_json(look: Inventory, top: str) -> dict[str, Any]:
    place: Callable[[Listed], str] = lambda one: f"{one.path}:{one.line}" if one.path else one.name  # noqa: E731
    return {
        "folder": top,
        "secrets": [
            {
                "path": one.path or None,
                "line": one.line if one.path else None,
                "name": one.name or None,
                "kind": one.kind.name,
                "may": one.kind.can or None,
                "mode": f"{one.mode:04o}" if one.path else None,
                "git": one.git or None,
                "home": one.home,
                "same_as": place(look.listed[one.same_as]) if one.same_as >= 0 else None,
                "advice": advice(one),
            }
            for one in look.listed
        ],
        "files": look.files,
        "left_out": look.left_out,
        "too_long": look.too_long,
        "unreadable": look.unreadable,
        "all_formats": look.all_formats,
    }
