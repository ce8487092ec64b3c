"""The walk in docs/scope.md: its files are taken as they stand, and its lines are answered as it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.installed import GATESH

DOCS = Path(__file__).parents[2] / "docs"
WALK = (
    (DOCS / "scope.md").read_text().partition("## With two environments")[2].partition("\n## ")[0]
)
FILES = re.findall(r"^```toml\n(.*?)^```$", WALK, re.DOTALL | re.MULTILINE)
(SCREEN,) = re.findall(r"^```console\n(.*?)^```$", WALK, re.DOTALL | re.MULTILINE)
CHECKS = re.findall(r"^\$ gatesh check '(.*?)'\n(.*?)(?=^\$ |\Z)", SCREEN, re.DOTALL | re.MULTILINE)


@pytest.fixture
def walk(place: Path, work: Path) -> None:
    """The two files, where the walk has them, and a clone."""
    listed, scope = FILES
    (place / "environments.toml").write_text(listed)
    (work / ".gatesh").mkdir()
    (work / ".gatesh/scope.toml").write_text(scope)
    for words in (("init", "-q"), ("remote", "add", "origin", "git@github.com:me/shop.git")):
        subprocess.run(["git", *words], cwd=work, check=True)


def said(env: dict[str, str], work: Path, *words: str) -> str:
    done = subprocess.run(
        [GATESH, *words], env=env, cwd=work, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize(("line", "answer"), CHECKS)
def test_each_line_is_answered_as_the_walk_says(env, work, line, answer):
    assert said(env, work, "check", line) == answer


@pytest.mark.usefixtures("walk")
def test_doctor_finds_that_both_files_can_be_used(env, work):
    told = " ".join(said(env, work, "doctor", "--no-agents").split())
    assert re.search(r"environments.toml: (\d \w+, )*2 production", told)
    assert "ok scope scope.toml: works on staging or shared" in told


@pytest.mark.usefixtures("walk")
def test_a_label_that_counts_in_a_session_alone_is_named_by_check(env, work):
    line = "psql -h 10.0.0.7 -c 'delete from carts where id = 7'"
    assert "note: 10.0.0.7 is staging below gatesh run, and with a keeper" in said(
        env, work, "check", line
    )
    assert "note:" not in said(env, work, "check", "curl https://api.example.com/orders")
