"""The story for one real agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agents.real import RealAgent
from tests.agents.story import Story


@pytest.fixture
def story(env: dict[str, str], work: Path, tmp_path: Path) -> Iterator[Callable[[str], Story]]:
    """Make the story of the agent of a name, or skip."""
    made: list[Story] = []

    def make(name: str) -> Story:
        real = RealAgent(name, env, work)
        if not real.there:
            pytest.skip(f"{name} is not installed; `make test-agents` does")
        made.append(Story(real, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()
