"""Project pattern files under a keeper: an agent cannot loosen by them, hide from them, or break them."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from tests.commands.test_patterns import patterns
from tests.conftest import GATESH
from tests.person import Terminal
from tests.rules.test_projects import OFF, RULE

DENY = "[override.git-clean]\ndeny = true\n"


@pytest.fixture
def project(work):
    folder = work / ".gatesh" / "patterns"
    folder.mkdir(parents=True)
    return folder / "x.toml"


def submit(agent, line, cwd):
    return agent.run(
        "bash", "-c", f"cd {shlex.quote(str(cwd))} && exec {GATESH} -c {shlex.quote(line)}"
    )


def test_a_sessions_project_counts_wherever_the_session_goes(start, project, work, tmp_path):
    project.write_text(DENY)
    _, agent = start()

    for cwd in (work, tmp_path, "/"):
        ran = submit(agent, "git clean -fdx", cwd)
        assert (ran.exit, b"a rule denies it" in ran.err) == (126, True), ran.err


def test_a_rule_that_an_agent_takes_away_goes_on_until_a_person_agrees(start, project, work):
    project.write_text(DENY)
    human, agent = start()
    assert b"a rule denies it" in submit(agent, "git clean -fdx", work).err
    project.unlink()

    assert b"a rule denies it" in submit(agent, "git clean -fdx", work).err
    human.card("git-clean is gone, or catches less than before")


def test_a_file_that_an_agent_breaks_changes_nothing(start, project, work):
    project.write_text(DENY)
    _, agent = start()
    assert b"a rule denies it" in submit(agent, "git clean -fdx", work).err
    project.write_text("[")

    assert b"a rule denies it" in submit(agent, "git clean -fdx", work).err
    assert submit(agent, "echo fine", work).out == b"fine\n"


def test_a_file_that_was_always_broken_refuses_and_says_which(start, project, work):
    project.write_text("[")
    _, agent = start()
    ran = submit(agent, "echo never", work)

    assert (ran.exit, ran.out) == (125, b"")
    assert str(project).encode() in ran.err


def test_what_is_trusted_waits_for_the_keeper_all_the_same(start, project, env, work):
    project.write_text(RULE + OFF)
    human, agent = start()
    with Terminal(env, str(work)) as own:
        own.type(f"{GATESH} patterns trust")
        own.see(r"trust these files, as they are now\? \[y/N\]")
        own.type("y")
        own.see("trusted, until one of them changes")
    assert submit(agent, "echo x", work).out == b"x\n"
    human.card("rules of a project speak in their own words: shop-purge")
    human.card("git-clean is off")
    assert "verdict: ask" in patterns(env, "explain", "--cwd", str(work), "git clean -fd")[1]

    human.yes("git-clean is off")
    human.wait_for("confirmed by")
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    assert submit(agent, "git clean -fdx -e .gatesh", work).exit == 0


def test_trust_shows_what_it_is_about_and_wants_a_terminal(project, env, work):
    project.write_text(RULE + OFF + "# \u202e\n")
    env = env | {"PWD": str(work)}
    status, out, err = patterns(env, "trust", str(work))

    assert status == 2
    assert "there is no terminal to ask on" in err
    assert 'say = "this is harmless' in out
    assert "\u202e" not in out
    assert "loosens: " in out
    assert patterns(env, "trust", str(work), "--dry-run")[0] == 0
    assert not os.path.exists(f"{env['GATESH_HOME']}/trusted")


def test_without_a_keeper_a_project_tightens_too(project, env, work):
    project.write_text(DENY)
    ran = subprocess.run(
        [GATESH, "-c", "git clean -fdx"],
        cwd=work,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 126
    assert "a rule denies it" in ran.stderr
