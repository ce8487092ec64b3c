"""What an agent's output has done to the terminal so far: modes, margins, keys, charsets, colours. Pure.

Bytes go in as they are read; what comes out ends outside every sequence, so that a card can be put between
any two of them. The tail that is not complete yet is kept. Two things are dropped: ENQ, whose answer looks
like typing, and DECANM's reset, after which a card would not be understood. What has no ESC in it costs a
search and no more.
"""

from __future__ import annotations

import re
from collections import deque

from gatesh.overlay.spelling import plain

_LONGEST_TAIL = 1 << 20  # a longer string (an image) goes through in parts
_ENQ = b"\x05"
# From the last ESC on: a sequence that has begun and not ended. CAN and SUB end any; BEL ends an OSC.
_UNFINISHED = re.compile(
    rb"""\x1b(?: $
        | \[ [^\x18\x1a\x1b\x40-\x7e]* $
        | [\x20-\x2f] [^\x18\x1a\x1b\x30-\x7e]* $
        | [NO] $
        | \] [^\x07\x18\x1a]* $
        | [PX^_] [^\x18\x1a]* $
    )""",
    re.VERBOSE,
)
_STRING = b"]PX^_"
_TOLD = re.compile(
    rb"""\x1b(?:
        \[ \? (?P<modes>[0-9;]*) (?P<set>[hl])
        | \[ (?P<ansi>[0-9;]*) (?P<ansi_set>[hl])
        | \[ (?P<margins>[0-9;]*) r
        | \[ (?P<sides>[0-9]*;[0-9]*) s
        | \[ > (?P<other_keys>4[0-9;]*) m
        | \[ (?P<style>[0-9]*) [ ] q
        | \[ > (?P<push>[0-9;]*) u | \[ < (?P<pop>[0-9]*) u
        | (?P<keypad>[=>])
        | \( (?P<g0>.)
        | \) (?P<g1>.)
        | (?P<save>[78]) | \[ (?P<sco>[su])
        | \] (?P<link>8;[^\x07\x1b]*)
        | \] (?P<colour>(?:0*(?:4|5|1[0-9]|104|105|11[0-9]|21)\b|1337;SetColors=)[^\x07\x1b]*)
        | (?P<hides>\#[346] | _G (?P<image>[^;\x1b]*))
        | (?P<soft> \[!p ) | (?P<hard>c)
    )""",
    re.VERBOSE | re.DOTALL,
)
# What is most of an agent's output, and tells nothing here: attributes, the cursor, erasing.
_CANDIDATE = re.compile(rb"\x1b(?!\[[0-9;:]*[mHKJABCDGXPLMdf])")
_ENTERS = re.compile(rb"\x1b\[\?[0-9;]*(?:47|1047|1049)[0-9;]*h")
_VT52 = re.compile(rb"\x1b\[\?[0-9;]*l")
_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
ALTERNATE = (47, 1047, 1049)
_SOFTLY_RESET = {1, 6, 7, 25, 66, 69}  # by DECSTR
_ON = {7, 25}  # set in a terminal that nobody has touched
_RECENT = 1 << 16


