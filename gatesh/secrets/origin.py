"""Where the secrets of a held line come from, as its card and its record say it."""

from __future__ import annotations

import os.path
import time

from gatesh.model import Credential, inner_line
from gatesh.secrets.carried import carried
from gatesh.secrets.fingerprint import fingerprint
from gatesh.secrets.formats import UNTOLD, kind_of
from gatesh.secrets.trace import Place, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from gatesh.facts import World
    from gatesh.model import CommandLine, Decision, Inspection
    from gatesh.secrets.carried import Carried
    from gatesh.secrets.trace import Trace

    class Past(Protocol):
        """What the log knows of one session, and of all uses of a secret."""

        def named(self) -> list[str]:
            """Return the files that the session's latest commands name, the last ones first."""

        def first_read(self, path: str) -> tuple[int, int]:
            """Return the record and the time (ns) of the first command that names a file; 0, 0 for none."""

        def uses(self, fingerprint: str) -> list[tuple[str, int]]:
            """Return what a secret was used for, and how often, the most frequent first."""


_MOST_READS = 5  # a file that no command named takes some milliseconds, in a long session


def origins(
    seen: Inspection,
    decision: Decision,
    line: CommandLine,
    world: World,
    past: Past,
    mac: Callable[[bytes], str],
) -> tuple[Credential, ...]:
    """Return where the secrets come from that a held line would use; `line` is as it came in."""
    try:
        inner = inner_line(line, seen.reading)
        past = _Once(past)
        found = carried(seen, decision.matches, inner, world)
        if not found:
            return ()
        homes = dict.fromkeys(filter(None, (inner.env.get("HOME", ""), world.home)))
        secrets = [one.found for one in found]
        traced = trace(secrets, inner.cwd, homes, world, _first(found, past))
        return tuple(
            _told(one, places, traced, inner.cwd, next(iter(homes)), past, mac)
            for one, places in zip(found, traced.places, strict=True)
        )
    except Exception as error:  # noqa: BLE001  promise 3: what cannot be told is not known
        return (Credential("…", f"cannot be looked for ({type(error).__name__})"),)


class _Once:
    """What the log knows, asked once for each file, and not for more than _MOST_READS."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._reads: dict[str, tuple[int, int]] = {}
        self.named, self.uses = past.named, past.uses

    def first_read(self, path: str) -> tuple[int, int]:
        if path not in self._reads and len(self._reads) < _MOST_READS:
            self._reads[path] = self._past.first_read(path)
        return self._reads.get(path, (0, 0))


def _first(found: list[Carried], past: Past) -> list[str]:
    return [one.where for one in found if one.file] + past.named()


def _told(
    one: Carried,
    places: tuple[Place, ...],
    traced: Trace,
    cwd: str,
    home: str,
    past: Past,
    mac: Callable[[bytes], str],
) -> Credential:
    secret, kind = one.found, one.found.kind
    own = (Place(one.where, secret.line, secret.name),) if one.file else ()
    if own and kind.name == "private key":  # traced by one of its rows
        places = tuple(place for place in places if place.path != one.where)
    stands = {(place.path, place.line): place for place in (*places, *own)}
    if not own and kind.name in UNTOLD:  # the variable that holds it in a file says more
        told = (kind_of(secret.value, place.name, place.before) for place in stands.values())
        kind = next((found for found in told if found.name not in UNTOLD), kind)
    reads = [past.first_read(path) for path in dict.fromkeys(path for path, _ in stands)]
    read = min((r for r in reads if r[0]), default=(0, 0))
    mark = fingerprint(secret.value, mac) if secret.strong else ""
    shown = [_shown(place, cwd, home) for place in (*own, *stands.values())]
    return Credential(
        kind=kind.name,
        carried=shown[0] if own else one.where,
        fingerprint=mark,
        files=tuple(dict.fromkeys(shown)),
        looked_everywhere=traced.complete,
        can=kind.can,
        read_in=read[0],
        read_ago_s=max(0, time.time_ns() - read[1]) // 10**9 if read[0] else 0,
        uses=tuple(past.uses(mark)) if mark else (),
    )


def _shown(place: Place, cwd: str, home: str) -> str:
    name = f" ({place.name})" if place.name else ""
    return f"{shown_path(place.path, cwd, home)}:{place.line}{name}"


def shown_path(path: str, cwd: str, home: str) -> str:
    """Return a path as a person in `cwd` would write it."""
    if path.startswith(cwd.rstrip("/") + "/"):
        return os.path.relpath(path, cwd)
    return "~" + path[len(home) :] if path.startswith(home.rstrip("/") + "/") else path
