"""`gatesh setup AGENT`: the change is shown, asked about, written, and can be taken back."""

from __future__ import annotations

import json
import os
import subprocess

import pexpect
import pytest

from gatesh.commands import jsonc
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
    assert os.listdir(env["HOME"] + "/.config") == [], "no folder of ours is left"


def test_comments_stay_and_undo_brings_the_earlier_shell_back(env, config):
    write(config, COMMENTED)
    os.chmod(config, 0o600)
    setup(env, "opencode", "--yes")
    assert read(config) == COMMENTED.replace("/usr/bin/fish", GATESH)
    assert os.stat(config).st_mode & 0o777 == 0o600
    assert read(config + ".before-gatesh") == COMMENTED
    setup(env, "opencode", "--undo", "--yes")
    assert read(config) == COMMENTED
    assert not os.path.exists(config + ".before-gatesh")


def test_undo_keeps_what_was_written_since(env, config):
    write(config, '{\n  "a": 1\n}\n')
    setup(env, "opencode", "--yes")
    write(config, read(config).replace('"a": 1', '"a": 2'))
    setup(env, "opencode", "--undo", "--yes")
    assert read(config) == '{\n  "a": 2\n}\n'
    assert read(config + ".before-gatesh") == '{\n  "a": 1\n}\n', "it is not as it was"


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
    assert "did you mean gptme?" in setup(env, "gpt-me", status=2)
    assert "did you mean claude-code?" in setup(env, "Claude-Cod", status=2)
    assert "emacs is no agent that is known; gatesh setup --list" in setup(env, "emacs", status=2)


