"""Read what a person types at a card, and nothing else: a strict terminal parser, and the fence.

A terminal also sends bytes nobody typed: answers to queries (DECRQM's ends in a literal `y`), OSC 52 with
text the asker chose, mouse coordinates that are letters, pastes. Every such family is swallowed whole.
There is no escape timer: ESC always begins a sequence, so a report that arrives in pieces cannot decay
into letters. Where two readings are possible, the one that swallows more is taken. Pure: bytes in, keys
out; the caller brings the time.
"""

from __future__ import annotations

from gatesh._value import Value


class Cursor(Value):
    """The answer to a cursor position query; rows and columns count from 1."""

    row: int
    column: int


class Paste(Value):
    """Something was pasted; what it was is not kept."""


Event = str | Cursor | Paste  # a str is one key: a character, or a C0 control as it is sent

_ESC, _BEL, _ST = 0x1B, 0x07, 0x9C
_C1 = {0x8E: "ss2", 0x8F: "ss3", 0x9B: "csi"} | dict.fromkeys(
    (0x90, 0x98, 0x9D, 0x9E, 0x9F), "string"  # DCS SOS OSC PM APC
)  # fmt: skip
_AFTER_ESC = {
    ord("["): 0x9B,
    ord("]"): 0x9D,
    ord("P"): 0x90,
    ord("X"): 0x98,
    ord("^"): 0x9E,
    ord("_"): 0x9F,
    ord("O"): 0x8F,
    ord("N"): 0x8E,
}
# Sequences that are followed by bare bytes: X10 mouse, the two of highlight tracking, the Linux
# console's function keys.
_TAILS = {b"M": 3, b"t": 2, b"T": 6, b"[": 1}
_MOST_PARAMETERS = 64
_ERASE = b"\x08\x7f"


def _lead(byte: int) -> int:
    """Return how many bytes follow this one in UTF-8; 0 where it leads nothing."""
    return (0xC2 <= byte < 0xF5) + (0xE0 <= byte < 0xF5) + (0xF0 <= byte < 0xF5)


