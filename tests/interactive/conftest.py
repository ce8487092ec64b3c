"""A program that a rule holds, and one that a rule denies; what people hook into bash."""

from __future__ import annotations

from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[2] / ".cache/hooks"
RULE = """
[{name}]
cli = "{name}"
severity = "high"
class = "data-destroy"
say = "{name}s everything"
instead = "leave it"
catches = ["{name}", "{name} all"]
passes = ["echo {name}", "ls {name}"]
"""


@pytest.fixture
def burning(env: dict[str, str], place: Path, work: Path) -> dict[str, str]:
    """An environment with `burn` and `shred`, which are denied, and `scorch`, which is held."""
    (place / "patterns").mkdir()
    for name in ("burn", "scorch", "shred"):
        rules = RULE.format(name=name)
        if name != "scorch":
            rules += f"[override.{name}]\ndeny = true\n"
        (place / "patterns" / f"{name}.toml").write_text(rules)
        if name == "shred":
            continue  # a program of the machine
        program = work / name
        program.write_text(f"#!/bin/sh\necho {name}ed all; touch {name}ed\n")
        program.chmod(0o755)
    Path(env["HOME"], ".bashrc").write_text("PS1='$ '\n")
    return {**env, "PATH": f"{work}:{env['PATH']}"}


def with_hooks(env: dict[str, str]) -> dict[str, str]:
    """Add starship to PATH, and the folder with bash-preexec and bash-completion as HOOKS."""
    if not (HOOKS / "bin/starship").exists():
        pytest.skip(f"no starship and bash-preexec in {HOOKS}: `make test-door` fetches them")
    return {**env, "HOOKS": str(HOOKS), "PATH": f"{HOOKS}/bin:{env['PATH']}"}
