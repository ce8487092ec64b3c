"""The rules: mistakes in pattern files, overrides and whether they count, labels, and the compiled rules."""

from __future__ import annotations

import os
from collections import Counter

from gatesh.doctor.finding import note, ok, problem
from gatesh.doctor.keeper import asked
from gatesh.errors import GateshError
from gatesh.model import Layer
from gatesh.printable import printable
from gatesh.rules import cache, layers, load
from gatesh.scope.files import read
from gatesh.scope.labels import FILE
from gatesh.scope.load import read_labels
from gatesh.wiring import scope_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places


def rules(places: Places) -> Iterator[Finding]:
    """Look at the pattern files of the user and of the project here, and at what they change."""
    projects = load.projects_of(os.getcwd())
    mistakes: list[GateshError] = []
    files = load.read_all(places, load.files(places, projects), mistakes.append)
    for mistake in mistakes:
        yield problem("rules", mistake.message, mistake.hint or "nothing runs until it is mended")
    count = sum(len(file.rules) for file in files)
    own = [file.path for file in files if file.layer is not Layer.SHIPPED]
    if not mistakes:
        yield ok(
            "rules", f"{count} rules, {len(own)} pattern files of your own or of the project here"
        )
    keeper = asked(places)
    confirmed = keeper.confirmed if keeper else frozenset()
    for change in layers.effects(files, confirmed):
        what = printable(f"{change.sentence}  [{change.file}:{change.line}]")
        if change.counts and not change.loosens:
            yield ok("override", f"{what} counts")
        elif change.counts:
            yield note("override", f"{what} counts: a person confirmed it at the keeper")
        elif change.layer is Layer.PROJECT:
            do = "gatesh patterns trust, in the project, shows what its files say"
            yield note("override", f"{what} does not count: the project is not trusted", do)
        else:
            do = "confirm it at the keeper" if keeper else "start `gatesh keeper`: it asks you"
            yield note("override", f"{what} does not count: nobody has confirmed it", do)


def labels(places: Places) -> Iterator[Finding]:
    """Look at what a person has listed of targets; a mistake in it is an error that says so."""
    listed = read_labels(places, loosens=True).rows
    if not listed:
        yield ok("labels", f"no {FILE}: targets are called by a guess from their names")
        return
    counts = Counter(label for label, *_ in listed)
    told = ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))
    yield ok("labels", f"{places.config}/{FILE}: {told}")


def scopes(places: Places) -> Iterator[Finding]:
    """Look at the scopes of a session that would begin here; a mistake is an error that says so."""
    found = read(places, scope_files(places, os.getcwd()))
    if found is None:
        return
    yield ok("scope", found.said.removeprefix("scope "))
    known = read_labels(places, loosens=True)
    for doubt in filter(None, map(known.doubt, found.environments)):
        yield problem("scope", doubt, f"name it in scope.toml, or in {places.config}/{FILE}")


def compiled(places: Places) -> Iterator[Finding]:
    """Look whether a shell without a keeper starts from the compiled rules."""
    path = f"{places.state}/{cache.NAME}"
    if cache.read(places.state, cache.key(places, load.files(places))):
        yield ok("cache", path)
    elif os.path.isdir(places.state) and not os.access(places.state, os.W_OK):
        what = f"{path} cannot be written: each command without a keeper reads all pattern files"
        yield problem("cache", what, f"chmod u+w {places.state}")
    else:
        yield note(
            "cache", f"{path} is missing, old or not ours", "nothing: the next command writes it"
        )
