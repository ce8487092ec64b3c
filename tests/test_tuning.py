"""docs/tuning.md is a session that took place: what it shows is what gatesh prints over the same history."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from gatesh.places import places_below
from tests.audit.history import record, weeks
from tests.installed import GATESH

TEXT = (Path(__file__).parents[1] / "docs" / "tuning.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
SHOWN = [part for block in BLOCKS for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
COMMANDS = [tuple(part.split("\n", 1)) for part in SHOWN if part.startswith("gatesh patterns")]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    place.chmod(0o700)
    record(places_below(str(place)), weeks())
    (place / "patterns").mkdir(mode=0o755)
    return place


def printed(command, place):
    words = shlex.split(command)[1:]
    if (
        "tune" in words
        and any(word.startswith("--") for word in words)
        and "--dry-run" not in words
    ):
        words.append("--dry-run")
    env = {
        "GATESH_HOME": str(place),
        "HOME": "/nowhere",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    ran = subprocess.run([GATESH, *words], env=env, capture_output=True, text=True, timeout=120)
    assert ran.stderr == ""
    return shortened(ran.stdout, place)


def shortened(text, place):
    text = text.replace(str(place), "~/.config/gatesh")
    return re.sub(r"(?<=#:schema )\S*(?=/gatesh/patterns/schema.json)", "…", text)


READING = [c for c in COMMANDS if not re.search("backtest|coverage| new ", c[0])]


@pytest.mark.parametrize(("command", "shown"), READING, ids=[command for command, _ in READING])
def test_it_shows_what_is_printed(command, shown, history):
    """The pattern as shipped apart, which may be widened without making the session untrue."""
    until = shown.partition("\nwrite this?")[0].strip("\n").splitlines()
    out = printed(command, history).strip("\n").splitlines()

    assert [x for x in out if "in its notation" not in x] == [
        x for x in until if "in its notation" not in x
    ]


def test_what_no_rule_knows_is_what_it_says(history):
    (shown,) = (shown for command, shown in COMMANDS if " coverage " in command)
    out = printed("gatesh patterns coverage", history)

    assert re.match(r"\d+ of \d+ rules have fired; never:\n", out)
    assert re.match(r"\d+ of \d+ rules have fired; never:\n", shown)
    (line,) = (line for line in shown.splitlines() if "shopctl" in line)
    assert f"{line}\n" in out


def test_its_backtest_is_of_the_two_files_it_has_written(history):
    (text,) = (shown for command, shown in COMMANDS if command == "gatesh patterns backtest")
    (made,) = (shown for command, shown in COMMANDS if " new " in command)
    rule = made[made.index("[shop-purge]") : made.index("\n\nof 3000")]
    (change,) = (
        shown
        for command, shown in COMMANDS
        if command.endswith("--unless 'git push --force origin preview-*'")
    )
    added = [line[1:] for line in change.splitlines() if line.startswith("+") and "++" not in line]
    for name, content in (("mine.toml", rule), ("tuned.toml", "\n".join(added))):
        file = history / "patterns" / name
        file.write_text(content)
        file.chmod(0o644)
    try:
        assert printed("gatesh patterns backtest", history) == text.rstrip("\n") + "\n"
    finally:
        for file in (history / "patterns").iterdir():
            file.unlink()


def test_there_are_commands_in_it():
    assert len(COMMANDS) >= 7
