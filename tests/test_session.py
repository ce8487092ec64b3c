"""Whom a session belongs to, and how long a hold in it may take."""

import pytest

from gatesh.session import Process, asker_below

ROOT = Process(4711, 1, 99, "x", 4711, 0)


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("bash", 3600), ("/bin/zsh -l", 3600), ("bash --norc -i", 3600), ("bash -c ls", 110),
        ("bash -lc ls", 110), ("bash run.sh", 110), ("mini -y", 25), ("codex exec x", 110), ("python3", 110),
    ],
)  # fmt: skip
def test_a_person_at_a_shell_waits_longer_than_an_agent(command: str, seconds: float) -> None:
    assert asker_below(ROOT, 1000, {}, command.split()).wait_s == seconds
