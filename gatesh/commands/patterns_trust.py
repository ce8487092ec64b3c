"""`gatesh patterns trust`: what a project's own pattern files say, and whether a person lets them speak."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gatesh.commands.check import note
from gatesh.commands.patterns_tune import agreed
from gatesh.doors.client import here
from gatesh.errors import UsageError
from gatesh.model import Layer
from gatesh.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.places import Places
    from gatesh.rules.source import PatternFile


@click.command("trust", short_help="Trust a project's pattern files.")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False), metavar="DIR"
)
@click.option("--undo", is_flag=True, help="Trust them no longer.")
@click.option("--dry-run", is_flag=True, help="Show what they say, and trust nothing.")
def trust(folder: str | None, *, undo: bool, dry_run: bool) -> None:
    """Trust the pattern files in `.gatesh/patterns` of the project in DIR, as they are now.

    Files that are not trusted may only tighten, and their sentences are not shown. What trusted ones say and
    loosen waits for you at a keeper all the same. A file that changes has to be trusted again.
    """
    from gatesh.rules import load
    from gatesh.rules import trust as list_

    where = here()
    found = load.projects_of(os.path.abspath(folder or os.getcwd()))
    if not found:
        raise UsageError("there is no .gatesh/patterns here or above", "name the project's folder")
    project = found[-1]
    if undo:
        list_.distrust(where, project)
        click.echo(f"{project} may only tighten")
        return
    paths = [path for path, layer in load.files(where, (project,)) if layer is Layer.PROJECT]
    texts = {path: load.text_of(path, Layer.PROJECT) for path in paths}
    for line in _told(where, texts):
        click.echo(line)
    known = list_.trusted(where)
    if all(known.get(path) == list_.digest(text) for path, text in texts.items()):
        click.echo("all of it is trusted already")
    elif not dry_run and agreed("trust these files, as they are now?"):
        list_.trust(where, texts)
        click.echo(
            "trusted, until one of them changes; the keeper asks you before any of it counts"
        )


def _told(where: Places, texts: dict[str, str]) -> Iterator[str]:
    """Yield what the files say, and what they would loosen."""
    from gatesh.rules import layers, load

    listed = [*load.files(where), *((path, Layer.TRUSTED) for path in texts)]
    files: tuple[PatternFile, ...] = load.read_all(where, listed, instead=texts)
    for path, text in texts.items():
        yield f"{path}:"
        yield from (f"    {line}" for line in printable(text, lines=True).splitlines())
    for one in layers.loosenings(files):
        if one.file in texts:
            yield f"loosens: {printable(note(one))}"
