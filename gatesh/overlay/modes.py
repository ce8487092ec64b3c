"""What is sent to the person's terminal before a card and after it: modes off, and on again as they were. Pure.

The order matters. Margins and DECLRMM home the cursor, so they come before the cursor is put back; kitty's
keyboard flags belong to a screen, so they are pushed and popped on the same one; `?2026` comes last.
"""

from __future__ import annotations

from gatesh.overlay.track import ALTERNATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.overlay.track import Tracker

# What makes a terminal send bytes that nobody typed: mouse, focus, colour scheme, size.
_REPORTING = (9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2031, 2048)
# What would draw a card wrongly, or make its keys others.
_DRAWING = (1, 5, 6, 45, 66, 69)
_ON = (7, 25, 2004)
_RESTORED = (*_REPORTING, *_DRAWING, *_ON)
_PUSH, _POP = b"\x1b[>0u", b"\x1b[<u"
_DEFAULT_COLOURS = b"\x1b]104\x1b\\\x1b]105\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\"


def before(tracker: Tracker, *, placed: bool, rows: int) -> bytes:
    """Return what brings the terminal onto a card's screen and makes it quiet.

    `placed` claims that somebody else knows where the cursor is: the terminal's slot for it may be the
    agent's. tmux has one slot for both screens.
    """
    out = b"\x1b\\" if tracker.within else b""
    if tracker.alternate:
        out += b"" if placed else b"\x1b7"
    else:
        out += b"\x1b[?1047h" if placed else b"\x1b[?1049h"
    off = (2026, *_REPORTING, *_DRAWING)
    out += b"".join(b"\x1b[?%dl" % mode for mode in off)
    out += b"\x1b[4l\x1b[20l\x1b[>4m" + _PUSH + b"\x1b>\x1b[r\x1b(B\x1b)B\x0f\x1b]8;;\x1b\\\x1b[0m"
    out += b"".join(b"\x1b[?%dh" % mode for mode in _ON)
    if tracker.hides and tracker.alternate:
        out += b"\x1b_Ga=d,q=2\x1b\\"
        out += b"".join(b"\x1b[%d;1H\x1b#5" % row for row in range(1, rows + 1))
    if tracker.colours:
        out += _DEFAULT_COLOURS  # an agent that paints white on white hides the card
    return out


def after(tracker: Tracker, rows: bytes = b"", place: bytes = b"", *, placed: bool) -> bytes:
    """Return what leads back.

    `rows` draws again what the card has covered of the alternate screen; `place` puts the cursor back where
    it is `placed` and the terminal does not.
    """
    out = _POP + b"\x1b[0m" + rows
    if tracker.on(69):
        out += b"\x1b[?69h"
        out += b"\x1b[%ss" % tracker.sides if tracker.sides else b""
    if tracker.margins:
        out += b"\x1b[%sr" % tracker.margins
    if tracker.alternate:
        out += place if placed else b"\x1b8"
    else:
        out += b"\x1b[?1047l" + place if placed else b"\x1b[?1049l"
    out += b"".join(
        b"\x1b[?%d%c" % (mode, b"l"[0] if mode in _ON else b"h"[0])
        for mode in _RESTORED
        if mode not in {6, 69} and tracker.on(mode) is not (mode in _ON)
    )
    out += b"".join(b"\x1b[%dh" % mode for mode in (4, 20) if tracker.ansi.get(mode))
    out += b"\x1b=" if tracker.keypad == b"=" else b""
    out += b"\x1b[>%sm" % tracker.other_keys if tracker.other_keys else b""
    out += b"\x1b(%s" % tracker.g0 if tracker.g0 else b""
    out += b"\x1b)%s" % tracker.g1 if tracker.g1 else b""
    out += b"\x0e" if tracker.shifted else b""
    out += b"".join(b"\x1b]%s\x1b\\" % colour for colour in tracker.colours.values())
    out += b"\x1b]%s\x1b\\" % tracker.link if tracker.link else b""
    return out + (b"\x1b[?2026h" if tracker.on(2026) else b"")


def left_on(tracker: Tracker) -> bytes:
    """Return what puts the terminal back where an agent has ended without doing so: it was killed."""
    out = b"\x1b\\" if tracker.within else b""
    out += b"".join(
        b"\x1b[?%dl" % mode for mode in (2026, *_REPORTING, *_DRAWING, 2004) if tracker.on(mode)
    )
    out += b"".join(b"\x1b[?%dh" % mode for mode in (7, 25) if not tracker.on(mode))
    out += b"".join(b"\x1b[%dl" % mode for mode in (4, 20) if tracker.ansi.get(mode))
    out += b"\x1b[>4m" if tracker.other_keys not in (b"", b"4", b"4;0") else b""
    out += b"\x1b>" if tracker.keypad == b"=" else b""
    out += b"\x0f" if tracker.shifted else b""
    out += b"\x1b(B" if tracker.g0 not in (b"", b"B") else b""
    out += b"\x1b]8;;\x1b\\" if tracker.link else b""
    out += b"\x1b[0 q" if tracker.style not in (b"", b"0") else b""
    if tracker.margins:
        out += b"\x1b7\x1b[r\x1b8"  # without the margins the cursor is at home
    out += _popped(tracker.pushed[tracker.alternate])
    if tracker.alternate:
        out += b"".join(b"\x1b[?%dl" % mode for mode in ALTERNATE if tracker.on(mode))
        out += _popped(tracker.pushed[False])
    return out and b"\x1b[0m" + out


def _popped(count: int) -> bytes:
    return b"\x1b[<%du" % count if count else b""
