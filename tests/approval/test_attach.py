"""The approvers' protocol: whose answer counts, and that what does not is recorded."""

import os
import re
import socket
import sqlite3
import threading
import time

import pytest

from gatesh import wire
from gatesh.approval import peer
from gatesh.approval.attach import Approvers
from gatesh.approval.card import from_fields
from gatesh.approval.pending import clock_ns
from gatesh.approval.pin import MOST_ERRORS, Pin
from gatesh.audit.store import SqliteLog
from gatesh.model import Answered, Assurance, Severity
from tests.approval.requests import match, request

PEOPLE = []


@pytest.fixture(autouse=True)
def leave():
    yield
    while PEOPLE:
        person = PEOPLE.pop()
        person.sock.close()
        person.thread.join(5)
        assert not person.thread.is_alive()


class Person:
    """An attached approver, speaking the protocol by hand."""

    def __init__(self, approvers, name="terminal /dev/pts/9 pid 9"):
        self.sock, there = socket.socketpair()
        self.sock.settimeout(5)
        self.thread = threading.Thread(target=approvers.attach_own, args=(there, name))
        self.thread.start()
        PEOPLE.append(self)
        assert self.next("paired") == [b"paired", name.encode()]

    def next(self, kind):
        """Return the next message of this kind, passing others over."""
        while (message := wire.receive(self.sock))[0] != kind.encode():
            pass
        return message

    def card(self):
        """Return the next card and the word on it."""
        message = self.next("card")
        card = from_fields(message[2:])
        return card, card.how.split("`")[1]

    def send(self, *fields):
        wire.send(self.sock, *(f.encode() for f in fields))


def cut_off(person, *fields):
    """Send this again and again; claim that the keeper ends the connection."""
    try:
        for _ in range(1000):
            if fields:
                person.send(*fields)
            wire.receive(person.sock)
    except TimeoutError:
        return False
    except (wire.WireError, OSError) as error:
        return "timed out" not in str(error)
    return False


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    log = SqliteLog(str(folder / "audit.db"))
    yield log
    log.close()


@pytest.fixture
def refused(tmp_path):
    def read():
        db = sqlite3.connect(tmp_path / "state" / "audit.db")
        found = db.execute("SELECT record, how, why FROM refused_answer").fetchall()
        db.close()
        return found

    return read


@pytest.fixture
def approvers(log):
    return Approvers(log, clock_ns)


def ask(approvers, *records, **more):
    """Put requests on the desk; return what will hold their answers."""
    answers = {}
    for record in records:
        held = request(record, *more.get("matches", ()), digest=str(record), now=clock_ns())

        def wait(held=held):
            answers[held.record] = approvers.desk.ask(held, lambda: False)

        threading.Thread(target=wait, daemon=True).start()
        until = time.monotonic() + 5
        while str(record) not in approvers._questions:
            assert time.monotonic() < until
            time.sleep(0.001)
    return answers


def result(answers, record):
    until = time.monotonic() + 5
    while record not in answers:
        assert time.monotonic() < until, "it still waits"
        time.sleep(0.001)
    return answers[record]


def settle(refused, count):
    until = time.monotonic() + 5
    while len(refused()) < count:
        assert time.monotonic() < until, refused()
        time.sleep(0.01)
    return refused()


def test_the_word_on_the_card_approves(approvers):
    person = Person(approvers)
    answers = ask(approvers, 1)
    _, word = person.card()
    person.send("answer", "1", word, "")
    answer = result(answers, 1)
    assert (answer.answered, answer.assurance) == (Answered.APPROVED, Assurance.A0)
    assert answer.approver == "terminal /dev/pts/9 pid 9"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "y",
        "yes",
        "Y",
        "WORD",
        "word x",
        "word 0",
        "word 481",
        "word -1",
        "word \u0661\u0665",
    ],
)
def test_nothing_but_the_word_approves(approvers, refused, typed):
    person = Person(approvers)
    answers = ask(approvers, 1)
    _, word = person.card()
    person.send("answer", "1", typed.replace("word", word).replace("WORD", word.upper()), "")
    assert settle(refused, 1) == [(1, "answer", "wrong word")]
    assert answers == {}


