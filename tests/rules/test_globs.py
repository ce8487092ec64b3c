"""A glob means what its plain expression means, and takes no time over text that is built to take it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatesh.rules.rule import glob_expression

GLOBS = st.text(st.sampled_from("ab/*\\"), max_size=10)
TEXTS = st.text(st.sampled_from("ab/*"), max_size=12)


def plain(glob, paths):
    """Spell a glob out in the simplest way."""
    one, many = ("[^/]*", ".*") if paths else (".*", ".*")
    tail = ""
    if paths and glob.endswith("/**") and len(glob) > 3:
        glob, tail = glob[:-3], "(?:/.*)?"
    wholes = glob.replace("\\*", "\0").split("**")
    parts = [one.join(re.escape(p) for p in whole.split("*")) for whole in wholes]
    return re.compile(many.join(parts).replace(re.escape("\0"), re.escape("*")) + tail, re.DOTALL)


@given(GLOBS, TEXTS, st.booleans())
@example("**a*b", "a/ab", True)
@example("**a*b*a/**", "ab/aba/b", True)
@example("*a*a", "aa", False)
@example("**/a/*", "a/a/b", True)
@example("*ab**b*a", "aab/bba", True)
def test_it_means_the_same(glob, text, paths):
    assert bool(glob_expression(glob, paths).fullmatch(text)) is bool(
        plain(glob, paths).fullmatch(text)
    )


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("*a*a*a*a*a*b", False),
        ("*" * 20 + "b", False),
        ("*a*a*a*a*b", True),
        ("**a**a**a**b", True),
        ("a*a*/b", True),
    ],
)
def test_it_takes_no_time_over_what_nearly_fits(glob, paths):
    before = time.process_time()

    assert not glob_expression(glob, paths).fullmatch("a" * 20_000)
    assert time.process_time() - before < 1
