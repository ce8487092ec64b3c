"""shfmt in a child: the second reader. It comes with gatesh, and is never looked for in PATH."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_TIME_S = 1.0  # for all texts of a line together
_OUTPUT = 8 << 20  # bytes: trees of hostile texts grow to hundreds of megabytes


class Shfmt:
    """shfmt's syntax trees; see gatesh/shell/second.py."""

    def __init__(self, program: str = "") -> None:
        """Use the shfmt that came with this gatesh, or another."""
        self._program = program

    def trees(self, texts: Sequence[str]) -> list[Any | str]:
        """Return for each text its syntax tree, or shfmt's message; "" where it gave no answer."""
        end = time.monotonic() + _TIME_S
        program = self._program or installed()
        return [_tree(program, text, end) for text in texts]


def _tree(program: str, text: str, end: float) -> Any | str:
    from json import loads

    from gatesh.run.child import ask

    given = text.encode("utf-8", "surrogateescape")
    argv = [program, "--to-json", "-ln", "bash"]
    said = ask(argv, {"GOMAXPROCS": "1"}, "/", end, _OUTPUT, given, errors=True)
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
