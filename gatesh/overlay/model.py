"""What the agent's alternate screen shows, kept by libghostty (the extra `gatesh[terminal]`).

It draws again what a card has covered, no more: a model is only as right as it agrees with the terminal.
Without the library there is none, and the agent is asked to draw.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.overlay.track import Tracker

_SIXTEEN = re.compile(rb"(?<=[\[;])([34])8;5;(1[0-5]|[0-9])(?=[;m])")


def model(columns: int, rows: int) -> Model | None:
    """Return a model of an empty screen; None where the library is not installed or does not fit."""
    os.environ.pop("PYGHOSTTY_LIB", None)  # it loads what this names
    try:
        import pyghostty
    except Exception:  # noqa: BLE001  a courtesy: whatever ails the library, there are cards without it
        return None
    return Model(pyghostty, columns, rows)


class Model:
    """A screen that is fed what the terminal is."""

    def __init__(self, library: Any, columns: int, rows: int) -> None:
        """Begin with an empty screen."""
        self._library = library
        self._screen = library.Terminal(columns, rows, 0)

    def begin(self, recent: bytes) -> None:
        """Take up the modes and the place of an agent that goes onto the alternate screen now.

        What it does on the main one is not followed: the terminal itself keeps that.
        """
        _, rows = self._screen.size
        self._screen.feed(b"\x1b[?1049l\x1b[!p\x1b[0m\x1b[%d;1H" % rows + recent)

    def feed(self, data: bytes) -> None:
        """Take what the terminal is sent."""
        self._screen.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size."""
        self._screen.resize(columns, rows)

    def rows(self, count: int, *, links: bool) -> bytes:
        """Return what draws the first rows: `links` claims that there may be some."""
        columns, rows = self._screen.size
        out = b""
        for y in range(min(count, rows)):
            parts = self._linked(y, columns) if links else [(0, columns - 1, b"")]
            out += b"\x1b[%d;1H\x1b[0m\x1b[2K" % (y + 1)
            for first, last, uri in parts:
                out += b"\x1b[%dG" % (first + 1)  # blanks at the end of a part are not drawn
                out += b"\x1b]8;;%s\x1b\\" % uri if links else b""
                out += self._text(y, first, last)
        return out + (b"\x1b]8;;\x1b\\" if links else b"") + b"\x1b[0m"

    def place(self, tracker: Tracker) -> bytes:
        """Return what puts the cursor and the attributes back, without the terminal's own slot for them."""
        x, y = self._screen.cursor
        columns, _ = self._screen.size
        out = b""
        if tracker.on(6):
            out += b"\x1b[?6h"
            y -= int(tracker.margins.partition(b";")[0] or 1) - 1
        out += b"\x1b[%d;%dH" % (y + 1, x + 1)
        if self._screen.get("cursor_pending_wrap", "bool"):
            _, row = self._screen.cursor
            out += self._text(row, columns - 1, columns - 1)
        return out + self._pen()

    def _pen(self) -> bytes:
        plain = self._format(0, 0, 0, style=False)
        return _sixteen(self._format(0, 0, 0, style=True)[len(plain) :])

    def _text(self, y: int, first: int, last: int) -> bytes:
        return _sixteen(self._format(y, first, last, style=False))

    def _format(self, y: int, first: int, last: int, *, style: bool) -> bytes:
        core, ffi, lib = self._library.core, self._library.ffi, self._library.lib
        part = core.init_sized("GhosttySelection")
        part.start, part.end = self._screen.ref(first, y)[0], self._screen.ref(last, y)[0]
        options = core.init_sized("GhosttyFormatterTerminalOptions")
        options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        options.selection = ffi.addressof(part[0])
        options.extra.screen.style = style
        made = ffi.new("GhosttyFormatter*")
        terminal = self._screen._t[0]  # noqa: SLF001  the binding has no formatter of its own
        core.check(
            lib.ghostty_formatter_terminal_new(ffi.NULL, made, terminal, options[0]), "format"
        )
        try:
            text: str = core.read_buf(
                lambda buffer, size, found: lib.ghostty_formatter_format_buf(
                    made[0], buffer, size, found
                )
            )
        finally:
            lib.ghostty_formatter_free(made[0])
        return text.encode("utf-8", "surrogateescape")

    def _linked(self, y: int, columns: int) -> list[tuple[int, int, bytes]]:
        """Return the parts of a row that have the same link."""
        parts: list[tuple[int, int, bytes]] = []
        for x in range(columns):
            uri = self._uri(x, y)
            if parts and parts[-1][2] == uri:
                parts[-1] = (parts[-1][0], x, uri)
            else:
                parts.append((x, x, uri))
        return parts

    def _uri(self, x: int, y: int) -> bytes:
        ffi, lib = self._library.ffi, self._library.lib
        found, size = ffi.new("uint8_t[]", 4096), ffi.new("size_t*")
        if lib.ghostty_grid_ref_hyperlink_uri(self._screen.ref(x, y), found, 4096, size):
            return b""
        return bytes(ffi.buffer(found, size[0])[:])


def _sixteen(drawn: bytes) -> bytes:
    """Return the first sixteen colours as programs write them: a terminal may show bold ones brighter."""

    def shorter(found: re.Match[bytes]) -> bytes:
        ground, colour = int(found[1]), int(found[2])
        return b"%d" % (ground * 10 + colour if colour < 8 else ground * 10 + 60 + colour - 8)

    return _SIXTEEN.sub(shorter, drawn)
