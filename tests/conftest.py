"""Fixtures that everything shares: the installed gatesh, a place of its own, an agent in its own session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.installed import GATESH, SHARED
from tests.person import Person
from tests.postgres import postgres

__all__ = ["GATESH", "SHARED", "postgres"]


@pytest.fixture
def shared() -> Path:
    """The folder of corpora and catalogues, which is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"no corpora and catalogues at {SHARED}; GATESH_SHARED names another folder")
    return SHARED


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A GATESH_HOME of its own."""
    folder = tmp_path / "gatesh"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def env(tmp_path: Path, place: Path) -> dict[str, str]:
    """A clean environment with an empty HOME."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "HOME": str(home),
        "PATH": f"{Path(GATESH).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "GATESH_HOME": str(place),
    }


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def agent(env: dict[str, str], work: Path) -> Iterator[Agent]:
    """An agent whose session begins now."""
    with Agent(env, str(work)) as found:
        yield found


@pytest.fixture
def person(env: dict[str, str], work: Path) -> Iterator[Person]:
    """A person with a keeper on a terminal of his own."""
    with Person(env, str(work)) as found:
        yield found


@pytest.fixture
def kept_agent(env: dict[str, str], work: Path, person: Person) -> Iterator[Agent]:
    """An agent whose session began after the keeper."""
    del person
    with Agent(env, str(work)) as found:
        yield found
