"""shfmt in a child: the second reader. It comes with gatesh, and is never looked for in PATH."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gatesh.run.child import Child

_TIME_S = 1.0  # for all texts of a line together
_SYNTAX_ERROR = 2  # bash's exit status
_OUTPUT = 8 << 20  # bytes: trees of hostile texts grow to hundreds of megabytes


class Shfmt:
    """shfmt's syntax trees; see gatesh/shell/second.py."""

    def __init__(self, program: str = "") -> None:
        """Use the shfmt that came with this gatesh, or another."""
        self._program = program
        self._begun: dict[str, Child | None] = {}
        self._trees: dict[str, Any | str] = {}

    def expect(self, text: str) -> None:
        """Begin to read a text that will be asked for, while others work."""
        if text not in self._begun and text not in self._trees:
            self._begun[text] = self._begin(text, time.monotonic() + _TIME_S)

    def trees(self, texts: Sequence[str]) -> list[Any | str]:
        """Return for each text its syntax tree, or shfmt's message; "" where it gave no answer."""
        end = time.monotonic() + _TIME_S
        for text in texts:
            if text not in self._trees:
                child = self._begun.pop(text) if text in self._begun else self._begin(text, end)
                self._trees[text] = _tree(child)
        return [self._trees[text] for text in texts]

    def refuses(self, text: str) -> bool:
        """Claim that bash itself calls a text a syntax error; nothing of it is run to find out."""
        from gatesh.run.bash import BASH
        from gatesh.run.child import ask

        argv = [os.fsdecode(BASH), "--norc", "--noprofile", "-n", "-c", text]
        said = ask(argv, {}, "/", time.monotonic() + _TIME_S, _OUTPUT)
        return said is not None and said.status == _SYNTAX_ERROR

    def forget(self) -> None:
        """End what was begun and not asked for, and forget the trees."""
        for child in self._begun.values():
            if child:
                child.end()
        self._begun.clear()
        self._trees.clear()

    def _begin(self, text: str, end: float) -> Child | None:
        from gatesh.run.child import start

        argv = [self._program or installed(), "--to-json", "-ln", "bash"]
        given = text.encode("utf-8", "surrogateescape")
        return start(argv, {"GOMAXPROCS": "1"}, "/", end, _OUTPUT, given, errors=True)


def _tree(child: Child | None) -> Any | str:
    from json import loads

    said = child.said() if child else None
    if said is None:
        return ""
    if said.status:
        message = said.output.decode("utf-8", "replace").strip()
        return message.rpartition("<standard input>:")[2] or f"exit status {said.status}"
    try:
        return loads(said.output)
    except (ValueError, RecursionError):
        return ""


def installed() -> str:
    """Return the shfmt that was installed with this gatesh: beside its Python, or below its prefix."""
    prefix = os.path.abspath(f"{__file__}/../../../../../..")  # PREFIX/lib/pythonX.Y/site-packages
    places = (os.path.dirname(sys.executable), f"{prefix}/bin")
    found = [f"{place}/shfmt" for place in places]
    return next((path for path in found if os.access(path, os.X_OK)), found[0])
