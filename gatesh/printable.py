r"""Text that was written by others, made fit for a person's terminal and eyes. Pure.

Control characters, escape sequences, bidirectional and zero-width characters, look-alike blanks, padding
and stacked accents are spelled out (`\x1b`, `\u202e`, `\x20{200}`), so that what is shown is what is there.
Not covered: letters of one alphabet that look like those of another.
"""

from __future__ import annotations

# Printable for Unicode, and yet nothing is seen: fillers, variation selectors, the blank Braille cell.
_BLANK = frozenset({
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0, 0xFFFC,
    *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),
})  # fmt: skip
_STACKING = ((0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
             (0xFE20, 0xFE2F))  # fmt: skip
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_SPACES = 16  # more in a row are counted instead of shown: they would push the rest out of sight
_LINES = 3
_ACCENTS = 2  # on one letter


def printable(text: str, *, lines: bool = False, mark: tuple[str, str] = ("", "")) -> str:
    """Return `text` with everything that could deceive a reader spelled out.

    `lines` keeps line ends, for a card or a page. `mark` is put around what was spelled out, because a
    backslash in the text itself looks the same.
    """
    if text.isascii() and text.isprintable() and " " * (_SPACES + 1) not in text:
        return text
    parts: list[str] = []
    stack = 0
    place, size = 0, len(text)
    while place < size:
        char = text[place]
        stack = stack + 1 if _stacks(char) else 0
        length = 1
        if char == " " or (char == "\n" and lines):
            count, length = _run(text, place, char)
            shown = _repeated(char, count)
            if shown.startswith("\\"):
                shown = mark[0] + shown + mark[1] + ("\n" if char == "\n" else "")
        elif _visible(char) and stack <= _ACCENTS:
            shown = char
        else:
            shown = mark[0] + _spelled(char) + mark[1]
        parts.append(shown)
        place += length
    return "".join(parts)


def _visible(char: str) -> bool:
    # False for controls, formats, surrogates, private use, what is unassigned, and all blanks but U+0020.
    return char.isprintable() and ord(char) not in _BLANK


def _stacks(char: str) -> bool:
    code = ord(char)
    return code >= 0x0300 and any(first <= code <= last for first, last in _STACKING)


def _spelled(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _run(text: str, place: int, char: str) -> tuple[int, int]:
    """Return how often `char` repeats from `place` on, and how many characters that takes.

    Blanks between line ends belong to the run: an empty line and one of blanks look the same.
    """
    end, count = place, 0
    while True:
        found = end
        while char == "\n" and found < len(text) and text[found] == " ":
            found += 1
        if found >= len(text) or text[found] != char:
            return count, end - place
        end, count = found + 1, count + 1


def _repeated(char: str, count: int) -> str:
    if char == " ":
        return char * count if count <= _SPACES else f"\\x20{{{count}}}"
    return char * count if count <= _LINES else f"\\n{{{count}}}"
