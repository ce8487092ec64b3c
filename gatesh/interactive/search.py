"""A search through the lines of the audit log, on the terminal, for a shell whose history has others."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from gatesh.audit.database import open_for_reading
from gatesh.errors import GateshError, UsageError
from gatesh.printable import printable

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent
    from prompt_toolkit.layout import Layout

_REMEMBERED = """
SELECT coalesce(inner_command, command_line) FROM record
WHERE door IN ('terminal', 'line') AND internal = 0 AND redactions = '[]' ORDER BY record DESC LIMIT 2000
"""
_ROWS = 10
_LONGEST = 500  # characters of a line that are shown


def remembered(path: str) -> list[str]:
    """Return the lines of the audit log at `path`, oldest first; nothing hidden is in them."""
    try:
        db = open_for_reading(path)
    except GateshError:
        return []
    with closing(db):
        return [line for (line,) in reversed(db.execute(_REMEMBERED).fetchall())]


def fitting(lines: list[str], text: str) -> list[str]:
    """Return those that have all the words of a text in them, newest first, each once."""
    words = text.lower().split()
    return [
        line
        for line in dict.fromkeys(reversed(lines))
        if all(word in line.lower() for word in words)
    ]


def pick(lines: list[str], text: str) -> str | None:
    """Return the line that a person picks, having begun with a text; None where it is none of them.

    Raises UsageError where there is no terminal to ask at.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("--pick needs a terminal", "gatesh history WORDS lists the lines")
    from prompt_toolkit.application import Application
    from prompt_toolkit.input import create_input
    from prompt_toolkit.output.vt100 import Vt100_Output

    output = Vt100_Output.from_pty(sys.stderr)  # what is picked goes to the standard output
    output.enable_cpr = False  # an answer that comes late would be a key to the shell
    search = _Search(lines, text)
    app: Application[str | None] = Application(
        layout=search.layout(), key_bindings=search.keys(), erase_when_done=True,
        input=create_input(sys.stdin), output=output,
    )  # fmt: skip
    return app.run()


class _Search:
    """What is typed, and which of the lines that fit it is chosen."""

    def __init__(self, lines: list[str], text: str) -> None:
        from prompt_toolkit.buffer import Buffer
        from prompt_toolkit.document import Document

        self._lines, self._at = lines, 0
        self._typed = Buffer(document=Document(text), multiline=False)
        self._typed.on_text_changed += lambda _: self._go_to(0)

    def _go_to(self, at: int) -> None:
        self._at = max(0, min(at, len(self._found()) - 1))

    def _found(self) -> list[str]:
        return fitting(self._lines, self._typed.text)

    def layout(self) -> Layout:
        """Return the row to type in, and below it the lines."""
        from prompt_toolkit.layout import (
            BufferControl,
            Dimension,
            FormattedTextControl,
            HSplit,
            Layout,
            Window,
        )
        from prompt_toolkit.layout.processors import BeforeInput

        before = BeforeInput("audit log: ", style="bold")
        query = Window(BufferControl(self._typed, input_processors=[before]), height=1)
        rows = FormattedTextControl(self._rows)
        return Layout(HSplit([query, Window(rows, height=Dimension(max=_ROWS))]))

    def _rows(self) -> StyleAndTextTuples:
        first = max(0, self._at - _ROWS + 1)
        shown = self._found()[first : first + _ROWS]
        return [
            ("reverse" if number == self._at else "", f"{printable(line[:_LONGEST])}\n")
            for number, line in enumerate(shown, first)
        ] or [("", "no line has that in it\n")]

    def keys(self) -> KeyBindings:
        """Return what keys do, beside typing."""
        from prompt_toolkit.key_binding import KeyBindings

        def take(event: KeyPressEvent) -> None:
            found = self._found()
            event.app.exit(result=found[self._at] if found else None)

        keys = KeyBindings()
        for name in ("down", "c-n", "c-r"):
            keys.add(name)(lambda _: self._go_to(self._at + 1))
        for name in ("up", "c-p", "c-s"):
            keys.add(name)(lambda _: self._go_to(self._at - 1))
        for name in ("c-c", "c-g", "c-d"):
            keys.add(name)(lambda event: event.app.exit(result=None))
        keys.add("escape", eager=True)(lambda event: event.app.exit(result=None))
        keys.add("enter")(take)
        return keys
