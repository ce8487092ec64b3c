"""Leaving a scope raises an alert, which `gatesh history --alerts` lists."""

import subprocess

from tests.installed import GATESH


def gatesh(tmp_path, *words, cwd):
    env = {"PATH": "/usr/bin:/bin", "GATESH_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    return subprocess.run(
        [GATESH, *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def project(tmp_path, text):
    folder = tmp_path / "project"
    (folder / ".gatesh").mkdir(parents=True)
    (folder / ".gatesh/scope.toml").write_text(text)
    return folder


def test_a_production_target_from_a_staging_session_is_refused_with_an_alert(tmp_path):
    folder = project(tmp_path, 'environment = "staging"\noutside = "never"')
    done = gatesh(tmp_path, "-c", "curl https://api.prod.example.com/", cwd=folder)
    assert done.returncode == 126
    assert "this session works on staging" in done.stderr
    alerts = gatesh(tmp_path, "history", "--alerts", "--nl", cwd=folder).stdout
    assert '"kind": "scope"' in alerts
    assert "record 1: scope-target: reaches api.prod.example.com: it is production" in alerts


def test_what_is_within_runs_and_raises_none(tmp_path):
    folder = project(tmp_path, 'environment = "staging"')
    assert gatesh(tmp_path, "-c", "echo here", cwd=folder).stdout == "here\n"
    assert gatesh(tmp_path, "history", "--alerts", "--nl", cwd=folder).stdout == ""


def test_a_run_holds_every_program_to_its_scope(tmp_path):
    scope = tmp_path / "s.toml"
    scope.write_text('environment = "staging"\noutside = "never"\n[paths]\noff-limits = ["infra"]')
    script = tmp_path / "agent.sh"
    script.write_text("curl https://api.prod.example.com/; echo status $?; echo it goes on\n")
    words = ("run", "--no-tty-prompt", "--scope", str(scope), "--", "bash", str(script))
    done = gatesh(tmp_path, *words, cwd=tmp_path)
    assert (
        "scope s.toml: works on staging, what is outside is refused, 0 paths closed: none is there"
        in done.stderr.splitlines()[0]
    )
    first, second = done.stderr.splitlines()[:2]
    assert len(first) < 190, "a first line is read at a glance"
    assert not second.startswith("gatesh: scope"), "nothing more has to be said"
    assert "refused [scope-target]" in done.stderr
    assert done.stdout == "status 126\nit goes on\n"
    alerts = gatesh(tmp_path, "history", "--alerts", "--nl", cwd=tmp_path).stdout
    assert "the session is held to" in alerts
    assert "scope-target: reaches api.prod.example.com" in alerts


def test_a_run_that_only_reads_modifies_nothing_elsewhere(tmp_path):
    words = (
        "run",
        "--no-tty-prompt",
        "--read-only",
        "--",
        "bash",
        "-c",
        "git push ssh://x.org/y a",
    )
    done = gatesh(tmp_path, *words, cwd=tmp_path)
    assert "refused [read-only]" in done.stderr


def test_a_run_says_which_label_nothing_has_and_that_the_labels_are_broken(tmp_path):
    scope = tmp_path / "s.toml"
    scope.write_text('environment = "stagin"')
    words = ("run", "--no-tty-prompt", "--scope", str(scope), "--", "true")
    hint = "gatesh: hint: no target is called stagin; did you mean staging?"
    assert hint in gatesh(tmp_path, *words, cwd=tmp_path).stderr.splitlines()[1:]
    (tmp_path / "home/environments.toml").write_text("[production]\nhost = ['x']\n")
    said = gatesh(tmp_path, *words, cwd=tmp_path).stderr
    assert "hint: no label but production counts: " in said
    assert "environments.toml:2: unknown key host" in said


def test_a_scope_with_a_mistake_starts_nothing(tmp_path):
    scope = tmp_path / "s.toml"
    scope.write_text("read-onyl = true")
    done = gatesh(tmp_path, "run", "--scope", str(scope), "--", "echo", "ran", cwd=tmp_path)
    assert done.returncode == 2
    assert "s.toml:1: unknown key read-onyl" in done.stderr
    assert "ran" not in done.stdout