def test_a_word_counts_once_right_or_wrong(approvers, refused):
    person = Person(approvers)
    answers = ask(approvers, 1)
    _, word = person.card()
    person.send("answer", "1", "xxx", "")
    _, fresh = person.card()
    person.send("answer", "1", word, "")
    person.card()
    assert fresh != word
    assert settle(refused, 2) == [(1, "answer", "wrong word")] * 2
    assert answers == {}


def test_the_word_of_another_request_does_not_count(approvers, refused):
    person = Person(approvers)
    answers = ask(approvers, 1, 2)
    cards = dict(person.card()[::-1] for _ in range(2))
    words = {card.id: word for word, card in cards.items()}
    person.send("answer", "1", words["2"], "")
    assert settle(refused, 1) == [(1, "answer", "wrong word")]
    assert answers == {}


def test_the_word_of_another_approver_does_not_count(approvers, refused):
    person, other = Person(approvers), Person(approvers, "other")
    answers = ask(approvers, 1)
    _, word = person.card()
    _, others = other.card()
    other.send("answer", "1", word, "")
    assert settle(refused, 1) == [(1, "answer", "wrong word")]
    other.card()
    person.send("answer", "1", word, "")
    assert result(answers, 1).approver.startswith("terminal")
    assert others != word


def test_a_replayed_answer_is_refused_and_recorded(approvers, refused):
    person = Person(approvers)
    answers = ask(approvers, 1)
    _, word = person.card()
    for _ in range(2):
        person.send("answer", "1", word, "")
    assert result(answers, 1).yes
    assert settle(refused, 1) == [(1, "answer", "it does not wait any more")]
    more = ask(approvers, 2)
    person.card()
    person.send("answer", "2", word, "")
    settle(refused, 2)
    assert more == {}


def test_only_the_first_answer_of_two_approvers_counts(approvers, refused):
    person, other = Person(approvers), Person(approvers, "other")
    answers = ask(approvers, 1)
    _, word = person.card()
    other.card()
    other.send("reject", "1", "no")
    assert result(answers, 1).answered is Answered.REJECTED
    assert person.next("gone")[:2] == [b"gone", b"1"]
    person.send("answer", "1", word, "")
    assert settle(refused, 1) == [(1, "answer", "it does not wait any more")]


def test_a_critical_one_needs_its_name(approvers, refused):
    person = Person(approvers)
    answers = ask(approvers, 1, matches=(match(Severity.CRITICAL, names=("/srv/prod db/main",)),))
    _, typed = person.card()
    word, name = typed.split(" ", 1)
    assert name == "/srv/prod db/main"
    for wrong in ("", " 15", " rule", " main", " /srv/prod db/mai"):
        person.send("answer", "1", f"{word}{wrong}", "")
        word = person.card()[1].split(" ")[0]
    settle(refused, 5)
    assert answers == {}
    person.send("answer", "1", f"{word} {name}", "")
    assert result(answers, 1).yes


def test_a_critical_one_without_a_name_is_shown_again_when_more_than_once_was_asked_for(approvers):
    person = Person(approvers)
    answers = ask(approvers, 1, matches=(match(Severity.CRITICAL, names=()),))
    _, word = person.card()
    person.send("answer", "1", f"{word} 15", "")
    message = person.next("card")
    assert message[1] == b"a critical one is approved once"
    assert answers == {}


@pytest.mark.parametrize(
    ("names", "severity", "more", "problem"),
    [
        (("main",), Severity.CRITICAL, "", b"also type main"),
        (("main",), Severity.CRITICAL, " 15", b"also type main"),
        (("main",), Severity.HIGH, " soon", b"after the word: minutes (1 to 480), or rule"),
    ],
)
def test_what_is_missing_after_the_word_is_said(approvers, names, severity, more, problem):
    person = Person(approvers)
    ask(approvers, 1, matches=(match(severity, names=names),))
    _, word = person.card()
    person.send("answer", "1", word.split(" ")[0] + more, "")
    assert person.next("card")[1] == problem


def test_an_approver_that_talks_nonsense_is_cut_off_and_others_are_served(approvers):
    person, hostile = Person(approvers), Person(approvers, "hostile")
    hostile.send("approve-everything")
    assert cut_off(hostile)
    answers = ask(approvers, 1)
    _, word = person.card()
    person.send("answer", "9" * 5000, word, "")
    person.send("answer", "", word, "")
    person.send("stop", "nothing")
    person.send("answer", "1", word, "")
    assert result(answers, 1).yes


