"""The approver's terminal: its modes, what is drawn on it, and the fence's query.

Its manners: raw input without signals; mouse, focus and keyboard reports off and bracketed paste on while
it is held; the alternate screen for a card only, so that the scrollback keeps one line per answer and
nothing of the cards; everything back as it was at exit, when suspended and when it hangs up. Nobody else
of the same user can open it meanwhile. A terminal that says it is dumb gets plain lines.
"""

from __future__ import annotations

import errno
import os
import secrets
import termios
from contextlib import suppress

from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from gatesh.approval.answer import Cursor
from gatesh.approval.layout import Row, View
from gatesh.approval.seal import hold_terminal, release_terminal
from gatesh.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_STYLE = Style.from_dict(
    {
        "title": "bold reverse",
        "rule": "bold",
        "match": "bold ansired",
        "hidden": "italic",
        "late": "bold ansiyellow",
        "say": "bold",
        "loss": "ansired",
        "unseen": "ansiyellow",
        "status": "italic",
        "problem": "bold ansiyellow",
        "how": "",
        "prompt": "bold",
        "alert": "bold ansired",
        "note": "",
        "code": "bold reverse",
        "field": "",
        "command": "ansicyan",
    }
)
# Reports a key could be made of: mouse, focus, colour scheme, size; then ours: links, charset, paste.
_QUIET = "".join(
    f"\x1b[?{mode}l" for mode in (2026, 9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016, 1004, 2031, 2048)
)  # fmt: skip
_PLAIN_KEYS = "\x1b[>4m\x1b[>0u"  # modifyOtherKeys off; kitty's keyboard flags pushed and cleared
_ENTER = f"{_QUIET}\x1b]8;;\x1b\\\x1b(B\x0f{_PLAIN_KEYS}\x1b[?2004h\x1b[?25h"
_LEAVE = "\x1b[?2004l\x1b[<u"


def open_terminal() -> int:
    """Open the controlling terminal; raises UsageError where there is none."""
    try:
        try:
            return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            release_terminal(0)  # a keeper that was killed here could not
            return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            "this needs a terminal of its own",
            "start it in a terminal window, not in a pipe or a job",
        ) from error


