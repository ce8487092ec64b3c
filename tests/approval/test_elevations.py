"""What a person lifts of a scope: for how long, by which clock, and by whose word."""

import socket
import sqlite3
import threading
import time

import pytest

from gatesh import wire
from gatesh.approval.attach import Approvers
from gatesh.approval.card import from_fields
from gatesh.approval.elevating import wanted_of
from gatesh.approval.elevations import Elevations, Wanted
from gatesh.approval.pending import clock_ns
from gatesh.approval.pin import Pin
from gatesh.audit.store import SqliteLog
from gatesh.errors import AuditError
from gatesh.model import Assurance

SECOND = 10**9
HOUR = 3600 * SECOND


class Clock:
    """A clock that a test sets."""

    def __init__(self, now_ns):
        self.now_ns = now_ns

    def __call__(self):
        return self.now_ns


class Told(list):
    """What was said at every approver."""

    def __call__(self, kind, text, *, session=""):
        self.append((kind, text, session))


@pytest.fixture
def log(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    log = SqliteLog(str(tmp_path / "state/audit.db"))
    yield log
    log.close()


@pytest.fixture
def rows(tmp_path):
    def read(sql):
        db = sqlite3.connect(tmp_path / "state/audit.db")
        found = db.execute(sql).fetchall()
        db.close()
        return found

    return read


@pytest.fixture
def monotonic():
    return Clock(5 * SECOND)


@pytest.fixture
def wall():
    return Clock(1_800_000_000 * SECOND)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def elevations(log, told, monotonic, wall):
    return Elevations(log, told, monotonic, wall)


def wanted(session="s1", classes=("data-write",), target="staging", seconds=900):
    return Wanted(classes, target, session, "session of agent 7", "scope", seconds)


def give(elevations, **more):
    return elevations.give(wanted(**more), "terminal /dev/pts/3 pid 9", Assurance.A1)


def test_it_is_in_force_for_its_session_until_its_time_is_over(elevations, monotonic, wall):
    one = give(elevations)
    assert elevations.of("s1") == (one,) and elevations.of("s2") == ()
    for clock in (monotonic, wall):
        clock.now_ns += 900 * SECOND - 1
    assert elevations.of("s1") == (one,)
    for clock in (monotonic, wall):
        clock.now_ns += 1
    assert elevations.of("s1") == ()


def test_setting_the_clock_back_does_not_prolong_it(elevations, monotonic, wall):
    give(elevations)
    wall.now_ns -= HOUR
    monotonic.now_ns += 900 * SECOND
    assert elevations.of("s1") == ()


def test_the_hours_in_which_a_virtual_machine_stood_still_count(elevations, wall):
    give(elevations)
    wall.now_ns += 900 * SECOND
    assert elevations.of("s1") == ()


def test_setting_the_clock_back_brings_none_back_that_has_ended(elevations, wall, rows):
    give(elevations)
    wall.now_ns += HOUR
    elevations.tick({"s1"})
    wall.now_ns -= HOUR
    assert elevations.of("s1") == ()
    assert rows("SELECT elevation, how, who FROM elevation_end") == [(1, "expired", "")]


def test_the_clock_that_it_goes_by_goes_on_while_the_machine_sleeps(log):
    import time

    assert abs(clock_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) < SECOND
    assert Approvers(log, clock_ns).elevations._clock_ns is clock_ns


def test_revoked_it_is_over_at_once_and_only_once(elevations, told, rows):
    one, other = give(elevations), give(elevations, session="s2")
    assert elevations.revoke(one.number, "me") == [one]
    assert elevations.of("s1") == () and elevations.of("s2") == (other,)
    assert elevations.revoke(one.number, "me") == []
    assert elevations.revoke(0, "me") == [other]
    assert elevations.in_force() == []
    assert rows("SELECT elevation, how, who FROM elevation_end") == [
        (1, "revoked", "me"),
        (2, "revoked", "me"),
    ]
    assert told[-1][1:] == ("elevation 2 (data-write on staging) has ended: revoked, by me", "s2")


def test_one_ends_with_its_session_and_with_its_keeper(elevations, rows):
    give(elevations), give(elevations, session="s2")
    elevations.tick({"s2"})
    elevations.close()
    assert rows("SELECT elevation, how FROM elevation_end") == [
        (1, "its session has ended"),
        (2, "its keeper has ended"),
    ]


def test_an_alert_is_raised_when_it_is_given_first_used_and_over(elevations, told):
    one = give(elevations)
    for record in (17, 18):
        elevations.used((one,), record)
    elevations.revoke(0, "me")
    assert [kind for kind, _, _ in told] == ["elevation"] * 3
    given, used, ended = (text for _, text, _ in told)
    assert given.startswith(
        "elevation 1 (data-write on staging) is given to the session of agent 7"
    )
    assert given.endswith(", by terminal /dev/pts/3 pid 9 (A1)")
    assert used.endswith("is used for the first time: record 17")
    assert "revoked, by me" in ended


def test_what_cannot_be_recorded_is_not_given(elevations, log, tmp_path):
    (tmp_path / "state/audit.db").unlink()
    with pytest.raises(AuditError):
        give(elevations)
    assert elevations.in_force() == []


def test_whoever_writes_the_database_lifts_nothing(
    elevations, log, monotonic, wall, told, tmp_path
):
    db = sqlite3.connect(tmp_path / "state/audit.db")
    db.execute(
        "INSERT INTO elevation (time_ns, session, classes, target, until_ns, approver, assurance)"
        f" VALUES (1, 's1', '*', 'staging', {wall.now_ns + HOUR}, 'me', 'A1')"
    )
    db.commit()
    db.close()
    assert elevations.of("s1") == ()
    assert Elevations(log, told, monotonic, wall).of("s1") == ()
    assert give(elevations, session="s2").number == 2


def test_a_row_of_the_log_is_not_changed_afterwards(elevations, rows, tmp_path):
    give(elevations)
    db = sqlite3.connect(tmp_path / "state/audit.db")
    for sql in ("UPDATE elevation SET until_ns = 9e18", "DELETE FROM elevation"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)
    db.close()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("s1", "", "scope x", "*", "staging", "900"), "no such session"),
        (("s1", "a", "", "*", "staging", "900"), "held to no scope"),
        (("s1", "a", "scope x", "*", "*", "900"), "a limit"),
        (("s1", "a", "scope x", "data-write *", "*", "900"), "a limit"),
        (("s1", "a", "scope x", "", "", "900"), "neither"),
        (("s1", "a", "scope x", "*", "x" * 300, "900"), "neither"),
        (("s1", "a", "scope x", "*", "staging", "59"), "from 1 min to 8 h"),
        (("s1", "a", "scope x", "*", "staging", "28801"), "from 1 min to 8 h"),
        (("s1", "a", "scope x", "*", "staging", "-900"), "from 1 min to 8 h"),
        (("s1", "a", "scope x", "*", "staging", "9" * 40), "from 1 min to 8 h"),
    ],
)
def test_what_cannot_be_lifted_is_said(given, why):
    assert why in wanted_of(*given)