class Parser:
    """Bytes of a terminal → keys; keeps its place between two reads."""

    def __init__(self) -> None:
        """Begin outside every sequence."""
        self._state = "ground"
        self._kind = 0  # the C1 control that began the string
        self._sequence = b""  # parameters of a CSI, the bytes of a character, the end of a paste
        self._following = 0  # continuation bytes still to come
        self._tail = 0  # characters still to be swallowed

    @property
    def inside(self) -> bool:
        """Claim that a sequence has begun and not ended."""
        return self._state not in ("ground", "character")

    def feed(self, data: bytes) -> list[Event]:
        """Return what was typed in `data`, together with what was fed before."""
        found: list[Event] = []
        for byte in data:
            event = self._byte(byte)
            if event is not None:
                found.append(event)
        return found

    def _byte(self, byte: int) -> Event | None:
        if self._state == "paste":
            return self._paste(byte)
        if byte == _ESC:
            self._state = "string-escape" if self._state == "string" else "escape"
            return None
        if self._state == "string-escape" and byte == ord("\\"):
            self._state = "ground"
            return None
        if self._state == "escape" and byte in _ERASE:
            self._state = "ground"  # a person takes Esc back; no report has it there
            return chr(byte)
        if self._state in ("escape", "string-escape"):
            self._escape(byte)
            return None
        step = {
            "csi": self._csi,
            "string": self._string,
            "ss3": self._ss3,
            "ss2": self._swallow_one,
            "intermediate": self._intermediate,
            "tail": self._in_tail,
            "swallow": self._in_swallow,
            "character": self._character,
        }.get(self._state, self._ground)
        return step(byte)

    def _ground(self, byte: int) -> Event | None:
        self._state = "ground"
        if byte < 0x80:
            return chr(byte)
        if byte in _C1:
            self._begin(byte)
        elif _lead(byte):
            self._state, self._sequence, self._following = "character", bytes([byte]), _lead(byte)
        return None

    def _begin(self, c1: int) -> None:
        self._state, self._kind, self._sequence, self._following = _C1[c1], c1, b"", 0

    def _character(self, byte: int) -> Event | None:
        if not 0x80 <= byte < 0xC0:
            return self._ground(byte)
        self._sequence += bytes([byte])
        self._following -= 1
        if self._following:
            return None
        self._state = "ground"
        try:
            text = self._sequence.decode()
        except UnicodeDecodeError:
            return None
        if ord(text) in _C1:  # a C1 control as UTF-8
            self._begin(ord(text))
            return None
        return text if ord(text) >= 0xA0 else None

    def _escape(self, byte: int) -> None:
        if byte in _AFTER_ESC:
            self._begin(_AFTER_ESC[byte])
        elif 0x20 <= byte < 0x30:
            self._state = "intermediate"
        elif _lead(byte):  # Alt with a letter that is more than one byte
            self._state, self._following = "swallow", _lead(byte)
        else:
            self._state = "ground"

    def _intermediate(self, byte: int) -> None:
        if 0x30 <= byte < 0x7F:
            self._state = "ground"

    def _csi(self, byte: int) -> Event | None:
        if not 0x40 <= byte < 0x7F:
            # Controls and strays inside it are ignored: no report has any.
            if 0x20 <= byte < 0x40:
                self._sequence = (self._sequence + bytes([byte]))[-_MOST_PARAMETERS:]
            elif byte == _ST:
                self._state = "ground"
            return None
        parameters, final = self._sequence, bytes([byte])
        self._state, self._sequence = "ground", b""
        if not parameters and final in _TAILS:
            self._state, self._tail, self._following = "tail", _TAILS[final], 0
        elif parameters == b"200" and final == b"~":
            self._state = "paste"
        elif final == b"R":
            row, _, column = parameters.partition(b";")
            if row.isdigit() and column.isdigit():
                return Cursor(int(row), int(column))
        return None

    def _string(self, byte: int) -> None:
        if self._following and 0x80 <= byte < 0xC0:
            # 0x9c inside a character ends nothing, or its rest would be taken for keys; but U+009C does.
            self._following -= 1
            if byte == _ST and self._sequence == b"\xc2":
                self._state = "ground"
            return
        self._following, self._sequence = _lead(byte), bytes([byte])
        if byte == _ST or (byte == _BEL and self._kind == 0x9D):
            self._state = "ground"

    def _ss3(self, byte: int) -> None:
        if not 0x30 <= byte < 0x40:  # rxvt and VT220 put a modifier's digits first
            self._state = "ground"

    def _swallow_one(self, byte: int) -> None:
        self._following = _lead(byte)
        self._state = "swallow" if self._following else "ground"

    def _in_swallow(self, byte: int) -> Event | None:
        if not 0x80 <= byte < 0xC0:
            return self._ground(byte)
        self._following -= 1
        if not self._following:
            self._state = "ground"
        return None

    def _in_tail(self, byte: int) -> Event | None:
        # A coordinate is a byte, or (mode 1005) a character of two: a continuation belongs to its lead.
        if self._following and 0x80 <= byte < 0xC0:
            self._following -= 1
            return None
        if not self._tail:
            return self._ground(byte)
        self._tail -= 1
        self._following = _lead(byte)
        if not self._tail and not self._following:
            self._state = "ground"
        return None

    def _paste(self, byte: int) -> Event | None:
        self._sequence = (self._sequence + bytes([byte]))[-6:]
        if self._sequence == b"\x1b[201~" or self._sequence[-5:] == b"\x9b201~":
            self._state, self._sequence = "ground", b""
            return Paste()
        return None


DEAF_S = 0.4
SILENT_S = 2.0


class Fence:
    """Keeps out what was typed before the card was visible.

    After drawing, the cursor is sent to a random place and its position is asked for: bytes before the
    answer were typed before. A terminal that never answers is given two seconds; nobody reads a card in
    less than 0.4 s, so nothing counts before that.
    """

    def __init__(self) -> None:
        """Begin closed: nothing was drawn yet."""
        self._drawn_s = float("inf")
        self._at: Cursor | None = None

    def drawn(self, at: Cursor | None, now_s: float) -> None:
        """Close it: a card was drawn at `now_s`, and the cursor stood at `at` when it was asked for."""
        self._drawn_s, self._at = now_s, at or Cursor(0, 0)

    def close(self) -> None:
        """Close it until the next card is drawn."""
        self._drawn_s = float("inf")

    def report(self, cursor: Cursor) -> None:
        """Take the terminal's answer."""
        if cursor == self._at:
            self._at = None

    def passes(self, now_s: float) -> bool:
        """Claim that a key read at `now_s` was typed by somebody who could see the card."""
        elapsed = now_s - self._drawn_s
        return elapsed >= (DEAF_S if self._at is None else SILENT_S)