def test_the_path_written_is_the_one_in_path(env, config, tmp_path):
    """pipx and uv put a link into PATH and the program into a folder that an upgrade may remove."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gatesh").symlink_to(GATESH)
    setup(env | {"PATH": f"{folder}:{env['PATH']}"}, "opencode", "--yes")
    assert json.loads(read(config))["shell"] == str(folder / "gatesh")


HOOKED = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini-cli": ".gemini/settings.json",
    "qwen-code": ".qwen/settings.json",
    "droid": ".factory/settings.json",
    "copilot-cli": ".copilot/hooks/gatesh.json",
    "cline": ".cline/hooks/PreToolUse",
    "cursor": ".cursor/hooks.json",
    "windsurf": ".codeium/windsurf/hooks.json",
    "crush": ".config/crush/crush.json",
}
OTHERS = """{
  // mine
  "theme": "dark",
  "hooks": {
    "PreToolUse": [
      // the formatter
      { "matcher": "Edit", "hooks": [{ "type": "command", "command": "fmt" }] },
    ],
  },
}
"""


@pytest.mark.parametrize("agent", HOOKED)
def test_a_hook_is_written_once_and_taken_out_again(agent, env):
    path = os.path.join(env["HOME"], HOOKED[agent])
    said = setup(env, agent, "--yes")
    assert f"gatesh hook {agent}" in read(path)
    assert "MCP" in said and "gatesh run -- " in said, "what stays uncovered, and what covers it"
    if agent not in ("claude-code", "cursor"):  # which can be told to stop
        assert "If the hook is killed" in said
    assert "nothing to do" in setup(env, agent, "--yes")
    assert f"{path}  set up\n" in setup(env, "--list")
    setup(env, agent, "--undo", "--yes")
    left = [
        os.path.join(at, one)
        for at, below, files in os.walk(env["HOME"])
        for one in (*below, *files)
    ]
    assert left in ([], [env["HOME"] + "/.config"]), "neither files nor folders"


def test_a_hook_stands_beside_others_and_their_comments_stay(env):
    path = os.path.join(env["HOME"], ".qwen/settings.json")
    write(path, OTHERS)
    setup(env, "qwen", "--yes")
    text = read(path)
    assert "// mine" in text and "// the formatter" in text
    strict = json.loads(jsonc.read(text, path).strict)
    first, second = strict["hooks"]["PreToolUse"]
    assert first["hooks"][0]["timeout"] == 600_000, "milliseconds"
    assert second["matcher"] == "Edit"
    setup(env, "qwen", "--undo", "--yes")
    assert read(path) == OTHERS


def test_undo_of_a_hook_keeps_what_was_written_since(env):
    path = os.path.join(env["HOME"], ".claude/settings.json")
    write(path, '{\n  "model": "opus"\n}\n')
    setup(env, "claude", "--yes")
    write(path, read(path).replace("opus", "haiku"))
    setup(env, "claude", "--undo", "--yes")
    assert read(path) == '{\n  "model": "haiku"\n}\n'


def test_a_hook_of_another_gatesh_is_replaced(env):
    path = os.path.join(env["HOME"], ".claude/settings.json")
    setup(env, "claude", "--yes")
    write(path, read(path).replace(GATESH, "/old/gatesh"))
    setup(env, "claude", "--yes")
    (entry,) = json.loads(read(path))["hooks"]["PreToolUse"]
    (hook,) = entry["hooks"]
    assert hook["command"] == f"{GATESH} hook claude-code"
    assert hook["onFailure"] == "block", "it fails closed"
    assert entry["matcher"] == "Bash|Monitor|PowerShell", "a list of names, not a pattern"


def test_somebody_elses_hook_file_is_left_alone(env):
    path = os.path.join(env["HOME"], ".cline/hooks/PreToolUse")
    write(path, "#!/bin/sh\necho mine\n")
    assert "there is a hook already" in setup(env, "cline", "--yes", status=2)
    assert read(path) == "#!/bin/sh\necho mine\n"
    os.unlink(path)
    setup(env, "cline", "--yes")
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("hooks", ["[]", '{"PreToolUse": {}}', '"x"'])
def test_hooks_of_another_form_are_left_alone(hooks, env):
    path = os.path.join(env["HOME"], ".claude/settings.json")
    write(path, f'{{"hooks": {hooks}}}')
    assert "mend the settings" in setup(env, "claude", "--yes", status=2)
    assert read(path) == f'{{"hooks": {hooks}}}'


def test_the_folder_that_a_variable_names_is_used(env, tmp_path):
    setup(env | {"CLAUDE_CONFIG_DIR": str(tmp_path / "c")}, "claude", "--yes")
    assert (tmp_path / "c/settings.json").exists()


@pytest.mark.parametrize("agent", ["mini", "kiro", "vscode"])
def test_an_agent_without_a_setting_is_told_what_helps(agent, env):
    said = setup(env, agent, "--yes")
    assert "nothing is written" in said and "gatesh run -- " in said
    assert "nothing to undo: gatesh writes nothing for " in setup(env, agent, "--undo")


@pytest.mark.parametrize("agent", ["continue", "aider", "gptme"])
def test_an_agent_that_finds_its_shell_at_its_start_gets_links(agent, env, place):
    links = place / "shells"
    assert "nothing to undo: gatesh is in none of" in setup(env, agent, "--undo", "--yes")
    setup(env, agent, "--dry-run")
    assert "--yes" in setup(env, agent, status=2)
    assert not links.exists()
    said = setup(env, agent, "--yes")
    assert f"+{links}/bash -> {GATESH}" in said and "gatesh run -- " in said
    assert os.readlink(links / "bash") == os.readlink(links / "sh") == GATESH
    start = next(line for line in said.splitlines() if line.startswith("    "))
    done = subprocess.run(
        ["/bin/bash", "-c", f"{start.rpartition(' ')[0]} env"],
        env=env,
        capture_output=True,
        text=True,
    )
    path = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert path.get("SHELL") == f"{links}/bash" or path["PATH"].startswith(f"{links}:")
    assert f"nothing to do: the links in {links}" in setup(env, agent, "--yes")
    assert f"{links}  links made" in setup(env, "--list")
    ran = subprocess.run([links / "bash", "-c", "echo $0"], env=env, capture_output=True, text=True)
    assert ran.stdout == f"{links}/bash\n", ran.stderr
    setup(env, agent, "--undo", "--yes")
    assert not links.exists()


def test_a_link_that_leads_elsewhere_is_mended_and_what_is_not_ours_stays(env, place):
    links = place / "shells"
    links.mkdir(mode=0o700)
    (links / "bash").symlink_to("/old/gatesh")
    (links / "fish").write_text("mine")
    said = setup(env, "gptme", "--yes")
    assert f"-{links}/bash -> /old/gatesh\n+{links}/bash -> {GATESH}\n" in said
    setup(env, "gptme", "--undo", "--yes")
    assert os.listdir(links) == ["fish"]


def test_the_links_are_guarded(env, place, work):
    """What an agent starts them with is let through; what would lead them elsewhere is not."""
    setup(env, "gptme", "--yes")
    for line, status in (
        (f"{place}/shells/bash -c 'echo 1'", 0),
        (f"export PATH={place}/shells:$PATH", 0),
        (f"rm {place}/shells/bash", 126),
        (f"ln -sf /bin/bash {place}/shells/bash", 126),
    ):
        done = subprocess.run([GATESH, "-c", line], env=env, cwd=work, capture_output=True)
        assert done.returncode == status, (line, done.stderr)
