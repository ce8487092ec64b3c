"""`gatesh setup opencode`: the change is shown, asked about, written, and can be taken back."""

from __future__ import annotations

import json
import os
import subprocess

import pexpect
import pytest

from tests.installed import GATESH

COMMENTED = '{\n  // mine\n  "model": "x/y",\n  "shell": "/usr/bin/fish", // kept\n}\n'


@pytest.fixture
def config(env):
    return os.path.join(env["HOME"], ".config", "opencode", "opencode.json")


def setup(env, *words, status=0):
    ran = subprocess.run(
        [GATESH, "setup", *words],
        check=False,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
    )
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def read(path):
    with open(path) as file:
        return file.read()


def test_a_new_file_names_gatesh_and_undo_removes_it(env, config):
    said = setup(env, "opencode", "--yes")
    assert json.loads(read(config))["shell"] == GATESH
    assert f'+  "shell": "{GATESH}"' in said
    assert "MCP" in said, "what stays uncovered is said"
    assert "nothing to do" in setup(env, "opencode", "--yes")
    setup(env, "opencode", "--undo", "--yes")
    assert not os.path.exists(config)


def test_comments_stay_and_undo_brings_the_earlier_shell_back(env, config):
    write(config, COMMENTED)
    os.chmod(config, 0o600)
    setup(env, "opencode", "--yes")
    assert read(config) == COMMENTED.replace("/usr/bin/fish", GATESH)
    assert os.stat(config).st_mode & 0o777 == 0o600
    assert read(config + ".before-gatesh") == COMMENTED
    setup(env, "opencode", "--undo", "--yes")
    assert read(config) == COMMENTED


def test_undo_keeps_what_was_written_since(env, config):
    write(config, '{\n  "a": 1\n}\n')
    setup(env, "opencode", "--yes")
    write(config, read(config).replace('"a": 1', '"a": 2'))
    setup(env, "opencode", "--undo", "--yes")
    assert read(config) == '{\n  "a": 2\n}\n'


def test_the_file_that_decides_is_changed(env, config):
    write(config, "{}")
    write(config + "c", "{}")
    setup(env, "opencode", "--yes")
    assert read(config) == "{}"
    assert "shell" in read(config + "c")


def test_xdg_config_home_and_links_are_followed(env, tmp_path):
    real = tmp_path / "dotfiles.json"
    real.write_text("{}\n")
    link = tmp_path / "xdg" / "opencode" / "opencode.json"
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    setup(env | {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, "opencode", "--yes")
    assert link.is_symlink()
    assert json.loads(real.read_text())["shell"] == GATESH


def test_a_dry_run_writes_nothing(env, config):
    assert "+++" in setup(env, "opencode", "--dry-run")
    assert not os.path.exists(config)


def test_without_a_terminal_and_yes_nothing_is_written(env, config):
    assert "--yes" in setup(env, "opencode", status=2)
    assert not os.path.exists(config)


@pytest.mark.parametrize(("typed", "written"), [("\r", False), ("n\r", False), ("y\r", True)])
def test_a_person_is_asked_and_enter_means_no(env, config, typed, written):
    child = pexpect.spawn(GATESH, ["setup", "opencode"], env=env, timeout=20)
    child.expect("Write this")
    child.send(typed)
    child.expect(pexpect.EOF)
    child.close()
    assert os.path.exists(config) is written
    assert child.exitstatus == (0 if written else 1)


def test_a_file_that_cannot_be_read_is_left_alone(env, config):
    write(config, '{\n  "a": \n}\n')
    assert f"{config}:3: expecting value" in setup(env, "opencode", "--yes", status=2)
    assert read(config) == '{\n  "a": \n}\n'


def test_the_agents_are_listed(env, config):
    assert f"{config}  not set up" in setup(env, "--list")
    setup(env, "opencode", "--yes")
    assert f"{config}  set up" in setup(env, "--list")


def test_an_unknown_agent_is_a_usage_error(env):
    assert "'emacs' is not" in setup(env, "emacs", status=2)


def test_the_path_written_is_the_one_in_path(env, config, tmp_path):
    """pipx and uv put a link into PATH and the program into a folder that an upgrade may remove."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gatesh").symlink_to(GATESH)
    setup(env | {"PATH": f"{folder}:{env['PATH']}"}, "opencode", "--yes")
    assert json.loads(read(config))["shell"] == str(folder / "gatesh")
