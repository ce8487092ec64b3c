"""At the interactive door a person finds what they know from bash: the same keystrokes, the same screens."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.interactive.conftest import with_hooks
from tests.interactive.pane import Pane

TABLE = Path(__file__).parents[1] / "data" / "situations.toml"
TABLES = tomllib.loads(TABLE.read_text())
SITUATIONS = TABLES["situation"]


@pytest.fixture
def home(env: dict[str, str]) -> dict[str, str]:
    """A HOME whose prompt is a dollar."""
    Path(env["HOME"], ".bashrc").write_text("PS1='$ '\nHISTFILE=\n")
    Path(env["HOME"], ".inputrc").write_text("set enable-bracketed-paste on\n")
    return env


def hooked(home: dict[str, str], names: list[str]) -> dict[str, str]:
    """Hook what people hook into bash."""
    with Path(home["HOME"], ".bashrc").open("a") as file:
        file.writelines(f"{TABLES['hooks'][name]}\n" for name in names)
    config = Path(home["HOME"], "starship.toml")
    config.write_text(TABLES["starship"])
    return with_hooks({**home, "STARSHIP_CONFIG": str(config)})


def played(command: str, situation: dict, env: dict[str, str], cwd: Path) -> tuple[str, str]:
    """Return the screen and the cursor after these steps."""
    prompt = situation.get("prompt", r"\$")
    cwd.mkdir()
    with Pane(command, env, str(cwd)) as pane:
        pane.until(rf"^{prompt}$")
        pane.keys("C-l")  # what was said at the start is not bash's
        pane.until(rf"\A{prompt}$")
        for step in situation["steps"]:
            pane.do(step)
        return pane.screen, pane.cursor


@pytest.mark.parametrize("gate", ["--line-gate", "--exec-gate"])
@pytest.mark.parametrize("situation", SITUATIONS, ids=[s["name"] for s in SITUATIONS])
def test_the_screen_is_the_one_of_bash(
    situation: dict, gate: str, home: dict[str, str], tmp_path: Path
) -> None:
    env = hooked(home, situation["hooks"]) if "hooks" in situation else home
    ours = played(f"{GATESH} {gate}", situation, env, tmp_path / "ours")
    theirs = played("/bin/bash", situation, env, tmp_path / "theirs")
    if "differs" not in situation:
        assert ours == theirs
