"""Incidents with a public command, and three rewordings of each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITTEN = Path(__file__).with_name("incidents.toml")


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield the published command of each incident and its rewordings."""
    written = {one["command"]: one for one in tomllib.loads(_WRITTEN.read_text())["incident"]}
    for one in catalogue["incidents"]:
        if found := written.get(one["command"]):
            case = Case(
                "incidents", one["command"], one["class"], "critical",
                found.get("line", one["command"]).strip(),
            )  # fmt: skip
            yield case
            for line in found["also"]:
                yield case.spelled("reworded", line.strip())
