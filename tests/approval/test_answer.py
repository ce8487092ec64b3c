"""The strict parser: nothing a terminal sends by itself ever yields a key."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatesh.approval.answer import DEAF_S, SILENT_S, Cursor, Fence, Parser, Paste

# What terminals answer, and what a mouse, a paste or another program's keys look like.
REPORTS = {
    "DECRQM ends in a y": b"\x1b[?2026;0$y",
    "DECRQM of an ANSI mode": b"\x1b[4;2$y",
    "DECRQM in 8 bits": b"\x9b?2026;0$y",
    "DECRQM with CSI as UTF-8": b"\xc2\x9b?2026;0$y",
    "OSC 52 with text the asker chose": b"\x1b]52;;eeyy\a",
    "OSC 52 ended by ST": b"\x1b]52;c;kdf\x1b\\",
    "OSC 52 with carriage returns": b"\x1b]52;c;kdf\rkdf\r\x1b\\",
    "OSC 52 in 8 bits": b"\x9d52;c;yyy\x9c",
    "OSC 52 with U+00DC, whose second byte is ST": "\x1b]52;c;Ünyn\a".encode(),
    "title": b"\x1b]lyes no\x1b\\",
    "icon title": b"\x1b]Lyes\x1b\\",
    "foreground colour": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    "palette": b"\x1b]4;1;rgb:cdcd/0000/0000\a",
    "clipboard by UTF-8 C1": b"\xc2\x9d52;c;yyy\xc2\x9c",
    "DA1": b"\x1b[?64;1;2;6;9;15;18;21;22c",
    "DA2": b"\x1b[>41;379;0c",
    "DA3": b"\x1bP!|00000000\x1b\\",
    "XTVERSION": b"\x1bP>|tmux 3.3a\x1b\\",
    "DECRQSS": b"\x1bP1$r0 q\x1b\\",
    "XTGETTCAP": b"\x1bP1+r544e=787465726d\x1b\\",
    "DCS with BEL inside": b"\x1bPyyy\ayyy\x1b\\",
    "DECRQCRA": b"\x1bP1!~ABCD\x1b\\",
    "status": b"\x1b[0n",
    "printer status": b"\x1b[?13n",
    "window size": b"\x1b[8;24;80t",
    "focus in": b"\x1b[I",
    "focus out": b"\x1b[O",
    "colour scheme": b"\x1b[?997;1n",
    "in-band resize": b"\x1b[48;24;80;480;640t",
    "kitty keyboard flags": b"\x1b[?13u",
    "kitty key n": b"\x1b[110u",
    "kitty key n, released": b"\x1b[110;1:3u",
    "modifyOtherKeys": b"\x1b[27;5;110~",
    "kitty graphics": b"\x1b_Gi=31;OK\x1b\\",
    "kitty graphics error": b"\x1b_Gi=31;ENOENT:yes\x1b\\",
    "privacy message": b"\x1b^yes\x1b\\",
    "start of string": b"\x1bXyes\x1b\\",
    "X10 mouse in column 89 is y": b"\x1b[M yy",
    "X10 mouse, raw byte that leads in UTF-8": b"\x1b[M \xc3y",
    "X10 mouse, raw bytes above 127": b"\x1b[M \xf9\xf9",
    "1005 mouse: two characters of two bytes": b"\x1b[M \xc2\x99\xc2\xb9",
    "1005 mouse: the last one continues": b"\x1b[M y\xc2\x99",
    "highlight mouse": b"\x1b[tyy",
    "highlight mouse, long": b"\x1b[Tyyyyyy",
    "SGR mouse": b"\x1b[<0;89;89M",
    "SGR mouse released": b"\x1b[<0;89;89m",
    "urxvt mouse": b"\x1b[32;89;89M",
    "DEC locator": b"\x1b[1;2;3;4;5&w",
    "arrow": b"\x1b[A",
    "arrow, application": b"\x1bOA",
    "keypad n": b"\x1bOn",
    "keypad with modifier": b"\x1bO5P",
    "rxvt alt arrow": b"\x1b\x1b[A",
    "Linux console F1": b"\x1b[[A",
    "VT52 identification": b"\x1b/Z",
    "VT52 arrow": b"\x1bA",
    "SS2": b"\x1bNy",
    "SS3 in 8 bits": b"\x8fy",
    "SS3 as UTF-8": b"\xc2\x8fy",
    "alt y": b"\x1by",
    "alt S": b"\x1bS",
    "alt é": b"\x1b\xc3\xa9",
    "alt Û, whose second byte is CSI": b"\x1b\xc3\x9b",
    "charset": b"\x1b(B",
    "lone C1 controls": b"\x84\x85\x8d\x96",
    "bytes that are no UTF-8": b"\xff\xfe\xc0\xc1\xf5",
    "a character cut short": b"\xe2\x82",
}  # fmt: skip


def keys(events):
    return [e for e in events if isinstance(e, str)]


def one_by_one(data):
    parser = Parser()
    return [event for byte in data for event in parser.feed(bytes([byte]))]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_report_yields_no_key_whole_or_byte_by_byte(report):
    assert keys(Parser().feed(report)) == []
    assert keys(one_by_one(report)) == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_after_a_report_keys_count_again(report):
    parser = Parser()
    parser.feed(report)
    # A raw byte may swallow one key more; a person presses it again.
    assert keys(parser.feed(b"  kdf"))[-3:] == ["k", "d", "f"]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_report_between_the_letters_of_a_word_changes_nothing(report):
    parser = Parser()
    found = keys(parser.feed(b"k" + report + b"  df"))
    assert [k for k in found if k != " "] == ["k", "d", "f"]


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_report_that_arrives_in_pieces_does_not_decay_into_letters(cut):
    parser = Parser()
    report = b"\x1b[?2026;0$y"
    assert keys(parser.feed(report[:cut])) == []
    assert keys(parser.feed(report[cut:])) == []


def test_escape_alone_begins_a_sequence_however_long_one_waits():
    parser = Parser()
    assert parser.feed(b"\x1b") == []
    assert parser.inside
    assert parser.feed(b"n") == []
    assert parser.feed(b"n") == ["n"]


def test_a_string_that_never_ends_swallows_everything_until_escape_and_backslash():
    parser = Parser()
    assert parser.feed(b"\x1bPkdf\r\x03nS") == []
    assert parser.feed(b"\x1b\\n") == ["n"]


def test_a_paste_is_one_event_and_none_of_its_text():
    pasted = b"\x1b[200~kdf\rn\x03S\x1b]52;\x1b[201~"
    assert Parser().feed(pasted) == [Paste()]
    assert one_by_one(pasted) == [Paste()]
    assert Parser().feed(pasted + b"k") == [Paste(), "k"]


def test_a_cursor_report_is_an_event_and_no_key():
    assert Parser().feed(b"\x1b[12;40R") == [Cursor(12, 40)]
    assert one_by_one(b"\x1b[12;40R") == [Cursor(12, 40)]


def test_typed_characters_are_keys():
    assert Parser().feed("kdf é €\r\x7f\x03".encode()) == [*"kdf é €", "\r", "\x7f", "\x03"]
    assert one_by_one("é€".encode()) == ["é", "€"]


parameters = st.text("0123456789;:?<=>!$'\" ", max_size=20)
payload = st.binary(max_size=30).map(lambda b: bytes(x for x in b if x not in (0x07, 0x1B, 0x9C)))
families = st.one_of(
    st.builds(
        lambda p, f: b"\x1b[" + p.encode() + bytes([f]),
        parameters.map(lambda p: "1" + p),  # without parameters M, t, T and [ have tails: see below
        st.integers(0x40, 0x7E).filter(lambda f: f != ord("~")),
    ),
    st.builds(lambda i, p: i + p.encode("utf-8") + b"\x1b\\", st.sampled_from([b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX"]), st.text(max_size=20).filter(lambda t: "\x1b" not in t and "\x07" not in t and "\x9c" not in t)),
    st.builds(lambda p: b"\x1b]" + p + b"\x1b\\", payload),
    st.builds(lambda a, b, c: b"\x1b[M" + bytes([a, b, c]), *[st.integers(32, 255)] * 3),
    st.builds(lambda a: b"\x1bO" + bytes([a]), st.integers(0x40, 0x7E)),
    st.builds(lambda t: b"\x1b[200~" + t.replace(b"\x1b", b"").replace(b"\x9b", b"") + b"\x1b[201~", st.binary(max_size=40)),
)  # fmt: skip


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(families, max_size=5), st.data())
def test_no_sequence_of_any_family_yields_a_key_however_it_is_cut(sequences, data):
    raw = b"".join(sequences)
    cut = data.draw(st.integers(0, len(raw)))
    parser = Parser()
    assert keys(parser.feed(raw[:cut]) + parser.feed(raw[cut:])) == []


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60))
def test_how_bytes_are_cut_makes_no_difference(raw):
    assert Parser().feed(raw) == one_by_one(raw)


def test_the_fence_drops_what_was_typed_before_the_card_was_visible():
    fence = Fence()
    assert not fence.passes(100.0)
    fence.drawn(Cursor(7, 30), 100.0)
    assert not fence.passes(100.0 + DEAF_S + 0.1)  # the terminal has not answered
    fence.report(Cursor(7, 30))
    assert not fence.passes(100.0 + DEAF_S - 0.01)
    assert fence.passes(100.0 + DEAF_S)


def test_the_fence_does_not_take_another_position_for_the_answer():
    fence = Fence()
    fence.drawn(Cursor(7, 30), 100.0)
    fence.report(Cursor(1, 1))
    assert not fence.passes(101.0)


def test_a_terminal_that_never_answers_gets_two_seconds():
    fence = Fence()
    fence.drawn(Cursor(7, 30), 100.0)
    assert not fence.passes(100.0 + SILENT_S - 0.01)
    assert fence.passes(100.0 + SILENT_S)
    fence.drawn(None, 200.0)
    assert not fence.passes(200.0 + SILENT_S - 0.01)
    fence.close()
    assert not fence.passes(1e9)
