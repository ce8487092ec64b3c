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
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent

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
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import create_input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.layout import (
        BufferControl,
        Dimension,
        FormattedTextControl,
        HSplit,
        Layout,
        Window,
    )
    from prompt_toolkit.layout.processors import BeforeInput
    from prompt_toolkit.output.vt100 import Vt100_Output

    at = 0
    typed = Buffer(document=Document(text), multiline=False)

    def begin_again(_: Buffer) -> None:
        nonlocal at
        at = 0

    def rows() -> StyleAndTextTuples:
        first = max(0, at - _ROWS + 1)
        shown = fitting(lines, typed.text)[first : first + _ROWS]
        return [
            ("reverse" if number == at else "", f"{printable(line[:_LONGEST])}\n")
            for number, line in enumerate(shown, first)
        ] or [("", "no line has that in it\n")]

    keys = KeyBindings()

    @keys.add("down")
    @keys.add("c-n")
    @keys.add("c-r")
    def _older(_: KeyPressEvent) -> None:
        nonlocal at
        at = min(at + 1, max(0, len(fitting(lines, typed.text)) - 1))

    @keys.add("up")
    @keys.add("c-p")
    @keys.add("c-s")
    def _newer(_: KeyPressEvent) -> None:
        nonlocal at
        at = max(0, at - 1)

    @keys.add("enter")
    def _take(event: KeyPressEvent) -> None:
        found = fitting(lines, typed.text)
        event.app.exit(result=found[at] if at < len(found) else None)

    @keys.add("escape", eager=True)
    @keys.add("c-c")
    @keys.add("c-g")
    @keys.add("c-d")
    def _leave(event: KeyPressEvent) -> None:
        event.app.exit(result=None)

    typed.on_text_changed += begin_again
    before = BeforeInput("audit log: ", style="bold")
    query = Window(BufferControl(typed, input_processors=[before]), height=1)
    found = Window(FormattedTextControl(rows), height=Dimension(max=_ROWS), wrap_lines=False)
    output = Vt100_Output.from_pty(sys.stderr)  # what is picked goes to the standard output
    output.enable_cpr = False  # an answer that comes late would be a key to the shell
    app: Application[str | None] = Application(
        layout=Layout(HSplit([query, found])), key_bindings=keys, erase_when_done=True,
        input=create_input(sys.stdin), output=output,
    )  # fmt: skip
    return app.run()