# -- over the approvers' protocol -----------------------------------------------------------------------------


@pytest.fixture
def approvers(log):
    return Approvers(
        log, clock_ns, sessions=lambda: {"s1": "session of agent 7"}, limits=lambda _: "scope x"
    )


class Person:
    """A paired approver that speaks the protocol by hand."""

    def __init__(self, approvers):
        self.sock, there = socket.socketpair()
        self.sock.settimeout(5)
        self.thread = threading.Thread(target=approvers.attach_own, args=(there, "terminal x"))
        self.thread.start()
        self.next("paired")

    def next(self, kind):
        while (message := wire.receive(self.sock))[0] != kind.encode():
            pass
        return [field.decode() for field in message]

    def send(self, *fields):
        wire.send(self.sock, *map(str.encode, fields))

    def wants(self, *fields):
        self.send("elevate", *(fields or ("s1", "data-write", "staging", "900")))
        message = self.next("card")
        card = from_fields([field.encode() for field in message[2:]])
        return card, card.how.split("`")[1]

    def leave(self):
        self.sock.close()
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def person(approvers):
    found = Person(approvers)
    yield found
    found.leave()


def test_its_word_gives_it_and_nothing_else_does(approvers, person, rows):
    card, word = person.wants()
    shown = "\n".join(line.text for line in (*card.head, *card.body))
    assert "lift for 15 min\ndata-write on staging" in shown
    assert "the session of agent 7" in shown and "scope x" in shown
    for typed in ("y", "", word.upper(), "elevate"):
        person.send("answer", "elevate", typed, "")
        word = from_fields([f.encode() for f in person.next("card")[2:]]).how.split("`")[1]
        assert approvers.elevations.in_force() == []
    person.send("answer", "elevate", word, "")
    assert person.next("gone")[2].startswith("elevation 1 (data-write on staging), until ")
    assert [one.said for one in approvers.elevations.of("s1")] == ["data-write on staging"]
    assert rows("SELECT session, approver, assurance FROM elevation") == [
        ("s1", "terminal x", "A0")
    ]


def test_a_frame_that_is_sent_again_gives_nothing(approvers, person, rows):
    _, word = person.wants()
    person.send("answer", "elevate", word, "")
    person.next("gone")
    person.send("answer", "elevate", word, "")
    person.send("elevate", "s1", "money", "staging", "900")
    person.next("card")
    person.send("answer", "elevate", word, "")
    person.next("card")
    assert len(approvers.elevations.in_force()) == 1
    refused = "SELECT text FROM alert WHERE kind = 'answer-refused'"
    until = time.monotonic() + 5
    while len(rows(refused)) < 2 and time.monotonic() < until:
        time.sleep(0.01)  # the card of the second comes before its alert
    assert rows(refused) == [
        ("terminal x: answer for elevate: it does not wait any more",),
        ("terminal x: answer for elevate: wrong word",),
    ]


def test_the_word_of_one_terminal_is_none_at_another(approvers, person):
    _, word = person.wants()
    other = Person(approvers)
    other.send("answer", "elevate", word, "")
    other.next("gone")
    other.wants()
    other.send("answer", "elevate", word, "")
    other.next("card")
    other.leave()
    assert approvers.elevations.in_force() == []


def test_with_a_pin_the_word_alone_does_not_give_it(log):
    approvers = Approvers(
        log, clock_ns, pin=Pin("tr0ub4dor"), sessions=lambda: {"s1": "s"}, limits=lambda _: "scope"
    )
    person = Person(approvers)
    _, word = person.wants()
    person.send("answer", "elevate", word, "")
    message = person.next("card")
    assert "wrong PIN" in message[1] and approvers.elevations.in_force() == []
    word = from_fields([f.encode() for f in message[2:]]).how.split("`")[1]
    person.send("answer", "elevate", word, "tr0ub4dor")
    person.next("gone")
    assert len(approvers.elevations.in_force()) == 1
    person.leave()


def test_it_can_be_taken_back_in_the_overview(approvers, person):
    _, word = person.wants()
    person.send("answer", "elevate", word, "")
    person.next("gone")
    person.send("overview")
    card = from_fields([f.encode() for f in person.next("card")[2:]])
    (line,) = [line.text for line in card.body if "revoke elevation 1" in line.text]
    person.send("answer", "overview", f"{card.how.split('`')[1].split()[0]} {line.split()[0]}", "")
    person.next("gone")
    assert approvers.elevations.in_force() == []
