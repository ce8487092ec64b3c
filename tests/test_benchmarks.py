"""The benchmarks' own lines: what they count has to be what a user could type."""

import json
import subprocess
import sys

import pytest

from tests.installed import SHARED

CATALOGUE = SHARED / "catalogue"


@pytest.fixture(scope="module")
def cases():
    if not CATALOGUE.exists():
        pytest.skip(f"no catalogue at {SHARED}; GATESH_SHARED names another folder")
    from benchmarks.bench_recall import SOURCES, all_cases

    return {source: list(all_cases(source)) for source in SOURCES}


def test_every_derived_line_is_shell(cases):
    lines = [case.line for of in cases.values() for case in of[:: max(1, len(of) // 40)]]
    wrong = [
        line
        for line in lines
        if subprocess.run(["bash", "-n", "-c", line], capture_output=True).stderr
    ]
    assert wrong == []


def test_about_a_fifth_of_the_entries_is_held_out(cases):
    for source, of in cases.items():
        entries = {case.entry: case.held_out for case in of}
        assert 0.1 < sum(entries.values()) / len(entries) < 0.3, source


def test_every_published_command_of_an_incident_is_reworded_three_times(cases):
    written = json.loads((CATALOGUE / "incidents.json").read_text())["incidents"]
    public = {
        one["command"] for one in written if one["command_public"].startswith(("yes", "partial"))
    }
    commands = {case.entry for case in cases["incidents"]}
    assert public - commands <= {
        'mkdir "..\\x" ; move * "..\\x\\" (Windows)',  # no command line of any shell here
        "git push (commit 1ab2f5c)",  # an ordinary push: what it carried did the harm
    }


@pytest.mark.slow
def test_the_benchmark_tells_what_is_not_held(cases):
    done = subprocess.run(
        [sys.executable, "benchmarks/bench_recall.py", "incidents"], capture_output=True, text=True
    )
    assert "incidents  critical+high" in done.stdout, done.stderr