def test_an_approver_that_reads_nothing_blocks_nobody(approvers):
    Person(approvers, "asleep")
    person = Person(approvers)
    for _ in range(3000):
        approvers.note("x" * 500)
    answers = ask(approvers, 1)
    _, word = person.card()
    person.send("answer", "1", word, "")
    assert result(answers, 1).yes


def test_who_comes_later_is_shown_what_waits(approvers):
    answers = ask(approvers, 1)
    person = Person(approvers)
    _, word = person.card()
    person.send("answer", "1", word, "")
    assert result(answers, 1).yes


def test_with_a_pin_the_word_alone_does_not_approve(log, refused):
    approvers = Approvers(log, clock_ns, pin=Pin("4711"))
    person = Person(approvers)
    answers = ask(approvers, 1)
    card, word = person.card()
    assert card.pin
    person.send("answer", "1", word, "")
    _, word = person.card()
    person.send("answer", "1", word, "4712")
    _, word = person.card()
    assert settle(refused, 2) == [(1, "answer", "wrong PIN")] * 2
    assert answers == {}
    person.send("answer", "1", word, "4711")
    # We are the approver: whether others could read the PIN along is a matter of what shows our terminal.
    reached = peer.within_reach(os.getpid())
    assert result(answers, 1).assurance is (Assurance.A0 if reached else Assurance.A1)


def test_five_wrong_pins_lock_this_approver_and_no_other(log, refused):
    approvers = Approvers(log, clock_ns, pin=Pin("4711"))
    person, other = Person(approvers), Person(approvers, "other")
    answers = ask(approvers, 1)
    _, mine = other.card()
    for _ in range(MOST_ERRORS):
        _, word = person.card()
        person.send("answer", "1", word, "0000")
    assert b"wrong PIN" in person.next("locked")[1]
    assert settle(refused, MOST_ERRORS)[-1] == (1, "answer", "wrong PIN, locked")
    assert cut_off(person, "answer", "1", word, "4711")
    assert answers == {}
    other.send("answer", "1", mine, "4711")
    assert result(answers, 1).yes


def test_a_guesser_cannot_test_pins_without_the_word(log, refused):
    """Or the lock could be used to shut the person out, and guesses would cost no card."""
    approvers = Approvers(log, clock_ns, pin=Pin("4711"))
    person = Person(approvers)
    ask(approvers, 1)
    for _ in range(MOST_ERRORS + 1):
        person.card()
        person.send("answer", "1", "xxx", "0000")
    assert {why for _, _, why in settle(refused, MOST_ERRORS + 1)} == {"wrong word"}


def test_what_loosens_is_confirmed_with_its_word(approvers):
    person = Person(approvers)
    confirmed = []
    approvers.loosening(["git-push-force is off"], confirmed.append)
    card, word = person.card()
    assert card.body[0].text == "git-push-force is off"
    person.send("answer", card.id, "yes", "")
    _, word = person.card()
    assert confirmed == []
    person.send("answer", card.id, word, "")
    assert person.next("gone")[2] == b"confirmed"
    assert confirmed == ["terminal /dev/pts/9 pid 9"]
    person.send("answer", card.id, word, "")
    assert person.next("gone")[1:] == [b"loosen 1", b"it does not wait any more"]
    approvers.loosening(["again"], confirmed.append)
    card, _ = person.card()
    person.send("reject", card.id, "")
    assert person.next("gone")[1:] == [b"loosen 2", b"refused"]
    assert len(confirmed) == 1


def test_who_comes_later_is_told_when_it_was_and_not_called(approvers):
    early = Person(approvers)
    approvers.note("record 3 refused [scope-target]: it is production", "outside")
    assert early.next("note")[1] == b"outside"
    kind, style, text, at = Person(approvers, "terminal /dev/pts/8 pid 8").next("note")
    assert (kind, style) == (b"note", b"alert") and text.startswith(b"record 3 refused")
    assert re.fullmatch(rb"\d\d:\d\d:\d\d", at)
