"""An agent's sequences mean the same to the tracker in whatever spelling a terminal would obey."""

from __future__ import annotations

import pytest

from gatesh.overlay.spelling import plain
from gatesh.overlay.track import Tracker

PAINTS = {
    "C1": "\x9d4;1;#000000\x07",
    "C1, ended so": "\x9d4;1;#000000\x9c",
    "a control after ESC": "\x1b\x00]4;1;#000000\x07",
    "controls after ESC": "\x1b\x00\r\x7f]4;1;#000000\x07",
    "a control before the number": "\x1b]\x004;1;#000000\x07",
    "a control in the middle": "\x1b]4\x01;1;#000\x7f000\x07",
    "zeros in front": "\x1b]0004;1;#000000\x07",
    "bold": "\x1b]5;0;#000000\x07",
    "iTerm": "\x1b]1337;SetColors=fg=000\x07",
}
HIDES = {
    "a control in between": "\x1b\x00#6",
    "a control in the sequence": "\x1b\n\x00#3",
    "an image": "\x9fGa=T,f=24,z=9;AAAA\x9c",
}
ENTERS = {
    "C1": "\x9b?1049h",
    "a control in the middle": "\x1b[?10\x0049h",
    "controls everywhere": "\x1b\x00[\x01?\x0210\x7f49\x03h",
    "zeros in front": "\x1b[?000001049h",
}
VT52 = {
    "C1": "\x9b?2l",
    "a control": "\x1b[?\x002l",
    "zeros in front": "\x1b[?00000000002l",
}


def fed(text: str, size: int) -> tuple[Tracker, bytes]:
    tracker, data = Tracker(), text.encode()
    out = b"".join(tracker.feed(data[at : at + size]) for at in range(0, len(data), size))
    return tracker, out


@pytest.mark.parametrize("size", [1, 3, 100])
def test_it_does_not_matter_how_a_sequence_is_spelled(size: int) -> None:
    for name, text in PAINTS.items():
        assert fed(f"a{text}b", size)[0].colours, name
    for name, text in HIDES.items():
        assert fed(f"a{text}b", size)[0].hides, name
    for name, text in ENTERS.items():
        assert fed(f"a{text}b", size)[0].alternate, name
    for name, text in VT52.items():
        assert fed(f"a{text}b", size)[1].translate(None, b"\x00") == b"ab", name


@pytest.mark.parametrize("text", [
    "plain text\r\n", "\x1b[31mred\x1b[0m\r\n", "« ©  »é", "\x1b]0;a title — ©\x07", "\x1b]8;;http://x/\x1b\\l\x1b]8;;\x1b\\",
    "\x1bPq#0;2;0;0;0~~\n-\x1b\\", "a\nb\x1b[2K\r\n", "\x1b", "\x1b[", "\x1b]52;c;\x1b\\",
])  # fmt: skip
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert plain(text.encode()) == text.encode()


def test_controls_are_obeyed_in_their_order() -> None:
    assert plain(b"a\x1b[3\r1m\x1b\nc") == b"a\r\x1b[31m\n\x1bc"
    assert plain(b"\x1b%@\xc2\x9b31m") == b"\x1b[31m"
