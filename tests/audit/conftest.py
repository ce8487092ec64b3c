"""A log of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatesh.audit.store import SqliteLog


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "audit.db")


@pytest.fixture
def log(path: str):
    found = SqliteLog(path)
    yield found
    found.close()
