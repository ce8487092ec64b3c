"""What a decision looks at, through the eyes of the program it is about, and whether that is still so."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b

from gatesh.model import Answered
from gatesh.supervise.elsewhere import Elsewhere, Own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from gatesh.facts import World
    from gatesh.gate import Approver
    from gatesh.model import Answer, Request

    Look = tuple[Any, ...]  # files or probe, method, arguments, and a digest of what it showed


def seen_by(pid: int, root: str, world: World) -> World:
    """Return a world as a program sees it."""
    own: Any = Own(world.files, pid)
    return world.scoped(world.scope, Elsewhere(world.files, pid, root) if root else own)


class Watched:
    """Files or a probe, with a note of every look: method, arguments, and a digest of what it showed."""

    def __init__(self, real: object, name: str, looks: list[Look]) -> None:
        """Keep what is looked at, what it is called in the notes, and the notes."""
        self._real, self._name, self._looks = real, name, looks

    def __getattr__(self, method: str) -> Callable[..., object]:
        real = getattr(self._real, method)

        def look(*arguments: object) -> object:
            shown = real(*arguments)
            self._looks.append((self._name, method, arguments, _shown(shown)))
            return shown

        return look


def as_it_was(looks: Iterable[Look], files: object, probe: object) -> bool:
    """Claim that every look still shows the same."""
    return all(
        _shown(getattr(files if name == "files" else probe, method)(*arguments)) == seen
        for name, method, arguments, seen in looks
    )


def _shown(value: object) -> object:
    """Return a value, or a digest of it where it is long."""
    if isinstance(value, bytes) and len(value) > 64:
        return blake2b(value, digest_size=16).digest()
    return tuple(value) if isinstance(value, list) else value


class Unmoved:
    """gate.Approver: a yes counts where a program is still in the folder that was shown."""

    def __init__(self, approver: Approver, its: str, shown: str) -> None:
        """Keep who answers; `its` leads to its folder, and `shown` to the one that is told."""
        self._approver, self._its, self._shown = approver, its, shown

    def ask(self, request: Request) -> Answer:
        """Return the answer, as Approver does."""
        answer = self._approver.ask(request)
        with suppress(OSError):
            if os.path.samefile(self._its, self._shown):
                return answer
        return answer.but(answered=Answered.CHANGED) if answer.yes else answer
