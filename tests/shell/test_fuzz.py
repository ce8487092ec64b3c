"""Noise, and lines that are nearly right: whatever is submitted, gatesh answers, in time, and nothing inside it fails.

GATESH_CASES=1000000 makes a long run of it (`make test-reading`), with a seed from GATESH_SEED.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.errors import InputError
from gatesh.facts import inspect_all
from gatesh.model import CommandLine, Unparsed
from gatesh.rules.examples import HOME, PROJECT, Examples, world_of
from gatesh.shell.read import read
from tests.installed import SHARED
from tests.shell.lines import Composer
from tests.shell.test_confirm import SEEDS, SPLICES

CASES = int(os.environ.get("GATESH_CASES", "0"))
SEED = int(os.environ.get("GATESH_SEED", "1"))
LONGEST_S = 2.0
MOST_MB = 300  # that a whole run may add
CORPORA = (
    "agent_commands",
    "bypass_cases",
    "labelled",
    "nl2bash",
    "redcode_bash",
    "gtfobins",
    "atomic_red_team",
)
ENV = {"HOME": HOME, "PATH": "/usr/bin:/bin", "V": "a b"}
WORLD, _ = world_of(Examples((), ()), {})
CHARACTERS = "\0\x01\r\t\x0b\x7f\x85\xa0\u2028\ufeff\u202eéß中\U0001f600\udc80{}[]()<>|&;!#$`\"'\\*?~=+-%,:/@^0aZ \n"


@contextmanager
def limited(text: str) -> Iterator[None]:
    """End what takes no end."""

    def late(*_: object) -> None:
        raise AssertionError(f"still at it after {5 * LONGEST_S} s: {text[:2000]!r}")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, 5 * LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def answers(text: str) -> None:
    """Read a line and inspect what it would do, as the gate does."""
    line = CommandLine(text, PROJECT, ENV)
    began = time.process_time()
    with limited(text):
        try:
            reading = read(line)
        except InputError:
            return
        seen = inspect_all(reading, line, WORLD, read)
    assert time.process_time() - began < LONGEST_S, text[:2000]
    failed = [c for _, fact in seen.facts for c in fact.cannot_see if "gatesh failed" in c]
    assert not failed, (failed, text)
    spans = [word.span for command in reading.commands for word in command.words]
    spans += [command.span for command in reading.commands]
    assert all(0 <= span.start <= span.end <= len(text) for span in spans), text
    assert not isinstance(reading, Unparsed) or reading.reason, text


def mutant(chance: random.Random, pool: list[str]) -> str:
    """A line that something happened to."""
    text = chance.choice(pool)
    for _ in range(chance.randint(1, 5)):
        at = chance.randint(0, len(text))
        end = min(len(text), at + chance.randint(0, 20))
        match chance.randint(0, 7):
            case 0 | 1:
                text = text[:at] + chance.choice(SPLICES) + text[at:]
            case 2:
                text = text[:at] + text[end:]
            case 3:
                other = chance.choice(pool)
                start = chance.randint(0, len(other))
                text = text[:at] + other[start : start + chance.randint(1, 80)] + text[end:]
            case 4:
                times = chance.choice([2, 2, 3, 3, 5, 8, 10, 20, 60, 600])
                text = text[:at] + text[at:end] * times + text[end:]
            case 5:
                text = text[:at] + chance.choice(CHARACTERS) + text[at:]
            case 6:
                text = text[:at]
            case _:
                text = text[:at] + text[end:] + text[at:end]
    return text[:60_000]


def pool_of(corpora: bool) -> list[str]:
    """Lines to begin with."""
    lines = SEEDS + [Composer(random.Random(n), 3).line() for n in range(300)]
    for name in CORPORA if corpora else ():
        file = SHARED / "corpora" / f"{name}.jsonl"
        if file.is_file():
            rows = (json.loads(row) for row in file.read_text().splitlines())
            lines += [row.get("command") or row.get("script") or "" for row in rows]
    return [line for line in lines if line]


def run(count: int, pool: list[str], seed: int) -> None:
    """Try that many mutants, and watch the memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case in range(count):
        answers(mutant(random.Random(seed * 1_000_003 + case), pool))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MB << 10


PIECES = st.sampled_from(
    [
        *SPLICES,
        *"ab12 \t\n=~*",
        "if",
        "then",
        "fi",
        "for",
        "in",
        "case",
        "esac",
        "function",
        "eval ",
        "sh -c ",
        "cd ",
    ]
)
ANY = st.one_of(
    st.text(max_size=60), st.text(CHARACTERS, max_size=40), st.lists(PIECES, max_size=25).map("".join)
)  # fmt: skip


@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(ANY)
def test_noise_is_answered(text):
    answers(text)


@pytest.mark.parametrize("seed", range(2))
def test_a_line_that_is_nearly_right_is_answered(seed):
    run(1500, pool_of(corpora=False), seed)


def test_a_line_of_a_corpus_that_something_happened_to_is_answered(shared):
    del shared
    run(1500, pool_of(corpora=True), 2)


MANY = [
    "aws s3 ls\n",
    "psql -c 'select 1'\n",
    "curl -s http://a/b; ",
    "echo a > f; sh f\n",
    "bash f; ",
    "make x; ",
    "ap`` t; ",
]


@pytest.mark.parametrize("part", MANY)
def test_many_commands_take_no_more_than_their_time(part):
    answers(part * (12_000 // len(part)))


@pytest.mark.skipif(not CASES, reason="a long run: GATESH_CASES says of how many lines")
def test_a_long_run(shared):
    del shared
    run(CASES, pool_of(corpora=True), SEED + 2)
