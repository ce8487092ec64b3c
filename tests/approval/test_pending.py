"""The desk: who gets which answer, and what outlives it."""

import threading
import time

import pytest

from gatesh.approval.pending import MOST_PER_SESSION, Desk, Keep
from gatesh.model import Answered, Assurance, Severity
from tests.approval.requests import SECOND, match, request

A0 = Assurance.A0


class Clock:
    def __init__(self):
        self.ns = 0

    def __call__(self):
        return self.ns


class Watcher:
    def __init__(self):
        self.seen = []

    def held(self, held, late_until_ns):
        self.seen.append(("late" if late_until_ns else "held", held.record))

    def closed(self, held, answer):
        self.seen.append((answer.answered.value, held.record))


class Asking:
    """A request that waits in a thread of its own."""

    def __init__(self, desk, asked):
        self.gone = False
        self.answer = None
        self._thread = threading.Thread(target=self._ask, args=(desk, asked), daemon=True)
        self._thread.start()

    def _ask(self, desk, asked):
        self.answer = desk.ask(asked, lambda: self.gone)

    def result(self):
        self._thread.join(5)
        assert self.answer is not None, "it still waits"
        return self.answer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def desk(clock, watcher):
    return Desk(clock, watcher, late_s=60)


@pytest.fixture
def ask(desk, watcher):
    def begin(asked):
        asking = Asking(desk, asked)
        until = time.monotonic() + 5
        while ("held", asked.record) not in watcher.seen and asking.answer is None:
            assert time.monotonic() < until
            time.sleep(0.001)
        return asking

    return begin


def expired(ask, clock, asked):
    asking = ask(asked)
    clock.ns = asked.expires_ns
    assert asking.result().answered is Answered.EXPIRED


def test_the_first_answer_counts_and_no_other(desk, ask):
    asking = ask(request(1))
    assert desk.approve(1, "a", A0, Keep.ONCE) == ""
    assert desk.reject(1, "b", A0, "") == "it does not wait any more"
    assert desk.approve(1, "a", A0, Keep.ONCE) == "it does not wait any more"
    answer = asking.result()
    assert (answer.answered, answer.approver) == (Answered.APPROVED, "a")


def test_an_answer_for_a_request_that_is_not_there_does_nothing(desk, ask):
    asking = ask(request(1))
    assert desk.approve(2, "a", A0, Keep.ONCE)
    assert asking.answer is None
    desk.reject(1, "a", A0, "no")
    assert asking.result().comment == "no"


def test_once_means_once(desk, ask):
    asking = ask(request(1))
    desk.approve(1, "a", A0, Keep.ONCE)
    asking.result()
    again = ask(request(2))
    assert again.answer is None
    desk.reject(2, "a", A0, "")
    again.result()


def test_silence_is_a_no_and_the_request_stays_for_a_late_answer(desk, ask, clock, watcher):
    expired(ask, clock, request(1))
    assert watcher.seen == [("held", 1), ("late", 1)]
    assert desk.approve(1, "a", A0, Keep.ONCE) == ""
    granted = ask(request(2, now=clock.ns)).result()
    assert (granted.answered, granted.by, granted.approver) == (Answered.GRANTED, 1, "a")
    after = ask(request(3, now=clock.ns))
    assert after.answer is None  # INVARIANT: a late approval is used once
    after.gone = True
    assert after.result().answered is Answered.WITHDRAWN


def test_two_at_once_cannot_share_a_late_approval(desk, ask, clock):
    expired(ask, clock, request(1))
    desk.approve(1, "a", A0, Keep.ONCE)
    both = [desk.earlier(request(n, now=clock.ns)) for n in (2, 3)]
    assert [a.answered if a else None for a in both] == [Answered.GRANTED, None]


@pytest.mark.parametrize("other", ["another line", "another session"])
def test_a_late_approval_covers_its_digest_and_no_other(desk, ask, clock, other):
    expired(ask, clock, request(1))
    desk.approve(1, "a", A0, Keep.ONCE)
    assert desk.earlier(request(2, digest=other, now=clock.ns)) is None


def test_a_late_approval_does_not_last(desk, ask, clock):
    expired(ask, clock, request(1))
    desk.approve(1, "a", A0, Keep.ONCE)
    clock.ns += 61 * SECOND
    assert desk.earlier(request(2, now=clock.ns)) is None


def test_an_answer_later_than_late_does_not_count(desk, ask, clock, watcher):
    expired(ask, clock, request(1))
    clock.ns += 61 * SECOND
    assert desk.approve(1, "a", A0, Keep.ONCE)
    desk.tick()
    assert watcher.seen[-1] == ("expired", 1)
    assert desk.earlier(request(2, now=clock.ns)) is None


