"""Composed lines under a real bash: gatesh shows each `zap` that runs, or holds the line; and what only mentions it, runs.

GATESH_CASES=20000 makes a long run of it (`make test-reading`), with a seed from GATESH_SEED.
"""

from __future__ import annotations

import collections
import os
import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.shell.bash import Bash
from tests.shell.lines import ROWS, STATEMENTS, Composer
from tests.shell.verdicts import Judge, missed, shrunk

CASES = int(os.environ.get("GATESH_CASES", "0"))
SEED = int(os.environ.get("GATESH_SEED", "1"))
FIXED = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)  # fmt: skip


@pytest.fixture(scope="module")
def bash(tmp_path_factory) -> Bash:
    return Bash(tmp_path_factory.mktemp("bash"))


@pytest.fixture(scope="module")
def judge(tmp_path_factory, bash) -> Judge:
    return Judge(tmp_path_factory.mktemp("gatesh"), bash)


def passed_by(text: str, bash: Bash, judge: Judge) -> list[str] | None:
    """Return a call of `zap` by this line that gatesh lets by unseen."""
    said = judge.says(text)
    calls = [] if said.elsewhere else bash.calls(text)
    return missed(calls, said, text) if calls else None


@pytest.mark.parametrize("row", [row for _, row in STATEMENTS], ids=lambda row: repr(row[:60]))
def test_each_composition_alone_is_seen_or_held(row, bash, judge):
    for seed in range(3 if CASES else 1):
        text = Composer(random.Random(seed), deepest=0).filled(row)
        assert passed_by(text, bash, judge) is None, text


@FIXED
@given(chance=st.randoms(use_true_random=False), deepest=st.integers(1, 4))
def test_no_composition_runs_a_command_that_gatesh_lets_by_unseen(chance, deepest, bash, judge):
    text = Composer(chance, deepest).line()
    assert passed_by(text, bash, judge) is None, text


@settings(FIXED, max_examples=300)
@given(chance=st.randoms(use_true_random=False))
def test_what_only_mentions_a_command_is_not_held(chance, judge):
    text = Composer(chance).decoy()
    assert judge.says(text).rules == frozenset(), text


@pytest.mark.parametrize("row", ROWS["decoys"], ids=lambda row: repr(row[:60]))
def test_a_mention_runs_nothing_and_is_not_held(row, bash, judge):
    text = Composer(random.Random(0)).filled(row)
    assert bash.calls(text) == []
    assert judge.says(text).rules == frozenset()


@pytest.mark.parametrize("row", ROWS["gaps"], ids=lambda row: repr(row[:60]))
def test_what_is_listed_as_not_seen_is_not_seen(row, bash, judge):
    """Seen by now? Then it belongs to another table of compositions.toml, and no longer into docs/reading.md."""
    texts = [Composer(random.Random(seed), deepest=0).filled(row) for seed in range(3)]
    if not any(map(bash.calls, texts)):
        pytest.skip("its program is not here")
    assert any(passed_by(text, bash, judge) is not None for text in texts), texts


@pytest.mark.skipif(not CASES, reason="a long run: GATESH_CASES says of how many lines")
def test_a_long_run(bash, judge):
    counts: collections.Counter[str] = collections.Counter()
    lines: set[str] = set()
    for case in range(CASES):
        chance = random.Random(SEED * 1_000_003 + case)
        text = Composer(chance, chance.randint(1, 4), case).line()
        said, calls = judge.says(text), bash.calls(text)
        if calls is None:
            counts["does not end"] += 1
        elif not calls:
            counts["ran nothing: " + ("held" if said.rules else "allowed")] += 1
        elif missed(calls, said, text):
            counts["MISSED"] += 1
            lines.add(shrunk(text, lambda text: passed_by(text, bash, judge) is not None))
        else:
            counts[f"ran: {', '.join(sorted(said.elsewhere)) or 'seen'}"] += 1
    for kind, count in counts.most_common():
        print(f"{count:7} {kind}")
    print(*sorted(map(repr, lines), key=len), sep="\n")
    assert not lines
