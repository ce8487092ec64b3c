"""A line that enters the shell again is asked about once and recorded once; nothing else profits from that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.keeper.human import eventually, held

# What codex puts around each command, shortened: its shell becomes another one with the very command.
CODEX = """__CODEX_SNAPSHOT_OVERRIDE_SET_0="${{A+x}}"
__CODEX_SNAPSHOT_OVERRIDE_0="${{A-}}"
exec '{shell}' -c '{command}'"""


@pytest.fixture
def bash(tmp_path: Path) -> str:
    """gatesh by the name of bash."""
    link = tmp_path / "names" / "bash"
    link.parent.mkdir()
    link.symlink_to(GATESH)
    return str(link)


def records(rows) -> int:
    return rows("SELECT count(*) FROM record")[0][0]


def test_what_is_allowed_is_recorded_once(start, rows, bash):
    _, agent = start()
    for line in (
        f"{GATESH} -c 'echo inside'",
        f"exec {bash} -c 'echo inside'",
        f"{bash} -ec 'echo inside'",
    ):
        before = records(rows)
        assert agent.run(GATESH, "-c", line).out.endswith(b"inside\n")
        assert records(rows) == before + 1
    eventually(
        lambda: rows("SELECT count(*) FROM outcome") == [(records(rows),)]
    )  # each has its end


def test_what_is_approved_is_asked_about_once(start, rows, work, bash):
    human, agent = start()
    pid = held(agent, f"{bash} -c 'touch hold-1'")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    assert (work / "hold-1").exists()
    assert records(rows) == 1


def test_three_shells_deep(start, rows, work, bash):
    human, agent = start()
    inner = "touch hold-1"
    pid = held(agent, f'''{bash} -c "{GATESH} -c '{inner}'"''')
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    assert (work / "hold-1").exists() and records(rows) == 1


# Lines whose approval must not cover what they do besides: all are held a second time.
AGAIN = {
    "in another folder": "cd sub && {gatesh} -c 'touch hold-1'",
    "more often than it stands in the line": "for i in $(ls -a /); do {gatesh} -c 'touch hold-1'; done",
    "another text of the same meaning": "{gatesh} -c 'touch hold-1' && printf 'touch hold-1 ' >t; {gatesh} t",
    "with other arguments": """{gatesh} -c 'touch hold-1'; {gatesh} -c 'touch "$@"' _ hold-2""",
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_the_approval_did_not_show_is_held(start, work, rows, name):
    human, agent = start("--wait", "20")
    (work / "sub").mkdir()
    pid = held(agent, AGAIN[name].format(gatesh=GATESH))
    human.yes("hold-touch")
    human.card("hold-touch")  # again
    human.type("n", "Enter")
    agent.wait(pid)
    assert records(rows) >= 2


def test_a_neighbour_of_an_approved_line_does_not_profit(start, work, rows):
    """The same text from the same agent, while the approved line runs, but not below it."""
    human, agent = start("--wait", "20")
    first = held(agent, f"sleep 4; {GATESH} -c 'touch hold-1'")
    human.yes("hold-touch")
    second = held(agent, "touch hold-1")
    human.card("hold-touch")
    assert not (work / "hold-1").exists()
    human.type("n", "Enter")
    assert agent.wait(second).exit == 126
    assert agent.wait(first).exit == 0
    assert (work / "hold-1").exists()
    assert records(rows) == 2


def test_no_variable_makes_a_line_known(start, work, rows):
    _, agent = start("--wait", "1")
    for name in ("GATESH_RECORD", "GATESH_ABOVE", "GATESH_RUN", "SHLVL"):
        assert agent.run(GATESH, "-c", "touch hold-1", **{name: "1"}).exit == 126
    assert not (work / "hold-1").exists()


def test_an_orphan_of_a_line_that_has_ended_is_held(start, work):
    human, agent = start("--wait", "20")
    line = f"setsid -f sh -c 'sleep 2; {GATESH} -c \"touch hold-1\"' >/dev/null 2>&1"
    pid = held(agent, line)
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    human.card("hold-touch")
    assert not (work / "hold-1").exists()


def test_what_codex_does_is_recorded_once(start, rows, work, bash):
    _, agent = start()
    line = CODEX.format(shell=bash, command="echo codex")
    assert agent.run(bash, "-c", line).out == b"codex\n"
    assert records(rows) == 1