def test_without_late_answers_an_expired_request_is_gone(clock, watcher):
    desk = Desk(clock, watcher, late_s=0)
    clock.ns = 200 * SECOND
    assert desk.ask(request(1), lambda: False).answered is Answered.EXPIRED
    assert desk.approve(1, "a", A0, Keep.ONCE)


def test_an_answer_after_the_deadline_and_before_the_asker_woke_up_is_no_yes(desk, ask, clock):
    asking = ask(request(1))
    clock.ns = 100 * SECOND
    assert desk.approve(1, "a", A0, Keep.ONCE) or asking.result().answered is Answered.EXPIRED
    assert asking.result().answered is Answered.EXPIRED


def test_asking_again_replaces_the_late_request(desk, ask, clock, watcher):
    expired(ask, clock, request(1))
    again = ask(request(2, now=clock.ns))
    assert ("withdrawn", 1) in watcher.seen
    assert desk.approve(1, "a", A0, Keep.ONCE)
    assert desk.approve(2, "a", A0, Keep.ONCE) == ""
    assert again.result().answered is Answered.APPROVED


def test_a_repeat_of_what_was_rejected_is_refused_without_asking(desk, ask, clock):
    asking = ask(request(1))
    desk.reject(1, "a", A0, "")
    asking.result()
    repeat = ask(request(2)).result()
    assert (repeat.answered, repeat.by) == (Answered.REPEATED, 1)


def test_a_late_rejection_refuses_repeats_too(desk, ask, clock):
    expired(ask, clock, request(1))
    assert desk.reject(1, "a", A0, "") == ""
    assert desk.earlier(request(2, now=clock.ns)).answered is Answered.REPEATED


def test_stopping_answers_everything_of_that_session_and_nothing_of_another(desk, ask):
    mine = [ask(request(n, digest=str(n))) for n in (1, 2)]
    other = ask(request(3, session="s2"))
    assert desk.stop(1, "a", A0) == ""
    assert {a.result().answered for a in mine} == {Answered.STOPPED}
    assert other.answer is None
    assert desk.stopped("s1") == 1
    assert desk.stopped("s2") is None
    assert ask(request(4)).result().answered is Answered.STOPPED
    desk.reject(3, "a", A0, "")
    other.result()


def test_a_grant_for_minutes_ends(desk, ask, clock):
    asking = ask(request(1))
    desk.approve(1, "a", A0, Keep.COMMAND, 15)
    asking.result()
    for _ in range(2):
        assert desk.earlier(request(2)).answered is Answered.GRANTED
    clock.ns = 15 * 60 * SECOND
    assert desk.earlier(request(3, now=clock.ns)) is None


def test_a_grant_for_a_rule_covers_it_in_this_session_only(desk, ask):
    asking = ask(request(1, match(rule="one")))
    desk.approve(1, "a", A0, Keep.RULE)
    asking.result()
    assert desk.earlier(request(2, match(rule="one"), digest="x")).answered is Answered.GRANTED
    assert desk.earlier(request(3, match(rule="two"), digest="y")) is None
    assert desk.earlier(request(4, match(rule="one"), match(rule="two"), digest="z")) is None
    assert desk.earlier(request(5, match(rule="one"), session="s2")) is None


@pytest.mark.parametrize("keep", [Keep.COMMAND, Keep.RULE])
def test_nothing_critical_is_approved_for_longer_than_once(desk, ask, keep):
    asking = ask(request(1, match(), match(Severity.CRITICAL)))
    assert desk.approve(1, "a", A0, keep, 15) == "a critical one is approved once"
    assert asking.answer is None
    desk.reject(1, "a", A0, "")
    asking.result()


def test_a_grant_for_a_rule_does_not_cover_a_critical_match_of_it(desk, ask):
    asking = ask(request(1, match(rule="one")))
    desk.approve(1, "a", A0, Keep.RULE)
    asking.result()
    assert desk.earlier(request(2, match(Severity.CRITICAL, rule="one"), digest="x")) is None


def test_a_session_cannot_bury_the_human_in_requests(desk, ask):
    waiting = [ask(request(n, digest=str(n))) for n in range(1, MOST_PER_SESSION + 1)]
    full = ask(request(99, digest="99")).result()
    assert full.answered is Answered.EXPIRED
    assert "too many" in full.comment
    assert ask(request(100, session="s2")).answer is None
    desk.stop(1, "a", A0)
    desk.stop(100, "a", A0)
    for asking in waiting:
        asking.result()


def test_a_request_whose_asker_is_gone_is_withdrawn(desk, ask, watcher):
    asking = ask(request(1))
    asking.gone = True
    assert asking.result().answered is Answered.WITHDRAWN
    assert watcher.seen[-1] == ("withdrawn", 1)
