"""At the interactive door a person finds what they know from bash: the same keystrokes, the same screens."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.interactive.pane import Pane

TABLE = Path(__file__).parents[1] / "data" / "situations.toml"
SITUATIONS = tomllib.loads(TABLE.read_text())["situation"]


@pytest.fixture
def home(env: dict[str, str]) -> dict[str, str]:
    """A HOME whose prompt is a dollar."""
    Path(env["HOME"], ".bashrc").write_text("PS1='$ '\nHISTFILE=\n")
    Path(env["HOME"], ".inputrc").write_text("set enable-bracketed-paste on\n")
    return env


def played(command: str, steps: list[str], env: dict[str, str], cwd: Path) -> tuple[str, str]:
    """Return the screen and the cursor after these steps."""
    cwd.mkdir()
    with Pane(command, env, str(cwd)) as pane:
        pane.until(r"^\$$")
        pane.keys("C-l")  # what was said at the start is not bash's
        pane.until(r"\A\$$")
        for step in steps:
            pane.do(step)
        return pane.screen, pane.cursor


@pytest.mark.parametrize("gate", ["--line-gate", "--exec-gate"])
@pytest.mark.parametrize("situation", SITUATIONS, ids=[s["name"] for s in SITUATIONS])
def test_the_screen_is_the_one_of_bash(
    situation: dict, gate: str, home: dict[str, str], tmp_path: Path
) -> None:
    ours = played(f"{GATESH} {gate}", situation["steps"], home, tmp_path / "ours")
    theirs = played("/bin/bash", situation["steps"], home, tmp_path / "theirs")
    if "differs" not in situation:
        assert ours == theirs
