"""The help fits a terminal of 80 columns, and no sentence in it is cut."""

from __future__ import annotations

import subprocess

import pytest

from gatesh.__main__ import SUBCOMMANDS
from tests.installed import GATESH

BELOW = [
    ("patterns", name)
    for name in "backtest coverage explain lint list new schema show test trust tune".split()
]


def told(env, *words):
    ran = subprocess.run(
        [GATESH, *words, "--help"], env=env | {"COLUMNS": "80"}, capture_output=True, text=True, check=True
    )  # fmt: skip
    return ran.stdout


@pytest.mark.parametrize("words", [(), *((name,) for name in SUBCOMMANDS), *BELOW], ids=" ".join)
def test_help_fits_80_columns(env, words):
    lines = told(env, *words).splitlines()

    assert lines
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...") and "Usage" not in line]


def test_setup_calls_its_operand_what_the_text_calls_it(env):
    assert told(env, "setup").startswith("Usage: gatesh setup [OPTIONS] [AGENT]\n")
