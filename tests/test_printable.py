from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatesh.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rm -rf build", "rm -rf build"),
        ("echo 'größe 文件 👍'", "echo 'größe 文件 👍'"),
        ("cafe\u0301", "cafe\u0301"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("rm x\rls   ", r"rm x\rls   "),
        ("a\x08\x08b\x7f", r"a\x08\x08b\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("a\tb\nc", r"a\tb\nc"),
        ("rm \u202egpj.x\u202c", r"rm \u202egpj.x\u202c"),
        ("\u2066x\u2069\u200e\u200f\u061c", r"\u2066x\u2069\u200e\u200f\u061c"),
        ("r\u200bm\u200c\u200d\ufeff\u2060", r"r\u200bm\u200c\u200d\ufeff\u2060"),
        ("so\u00adft\u034f\u180e", r"so\xadft\u034f\u180e"),
        ("rm\u00a0x\u3000y\u2003z", r"rm\xa0x\u3000y\u2003z"),
        ("\u2800\u3164\u115f\uffa0", r"\u2800\u3164\u115f\uffa0"),
        ("\U000e0072\U000e006d", r"\U000e0072\U000e006d"),
        ("a\ufe0f\U000e0100", r"a\ufe0f\U000e0100"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("\udcff\ud800", r"\udcff\ud800"),
        ("\ue000\uffff", r"\ue000\uffff"),
        ("a\u0336\u0336\u0336\u0336", "a\u0336\u0336\\u0336\\u0336"),
        ("ls" + " " * 16 + "x", "ls" + " " * 16 + "x"),
        ("ls" + " " * 200 + "; rm x", r"ls\x20{200}; rm x"),
    ],
)
def test_what_could_deceive_is_spelled_out_and_the_rest_stays(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\n\nc", "a\nb\n\nc"),
        ("ls" + "\n" * 60 + "rm x", "ls\\n{60}\nrm x"),
        ("ls" + " \n" * 60 + "rm x", "ls \\n{60}\nrm x"),
        ("a\r\nb\tc", "a\\r\nb\\tc"),
        ("for x\n        do", "for x\n        do"),
    ],
)
def test_line_ends_can_be_kept_but_cannot_push_anything_out_of_sight(text, shown):
    assert printable(text, lines=True) == shown


def test_what_was_spelled_out_can_be_marked_because_a_backslash_looks_the_same():
    assert printable(
        "\\x1b \x1b" + " " * 20, mark=("<", ">")
    ) == "\\x1b <\\x1b><\\x20{21}>".replace(" <\\x1b><\\x20{21}>", " <\\x1b><\\x20{20}>")


def deceives(char: str, lines: bool) -> bool:
    if char == "\n" and lines:
        return False
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or (unicodedata.category(char) == "Zs" and char != " ")
        or unicodedata.bidirectional(char)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        or char in "\u2800\u3164\u115f\u1160\uffa0\u034f"
        or 0xFE00 <= ord(char) <= 0xFE0F
        or 0xE0000 <= ord(char) <= 0xE0FFF
    )


CONTROLS = st.sampled_from(
    "\x00\x07\x08\x1b\r\n\t \x7f\x85\x9b\xa0\xad\u200b\u202e\u2066\u2800\ufeff\U000e0041"
)


@given(st.text(st.one_of(CONTROLS, st.characters())), st.booleans())
def test_the_output_never_holds_what_deceives(text, lines):
    shown = printable(text, lines=lines)
    assert not [char for char in shown if deceives(char, lines)]
    assert " " * 17 not in shown
    assert "\n" * 4 not in shown


def test_every_character_there_is_is_shown_or_spelled_out():
    for code in range(0x110000):
        shown = printable(chr(code))
        assert shown == chr(code) or shown.startswith("\\")
        assert not deceives(shown[0], lines=False), hex(code)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200))
def test_plain_text_is_not_touched(text):
    assert printable(text) == text or " " * 17 in text
