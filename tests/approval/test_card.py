"""What a person reads, and how it is laid out."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from gatesh.approval.card import Card, Line, from_fields, to_fields
from gatesh.approval.describe import Description
from gatesh.approval.entry import Act, Entry
from gatesh.approval.layout import lay_out, wrap
from gatesh.approval.pin import LEAST_LENGTH, Pin
from gatesh.approval.questions import Loosening
from gatesh.approval.word import LETTERS, fresh_code, fresh_word
from gatesh.errors import UsageError
from gatesh.model import Locality, Severity, Span, Target
from tests.approval.requests import match, request

CRITICAL = Severity.CRITICAL


def of_request(held, word, late_until_ns=0, *, pin=False):
    return Description(held).card(word, late_until_ns, pin=pin)


def name_to_type(held):
    return Description(held).name


def shown(card):
    return "\n".join(line.text for line in card.head + card.body)


def test_the_matched_part_stands_first_and_the_whole_command_last():
    text = "cd /srv && drop main && echo done"
    card = of_request(request(7, match(text=text, span=Span(11, 20)), text=text), "kdf")
    assert [line.text for line in card.head] == ["high: hold", "drop main"]
    assert card.body[-1] == Line("command", text)
    for part in ("destroys main", "db.prod/app", "remote", "look first", "/srv", "agent 50"):
        assert part in shown(card)
    assert card.how.startswith("type `kdf` + Enter")


def test_a_command_that_stands_at_the_top_is_not_shown_again():
    card = of_request(request(7), "kdf")
    assert shown(card).count("drop main") == 1
    assert "lines" not in shown(card)


@pytest.mark.parametrize(
    ("text", "size"), [("cd /; drop main", "15 characters, 1 line"), ("a\nb\ndrop main\n", "14 characters, 3 lines")]
)  # fmt: skip
def test_lines_are_counted_as_a_person_does(text, size):
    at = text.index("drop")
    card = of_request(request(7, match(text=text, span=Span(at, at + 9)), text=text), "kdf")
    assert f"command ({size})" in shown(card)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("host"), "target    not known, counts as remote"),
        (Target("host", locality=Locality.LOCAL), "target    on this machine"),
        (Target("files", locality=Locality.LOCAL), "target    files, on this machine"),
        (Target("aws", "x/y", Locality.REMOTE, "argv"), "target    aws x/y, remote, from the command line"),
        (Target("aws", "x/y", Locality.REMOTE, "argv", "production", "environments.toml:3"), "label     production, environments.toml:3"),
        (Target("ssh", "x", label="staging", label_origin="a guess from host x"), "label     staging, a guess from host x"),
    ],
)  # fmt: skip
def test_a_target_is_said_in_plain_words(target, said):
    assert said in shown(of_request(request(1, match(target=target)), "kdf")).splitlines()


def test_what_is_labelled_stands_in_one_column():
    card = of_request(request(1, match(preview="SELECT 1")), "kdf")
    fields = [line.text for line in card.body if line.style in ("field", "loss")]
    assert all(text[8:10] == "  " and text[10] != " " for text in fields), fields


def test_a_loosening_says_how_long_it_is_confirmed_for():
    assert "until this keeper ends" in Loosening(1, ["x is off"], print).card("kdf", pin=False).how


def test_what_cannot_be_seen_is_said():
    card = of_request(request(1, match(cannot_see=("body: @x cannot be read",))), "kdf")
    assert "cannot see body: @x cannot be read" in shown(card)


def test_the_title_that_goes_into_a_notification_holds_nothing_of_the_command():
    card = of_request(request(1, match(names=("secret-name",)), text="drop secret-name"), "kdf")
    assert "secret" not in card.title


@pytest.mark.parametrize(
    "text",
    ["drop main # \x1b[2J", "drop main # \u202eevil", "drop main # \u200b", "drop\rmain", "drop main" + " " * 500 + "evil"],
)  # fmt: skip
def test_nothing_on_a_card_can_deceive_a_reader(text):
    card = of_request(request(1, match(text=text), text=text), "kdf")
    for line in card.head + card.body:
        assert line.text.isprintable()
        assert " " * 30 not in line.text


def test_secrets_are_not_on_a_card_wherever_they_stand():
    token = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
    text = f"drop main --token {token}"
    spans = match(text=text, span=Span(0, 30), names=(token,))
    card = of_request(request(1, spans, text=text, env={"GITHUB_TOKEN": token}), "kdf")
    assert token[:20] not in shown(card) + card.title + card.how


def test_a_very_long_matched_part_is_cut_and_says_how_much():
    text = "drop main " + "x" * 5000
    card = of_request(request(1, match(text=text), text=text), "kdf")
    assert "characters hidden" in card.head[1].text
    assert len(card.head[1].text) < 500


def test_a_huge_line_of_secrets_takes_little_time():
    text = "drop main; " + "curl -u a:hunter2hunter2 http://x -H token:abcdef12345678 \n" * 50_000
    began = time.monotonic()
    card = of_request(request(1, match(text=text, span=Span(0, 9)), text=text), "kdf")
    assert time.monotonic() - began < 5
    assert "hunter2" not in shown(card)
    assert "characters hidden" in shown(card)


@pytest.mark.parametrize(
    ("names", "typed"),
    [
        (("main",), "main"),
        (("/srv/data",), "/srv/data"),
        (("/srv/" + "x" * 50 + "/data/",), "data"),
        (("x" * 50,), ""),
        (("größe",), ""),
        (("/srv/größe/data",), "data"),
        (("a\nb",), ""),
        ((), ""),
    ],
)
def test_a_critical_one_is_typed_by_name_where_it_can_be(names, typed):
    assert name_to_type(request(1, match(CRITICAL, names=names))) == typed


def test_only_critical_ones_need_a_name():
    assert name_to_type(request(1, match(names=("main",)))) == ""


def test_a_card_survives_the_wire():
    card = of_request(request(1, match(CRITICAL)), "kdf", 5, pin=True)
    assert from_fields(to_fields(card)) == card


CARD = Card(
    id="1",
    title="t",
    head=(Line("rule", "high: hold"), Line("match", "drop main")),
    body=tuple(Line("command", f"line {n}") for n in range(100)),
    how="type `kdf` + Enter: yes; n: no, and why; S: stop the session",
)


@pytest.mark.parametrize(("columns", "rows"), [(40, 8), (80, 24), (200, 50)])
def test_the_matched_part_and_the_way_to_answer_are_always_visible(columns, rows):
    for page in range(5):
        view = lay_out(CARD, columns, rows, page, "", "waits", "a problem", "> ")
        texts = [text for _, text in view.rows]
        assert len(texts) == rows
        assert "drop main" in texts
        assert any("kdf" in text for text in texts)
        assert any("lines hidden" in text for text in texts)
        assert texts[-1] == "> "


def test_every_line_is_on_some_page():
    view = lay_out(CARD, 80, 24, 0, "", "", "", "> ")
    pages = [lay_out(CARD, 80, 24, page, "", "", "", "> ").rows for page in range(view.pages)]
    texts = {text for rows in pages for _, text in rows}
    assert {f"line {n}" for n in range(100)} <= texts


@pytest.mark.parametrize(("columns", "rows"), [(39, 24), (80, 7), (5, 2)])
def test_a_screen_that_is_too_small_shows_nothing(columns, rows):
    assert lay_out(CARD, columns, rows, 0, "", "", "", "> ") is None


def test_a_matched_part_longer_than_the_screen_keeps_both_ends():
    long = CARD.__class__(**{f: getattr(CARD, f) for f in CARD._fields} | {"head": (Line("rule", "r"), *(Line("match", f"m{n}") for n in range(99)))})  # fmt: skip
    texts = [text for _, text in lay_out(long, 80, 24, 0, "", "", "", "> ").rows]
    assert "m0" in texts
    assert "m98" in texts
    assert any("lines hidden …" in text for text in texts)


def test_wide_characters_take_two_columns():
    assert wrap("漢字漢字", 4) == ["漢字", "漢字"]
    assert wrap("漢字 漢字", 6) == ["漢字 ", "漢字"]


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("rm -rf /srv/data now", 10, ["rm -rf ", "/srv/data ", "now"]),
        ("rm /srv/data/backup now", 10, ["rm ", "/srv/data/", "backup now"]),
        ("0123456789 x", 10, ["0123456789", " x"]),  # else it would look like one word
        ("0123456789 abcdefghij", 10, ["0123456789", " ", "abcdefghij"]),
        ("  abcdefghij x", 10, ["  abcdefgh", "ij x"]),  # rather than a row of blanks alone
        ("\u0301 aa漢漢", 5, ["\u0301 ", "aa漢", "漢"]),  # a word that takes no column
        ("", 10, [""]),
    ],
)
def test_rows_end_with_a_word_and_lose_nothing(text, columns, rows):
    assert wrap(text, columns) == rows


@given(st.text(alphabet=" ab漢e\u0301-/"), st.integers(4, 12))
def test_rows_are_the_text_and_fit(text, columns):
    rows = wrap(text, columns)
    assert "".join(rows) == text
    assert all(get_cwidth(row) <= columns for row in rows)
    for row, below in itertools.pairwise(rows):
        if not row.endswith(" ") and below[:1] != " ":  # a word was cut: no row holds it
            word = row.rpartition(" ")[2] + below.partition(" ")[0]
            indent = len(text) - len(text.lstrip(" ")) if row is rows[0] else 0
            assert get_cwidth(word) + indent > columns


def typed(entry, keys):
    acts = [entry.key(key) for key in keys]
    return [act for act in acts if act]


def test_a_word_and_enter_is_an_answer():
    assert typed(Entry(), "kdf\r") == [Act("answer", "kdf")]


@pytest.mark.parametrize(
    "keys",
    [
        "\r",
        "\n",
        "   ",
        "\t",
        "y",
        "Y",
        "Yyes",
        "\x04",
        "\x7f\x7f\r",
        "kdf",
        "kdf\x15\r",
        "x\x7f\r",
    ],
)
def test_keys_that_answer_nothing(keys):
    acts = typed(Entry(stops=True, comments=True), keys)
    assert all(act.what in ("page", "next") for act in acts)


@pytest.mark.parametrize(
    ("keys", "comment"),
    [
        ("nno n, S\r", "no n, S"),
        ("n\r", ""),
        ("n keep it \r", "keep it"),
        ("no\r", ""),
        ("no, keep it\r", "keep it"),
        ("nonly on Monday\r", "only on Monday"),
    ],
)
def test_n_rejects_with_a_comment(keys, comment):
    entry = Entry(comments=True)
    assert typed(entry, keys) == [Act("reject", pin=comment)]


def test_what_backspace_empties_is_taken_back():
    entry = Entry(comments=True, pin=True)
    assert typed(entry, "nab\x7f\x7f\x7fkdf\r\x7fkdf\r1234\r") == [Act("answer", "kdf", "1234")]


def test_the_pin_comes_after_the_word_and_is_not_drawn():
    entry = Entry(pin=True)
    assert typed(entry, "kdf\r") == []
    assert typed(entry, "47n1S") == []
    assert entry.shown == ""
    assert typed(entry, "\r") == [Act("answer", "kdf", "47n1S")]


def test_n_and_s_inside_a_word_are_letters():
    assert typed(Entry(stops=True), "kdf nS\r") == [Act("answer", "kdf nS")]
    assert typed(Entry(stops=True), "S") == [Act("stop")]


def test_words_are_consonants_and_differ():
    words = {fresh_word() for _ in range(500)}
    assert len(words) > 350
    assert set("".join(words)) == set(LETTERS)
    assert not set("aeiouynSN") & set(LETTERS)
    assert len(fresh_code()) == 7


def test_a_pin_is_checked_kept_as_a_hash_and_locks():
    pin = Pin("4711")
    assert pin.proves("4711", "a")
    assert "4711" not in repr(vars(pin))
    for _ in range(5):
        assert not pin.proves("4712", "a")
    assert pin.locked("a")
    assert not pin.proves("4711", "a")
    assert pin.proves("4711", "b")
    with pytest.raises(UsageError):
        Pin("x" * (LEAST_LENGTH - 1))
