"""The README is tested: the rule in it works, what it says gets through does, what it names is there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from gatesh.__main__ import SUBCOMMANDS
from gatesh.errors import Exit
from tests.installed import GATESH

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


GETS_THROUGH = blocks("text")[0].splitlines()


def gatesh(*words, env):
    return subprocess.run(
        [GATESH, *words], env=env, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("line", GETS_THROUGH)
def test_what_it_says_gets_through_does(line, env):
    ran = gatesh("check", line, env=env)
    assert ran.returncode == 0, f"gatesh does better than its README says: {ran.stdout}"


def test_its_rule_is_well_formed_and_its_examples_hold(env, place):
    folder = place / "patterns"
    folder.mkdir(mode=0o700)
    file = folder / "billing.toml"
    file.write_text(blocks("toml")[0])
    for words in (("lint",), ("test", str(file))):
        ran = gatesh("patterns", *words, env=env)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = gatesh(
        "check", "curl -X POST https://api.stripe.com/v1/subscriptions/sub_1/cancel", env=env
    )
    assert "billing-cancel" in ran.stdout, "a new rule counts at once"
    assert gatesh("check", "git push --force origin preview-1", env=env).returncode == 1, (
        "a loosening waits"
    )


def test_its_commands_and_options_are_there(env):
    lines = [line.split("#")[0] for block in blocks("sh") for line in block.splitlines()]
    commands = [line.split()[1:] for line in lines if line.startswith("gatesh ")]
    assert commands
    for words in commands:
        assert words[0] in SUBCOMMANDS
        below = words[:2] if words[0] == "patterns" else words[:1]
        said = gatesh(*below, "--help", env=env).stdout
        for word in words:
            assert not word.startswith("--") or word in said, f"{words}: {word}"


def test_its_exit_statuses_are_ours():
    assert f"| {Exit.REFUSED} | refused" in README
    assert f"| {Exit.FAILED} | gatesh failed" in README
    assert f"| {Exit.USAGE} | gatesh was used wrongly" in README
    assert (Exit.OK, Exit.ASKED, Exit.USAGE) == (0, 1, 2)


def test_what_it_links_to_exists():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert os.path.exists(ROOT / target), target
