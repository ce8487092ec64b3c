"""A keeper on a real terminal, and an agent whose session begins after it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.agent import Agent
from tests.keeper.human import Human


@pytest.fixture
def start(env: dict[str, str], work: Path) -> Iterator[Callable[..., tuple[Human, Agent]]]:
    """Start a keeper with these options, and an agent after it."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    with ExitStack() as stack:

        def begin(*options: str, **more: object) -> tuple[Human, Agent]:
            human = stack.enter_context(Human(env, *options, **more))
            return human, stack.enter_context(Agent(env, str(work)))

        yield begin


@pytest.fixture
def rows(place: Path) -> Callable[..., list[tuple]]:
    """Read the audit log."""

    def read(sql: str, *values: object) -> list[tuple]:
        db = sqlite3.connect(f"file:{place}/audit.db?mode=ro", uri=True)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    return read