class Tracker:
    """The state that a terminal is in after what has been let out."""

    def __init__(self) -> None:
        """Begin with a terminal that nobody has touched."""
        self._tail = b""
        self._chunks: deque[bytes] = deque()
        self._length = 0
        self._within = False  # a string too long to be kept has been let out in part
        self._reset()

    def _reset(self) -> None:
        self.modes: dict[int, bool] = {}
        self.ansi: dict[int, bool] = {}
        self.margins = self.sides = self.other_keys = self.link = self.style = b""
        self.pushed = {
            True: 0,
            False: 0,
        }  # kitty's keyboard flags, on the alternate screen and the main one
        self.keypad = self.g0 = self.g1 = b""
        self.shifted = False  # SO: the other charset
        self.links = False  # there has been one
        self.hides = (
            False  # images above the text, lines of twice the width: a card would not be seen
        )
        self.saves = False  # it keeps a cursor in the terminal's own slot
        self.colours: dict[bytes, bytes] = {}

    @property
    def alternate(self) -> bool:
        """Claim that the agent draws on the alternate screen."""
        return any(self.modes.get(mode, False) for mode in ALTERNATE)

    def on(self, mode: int) -> bool:
        """Claim that a private mode is set."""
        return self.modes.get(mode, mode in _ON)

    def feed(self, data: bytes) -> bytes:
        """Return what of `data`, and of what was kept, may go out now."""
        if _ENQ in data:
            data = data.replace(_ENQ, b"")
        if self._tail:
            data, self._tail = self._tail + data, b""
        data = plain(data)
        if self._within:
            return self._rest_of_string(data)
        data = self._keep_tail(data)
        if b"\x1b" in data:
            data = self._tell(data)
        if b"\x0e" in data or b"\x0f" in data:
            self.shifted = data.rfind(b"\x0e") > data.rfind(b"\x0f")
        self._keep(data)
        return data

    def _keep(self, data: bytes) -> None:
        self._chunks.append(data)
        self._length += len(data)
        while self._length - len(self._chunks[0]) >= _RECENT:
            self._length -= len(self._chunks.popleft())

    @property
    def recent(self) -> bytes:
        """Return what went out last."""
        return b"".join(self._chunks)[-_RECENT:]

    def enters(self, data: bytes) -> bool:
        """Claim that `data`, which comes next, leads onto the alternate screen."""
        return (b"\x1b" in data or bool(self._tail)) and bool(
            _ENTERS.search(plain(self._tail + data))
        )

    def finish(self) -> bytes:
        """Return what was kept: nothing more comes."""
        tail, self._tail = self._tail, b""
        return tail

    @property
    def within(self) -> bool:
        """Claim that the terminal is inside a string of which a part has gone out."""
        return self._within

    @property
    def pen(self) -> bytes:
        """Return what sets the attributes that the agent last wrote with."""
        since: list[bytes] = []
        for found in _SGR.finditer(self.recent):
            words = re.split(rb"[;:]", found[1])
            if not words[0].strip(b"0"):
                since = []
            since.append(found[0])
        return b"\x1b[0m" + b"".join(since[-64:])

    def _keep_tail(self, data: bytes) -> bytes:
        last = data.rfind(b"\x1b")
        unfinished = last >= 0 and _UNFINISHED.match(data, last)
        if unfinished and len(data) - last <= _LONGEST_TAIL:
            self._tail, data = data[last:], data[:last]
        elif unfinished:
            self._within = data[last + 1] in _STRING
        else:
            cut = _cut_character(data)
            if cut:
                self._tail, data = data[-cut:], data[:-cut]
        return data

    def _rest_of_string(self, data: bytes) -> bytes:
        end = re.search(rb"[\x07\x18\x1a\x1b]", data)
        if end is None:
            return data
        self._within = False
        return data[: end.start()] + self.feed(data[end.start() :])

    def _tell(self, data: bytes) -> bytes:
        dropped = False
        for candidate in _CANDIDATE.finditer(data):
            found = _TOLD.match(data, candidate.start())
            if found is None:
                continue
            kind, value = found.lastgroup, found[found.lastgroup or 0]
            if kind == "set":
                dropped |= self._private(found["modes"], value == b"h")
            elif kind == "ansi_set":
                for mode in _numbers(found["ansi"]):
                    self.ansi[mode] = value == b"h"
            elif kind in ("save", "sco"):
                self.saves |= value in (b"7", b"s")
            elif kind == "colour":
                self._colour(value)
            elif kind == "hard":
                self._reset()
            elif kind == "soft":
                self.modes = {m: on for m, on in self.modes.items() if m not in _SOFTLY_RESET}
                self.ansi, self.margins, self.sides = {}, b"", b""
                self.keypad = self.g0 = self.g1 = b""
                self.shifted = False
            elif kind in ("push", "pop"):
                self._push(1 if kind == "push" else -int(value or 1))
            elif kind == "hides":
                self.hides |= not _asks_about_images(found["image"])
            elif kind == "link":
                self.link = value if not value.endswith(b";") else b""
                self.links |= bool(self.link)
            elif kind is not None:
                setattr(self, kind, value)
        return _VT52.sub(_without_2, data) if dropped else data

    def _private(self, words: bytes, value: bool) -> bool:
        """Take private modes; claim that DECANM is among them."""
        numbers = _numbers(words)
        for mode in numbers:
            if mode in ALTERNATE and not value:
                self.modes |= dict.fromkeys(ALTERNATE, False)
            if mode == 1048 and value:
                self.saves = True
            self.modes[mode] = value
        if 3 in numbers:
            self.margins = b""
        return 2 in numbers and not value

    def _push(self, count: int) -> None:
        self.pushed[self.alternate] = max(0, self.pushed[self.alternate] + count)

    def _colour(self, value: bytes) -> None:
        number, _, rest = value.lstrip(b"0").partition(b";")
        if rest and b"?" not in rest:
            self.colours[number + rest.partition(b";")[0] if number == b"4" else number] = value

    def resized(self) -> None:
        """Forget the margins: a terminal does so too."""
        self.margins = b""


def _asks_about_images(words: bytes | None) -> bool:
    """Claim that a sequence of kitty's graphics shows nothing, but asks whether the terminal could."""
    return [word for word in (words or b"").split(b",") if word[:1] == b"a"] == [b"a=q"]


def _numbers(words: bytes) -> list[int]:
    return [int(word) for word in words.split(b";") if word and len(word.lstrip(b"0")) < 6]


def _without_2(found: re.Match[bytes]) -> bytes:
    left = [b"%d" % number for number in _numbers(found[0][3:-1]) if number != 2]
    return b"\x1b[?%sl" % b";".join(left) if left else b""


def _cut_character(data: bytes) -> int:
    """Return how many bytes at the end begin a character that is not complete."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            return back if back < 2 + (byte >= 0xE0) + (byte >= 0xF0) else 0
    return 0
