"""What an approval covers: the same command with the same environment and the same files, nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.installed import GATESH
from tests.person import Person


def grant(agent: Agent, person: Person, line: str, **env: str) -> None:
    """Let the person approve `line` for a quarter of an hour."""
    pid = agent.start(GATESH, "-c", line, **env)
    word = person.see(r"type `([a-z]+)`")[1]
    time.sleep(0.8)
    person.type(f"{word} 15")
    assert agent.wait(pid).exit == 0


def asked_again(agent: Agent, person: Person, line: str, **env: str) -> bool:
    """Submit `line` and say whether it waits for the person; it is rejected then."""
    pid = agent.start(GATESH, "-c", line, **env)
    try:
        person.see(r"type `[a-z]+`", timeout=3)
    except AssertionError:
        assert agent.wait(pid).exit == 0
        return False
    time.sleep(0.8)
    person.press("n")
    person.press("Enter")
    assert agent.wait(pid).exit == 126
    return True


@pytest.fixture
def docker(tmp_path: Path, env: dict[str, str]) -> None:
    """A docker that only says where it would have gone."""
    folder = tmp_path / "stubs"
    folder.mkdir()
    (folder / "docker").write_text("#!/bin/sh\necho $DOCKER_HOST $*\n")
    (folder / "docker").chmod(0o755)
    env["PATH"] = f"{folder}:{env['PATH']}"


def test_a_grant_does_not_follow_a_variable_to_another_target(
    docker: None, kept_agent: Agent, person: Person
) -> None:
    line = "docker rm -v pgdata"
    grant(kept_agent, person, line)

    assert not asked_again(kept_agent, person, line)
    assert not asked_again(kept_agent, person, line, CLAUDE_CODE_SESSION_ID="2")
    assert asked_again(kept_agent, person, line, DOCKER_HOST="ssh://prod")


def test_a_grant_does_not_cover_a_file_that_has_changed(
    docker: None, kept_agent: Agent, person: Person, work: Path
) -> None:
    (work / "names").write_text("junk\n")
    line = "xargs docker rm -v < names"
    grant(kept_agent, person, line)

    assert not asked_again(kept_agent, person, line)
    (work / "names").write_text("pgdata\n")
    assert asked_again(kept_agent, person, line)


def test_a_file_that_changes_while_it_is_held_is_not_run(
    docker: None, kept_agent: Agent, person: Person, work: Path
) -> None:
    (work / "names").write_text("junk\n")
    pid = kept_agent.start(GATESH, "-c", "xargs docker rm -v < names; touch ran")
    person.see(r"type `[a-z]+`")
    (work / "names").write_text("pgdata\n")
    person.approve()

    done = kept_agent.wait(pid)
    assert done.exit == 126
    assert "changed since" in done.err.decode()
    assert not (work / "ran").exists()


def test_a_grant_covers_the_same_command_in_the_agents_next_wrapping(
    docker: None, kept_agent: Agent, person: Person, work: Path
) -> None:
    folder = work / ".claude/shell-snapshots"
    folder.mkdir(parents=True)

    def wrapped(number: int, command: str, content: str = "shopt -s expand_aliases\n") -> str:
        snapshot = folder / f"snapshot-bash-{number}-abc.sh"
        snapshot.write_text(content)
        return (
            f"source {snapshot} 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && "
            f"eval '{command}' < /dev/null && pwd -P >| {work}/claude-{number:04x}-cwd"
        )

    grant(kept_agent, person, wrapped(1, "docker rm -v pgdata"))
    assert not asked_again(kept_agent, person, wrapped(20_000, "docker rm -v pgdata"))
    assert asked_again(kept_agent, person, wrapped(3, "docker rm -v pgdata2"))
    other = wrapped(4, "docker rm -v pgdata", 'docker() { command docker -H ssh://prod "$@"; }\n')
    assert asked_again(kept_agent, person, other)
    rejected = kept_agent.run(GATESH, "-c", wrapped(5, "docker rm -v pgdata2"))
    assert rejected.exit == 126
    assert b"rejected the same command before" in rejected.err