class Terminal:
    """The controlling terminal, held from `enter` to `leave`."""

    def __init__(self, fd: int = -1, stream: TextIO | None = None) -> None:
        """Open it, unless it is given with what writes to it; raises UsageError where there is none."""
        self.fd = fd if fd >= 0 else open_terminal()
        term = os.environ.get("TERM", "")
        self.plain = term in ("", "dumb", "unknown")
        self._saved = termios.tcgetattr(self.fd)
        self._stream = stream or open(  # noqa: SIM115
            self.fd, "w", encoding="utf-8", errors="replace", closefd=False
        )
        self._output = Vt100_Output(self._stream, lambda: Size(24, 80), term=term)
        self._on_card = False
        self.held = False

    @property
    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        try:
            found = os.get_terminal_size(self.fd)
        except OSError:
            return 80, 24
        return found.columns or 80, found.lines or 24

    @property
    def foreground(self) -> bool:
        """Claim that this process may read here: its shell has not put it into the background."""
        try:
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:
            return True  # it hung up: reading tells

    def enter(self) -> None:
        """Take it: raw, exclusive, quiet."""
        raw = termios.tcgetattr(self.fd)
        raw[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON | termios.ISTRIP)
        raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        hold_terminal(self.fd)
        termios.tcsetattr(self.fd, termios.TCSANOW, raw)
        self.held = True
        if not self.plain:
            self._raw(_ENTER)

    def leave(self) -> None:
        """Give it back as it was."""
        if not self.held:
            return
        self.held = False
        with suppress(OSError, termios.error):  # it may have hung up
            self.close_card()
            self._raw("\r" if self.plain else f"{_LEAVE}\r\x1b[K")
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._saved)
        release_terminal(self.fd)

    def read(self) -> bytes:
        """Return what was typed; empty where it hung up."""
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""

    # -- the main screen: one line for what happened, and the status below it -------------------------

    def say(self, style: str, text: str) -> None:
        """Write a line above the status."""
        self._fragments(
            [(f"class:{style}", text)], start="\r" if self.plain else "\r\x1b[K", end="\n"
        )

    def status(self, text: str) -> None:
        """Write the status line, without ending it."""
        columns, _ = self.size
        start = "" if self.plain else "\r\x1b[K"
        self._fragments(
            [("class:status", text[: columns - 1])], start=start, end="\n" if self.plain else ""
        )

    def notify(self, text: str) -> None:
        """Ring, and ask the desktop to say so where the terminal can (OSC 9)."""
        safe = "".join(c for c in text if c.isascii() and c.isprintable())
        self._raw("\a" if self.plain else f"\a\x1b]9;gatesh: {safe}\x1b\\")

    # -- a card ---------------------------------------------------------------------------------------

    def draw_card(self, view: View) -> Cursor | None:
        """Draw it all, and ask for the cursor's position; return where the cursor then stood."""
        if self.plain:
            for style, text in view.rows[:-1]:
                if text:
                    self._fragments([(f"class:{style}", text)], end="\n")
            self._fragments([("class:prompt", view.rows[-1][1])])
            return None
        if not self._on_card:
            self._on_card = True
            self._begin_card()
        columns, rows = self.size
        self._rows(view.rows)
        at = Cursor(2 + secrets.randbelow(max(1, rows - 1)), 1 + secrets.randbelow(columns))
        self._output.cursor_goto(at.row, at.column)
        self._output.write_raw("\x1b[6n")
        self._to_input(view)
        self._output.flush()
        return at

    def update_card(self, view: View, before: View) -> None:
        """Draw again what is not as it was `before`: the clock, what was typed."""
        if self.plain:
            self._fragments([("class:prompt", view.rows[-1][1])], start="\r")
            return
        self._rows(view.rows, before.rows if len(before.rows) == len(view.rows) else ())
        self._to_input(view)
        self._output.flush()

    def too_small(self, text: str) -> None:
        """Say so in place of a card."""
        self.close_card()
        self.say("alert", text)

    def _begin_card(self) -> None:
        self._output.write_raw(f"\x1b[?1049h{_PLAIN_KEYS}\x1b[r\x1b[?6l\x1b[?7h")

    def _end_card(self) -> None:
        self._raw("\x1b[<u\x1b[?1049l")

    def close_card(self) -> None:
        """Go back to the main screen."""
        if self._on_card:
            self._on_card = False
            self._end_card()
        elif self.plain and self.held:
            self._raw("\r\n")

    def _rows(self, rows: tuple[Row, ...], shown: tuple[Row, ...] = ()) -> None:
        for number, (style, text) in enumerate(rows, 1):
            if shown and shown[number - 1] == (style, text):
                continue
            self._output.cursor_goto(number, 1)
            print_formatted_text(self._output, [(f"class:{style}" if style else "", text)], _STYLE)
            self._output.reset_attributes()
            self._output.erase_end_of_line()

    def _to_input(self, view: View) -> None:
        from prompt_toolkit.utils import get_cwidth

        self._output.cursor_goto(len(view.rows), get_cwidth(view.rows[-1][1]) + 1)

    def _fragments(self, fragments: list[tuple[str, str]], start: str = "", end: str = "") -> None:
        self._output.write_raw(start)
        if self.plain:
            self._output.write("".join(text for _, text in fragments))
        else:
            print_formatted_text(self._output, FormattedText(fragments), _STYLE)
            self._output.reset_attributes()
        self._output.write_raw(end)
        self._output.flush()

    def _raw(self, text: str) -> None:
        self._output.write_raw(text)
        self._output.flush()
