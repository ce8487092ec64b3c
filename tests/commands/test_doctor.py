"""`gatesh doctor`: every finding is provoked for real, and nothing that is broken keeps the rest from being told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatesh.doctor import programs
from gatesh.places import places_below, shipped
from tests.installed import GATESH
from tests.keeper.human import Human
from tests.supervise.test_fallback import ABOVE


class Told:
    """What doctor said: its exit status, and the findings."""

    def __init__(self, done: subprocess.CompletedProcess) -> None:
        assert done.returncode in (0, 1), done.stderr
        self.findings = json.loads(done.stdout)
        self.problems = [one for one in self.findings if one["level"] == "problem"]
        assert done.returncode == bool(self.problems)
        assert all(one["do"] for one in self.problems), "what to do is said"

    def of(self, about: str) -> str:
        found = [one for one in self.findings if one["about"] == about]
        return "\n".join(f"{one['level']}: {one['what']} → {one['do']}" for one in found)


@pytest.fixture
def tell(env, work):
    def tell(
        *before: str, words: tuple[str, ...] = ("--no-agents",), program=(GATESH,), **more: str
    ) -> Told:
        command = [*before, *program, "doctor", "--json", *words]
        done = subprocess.run(
            command, env=env | more, cwd=work, capture_output=True, text=True, timeout=60
        )
        return Told(done)

    return tell


@pytest.fixture
def known(env, work):
    """A log with two records in it."""
    for _ in range(2):
        subprocess.run([GATESH, "-c", "true"], env=env, cwd=work, check=True, timeout=30)


def opened(place: Path) -> sqlite3.Connection:
    return sqlite3.connect(place / "audit.db", isolation_level=None)


def test_where_all_is_well_it_says_so_quickly(known, tell, place):
    before = sorted(os.listdir(place))
    began = time.monotonic()
    told = tell()
    assert time.monotonic() - began < 4, "2 s, and as much again for a busy machine"
    assert not told.problems
    for about in ("versions", "shell", "shfmt", "places", "disk", "log", "rules", "cache"):
        assert told.of(about).startswith("ok: ") or about == "places", told.of(about)
    assert "2 records" in told.of("log")
    assert sorted(os.listdir(place)) == before, "nothing was changed"


def test_a_place_where_nothing_has_run_is_no_problem(tell, place):
    place.rmdir()
    told = tell()
    assert not told.problems
    assert "there is none yet" in told.of("log")
    assert not place.exists()


def test_a_person_reads_what_to_do(known, env, place):
    place.chmod(0o777)
    done = subprocess.run(
        [GATESH, "doctor", "--no-agents"], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert f"all: {place} can be written by others than you" in done.stdout
    assert f"chmod 700 {place}" in done.stdout
    assert "\n1 problem, " in done.stdout, "the log's folder is the same one"


def test_folders(known, tell, place, tmp_path, env):
    place.chmod(0o755)
    assert "can be read by others" in tell().of("places")
    place.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(place)
    told = tell(GATESH_HOME=str(link))
    assert f"{link} is a symbolic link" in told.of("places") and told.problems
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "mine").mkdir(mode=0o700)
    told = tell(GATESH_HOME=str(shared / "mine"))
    assert f"others than you may write in {shared}" in told.of("places") and told.problems
    (tmp_path / "file").write_text("")
    assert "is no folder" in tell(GATESH_HOME=str(tmp_path / "file")).of("places")


def test_a_key_that_others_can_read(known, tell, place):
    (place / "hmac.key").chmod(0o644)
    assert "problem: the key" in tell().of("places")


def test_a_slow_disk(known, tell):
    told = tell("strace", "-f", "-o", "/dev/null", "-e", "inject=fsync:delay_exit=30000")
    assert "problem: fsync in" in told.of("disk")


# -- the log ---------------------------------------------------------------------------------------------------


def test_a_damaged_log_is_told_and_the_rest_is_looked_at(known, tell, place):
    data = bytearray((place / "audit.db").read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    for name in ("audit.db-wal", "audit.db-shm"):
        (place / name).unlink(missing_ok=True)
    (place / "audit.db").write_bytes(data)
    told = tell()
    assert "damaged" in told.of("log") and "problem" in told.of("log")
    assert "defect of gatesh" not in told.of("log")
    assert told.of("rules") and told.of("keeper") and told.of("gate")


def test_what_is_no_log_and_what_is_of_a_newer_gatesh(tell, known, place):
    with opened(place) as db:
        db.execute("PRAGMA user_version=99")
    assert "made by a newer gatesh" in tell().of("log")
    for path in place.glob("audit.db*"):
        path.unlink()
    (place / "audit.db").write_text("x" * 5000)
    assert "problem: the audit log" in tell().of("log")


def test_a_log_from_before_is_only_noted(tell, known, place):
    with opened(place) as db:
        db.execute("PRAGMA user_version=2")
    told = tell()
    assert "note: schema 2" in told.of("log") and not told.problems


def test_rows_that_were_removed_and_triggers_that_are_gone(tell, known, place):
    with opened(place) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("DELETE FROM outcome")
        db.execute("DELETE FROM record WHERE record = 2")
    told = tell()
    assert "problem: rows can be changed: triggers were taken away (" in told.of("log")
    assert "problem: 1 of 2 records are gone" in told.of("log")
    assert "commands that began and have no end: 1, the last is record 1" in told.of("log")


def test_a_command_that_runs_is_not_one_without_an_end(tell, env, work):
    process = subprocess.Popen(
        [GATESH, "-c", "echo; sleep 60"], env=env, cwd=work, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        assert "have no end" not in tell().of("log")
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        assert "commands that began and have no end: 1, " in tell().of("log")
    finally:
        process.kill()
        process.stdout.close()


def test_links_that_lead_elsewhere(tell, env, place):
    subprocess.run([GATESH, "setup", "gptme", "--yes"], env=env, check=True, capture_output=True)
    assert f"ok: {place}/shells/bash is gatesh" in tell().of("links")
    (place / "shells/bash").unlink()
    (place / "shells/bash").symlink_to("/bin/bash")
    (place / "shells/sh").unlink()
    (place / "shells/sh").symlink_to("/nowhere")
    told = tell()
    assert "which is no gatesh" in told.of("links") and "which is not there" in told.of("links")
    subprocess.run([GATESH, "setup", "gptme", "--yes"], env=env, check=True, capture_output=True)
    assert not tell().problems
    (place / "shells").chmod(0o777)
    assert f"{place}/shells can be written by others" in tell().of("places")


# -- rules -----------------------------------------------------------------------------------------------------


def test_a_mistake_in_a_pattern_file_has_file_and_line(tell, place):
    patterns = place / "patterns"
    patterns.mkdir(mode=0o700)
    (patterns / "mine.toml").write_text("[a]\nclii = 'x'\n")
    (patterns / "other.toml").write_text("[override.git-clean]\ndeny = true\n")
    told = tell()
    assert f"problem: {patterns}/mine.toml:" in told.of("rules")
    assert "ok: git-clean is denied without asking" in told.of("override"), (
        "the other file is told about"
    )


def test_a_mistake_in_environments_toml_has_its_line(tell, place):
    (place / "environments.toml").write_text("[production]\nhosts = ['a', 'b']\n")
    assert "environments.toml: 2 production" in tell().of("labels")
    (place / "environments.toml").write_text("[production]\nhost = ['a']\n")
    assert "environments.toml:2: unknown key host" in tell().of("labels")


def test_a_scope_is_told_with_its_mistakes(tell, work):
    (work / ".gatesh").mkdir()
    scope = work / ".gatesh/scope.toml"
    scope.write_text("environment = 'staging'\n")
    assert "ok: scope.toml: works on staging" in tell().of("scope")
    scope.write_text("environment = 'stagin'\n")
    assert "problem: no target is called stagin; did you mean staging?" in tell().of("scope")
    scope.write_text("\nenvironmen = 'staging'\n")
    assert "problem: " in tell().of("scope")
    assert "scope.toml:2: unknown key environmen" in tell().of("scope")


def test_overrides_are_shown_with_their_place_and_whether_they_count(tell, place, work, env):
    patterns = place / "patterns"
    patterns.mkdir(mode=0o700)
    (patterns / "mine.toml").write_text(
        "[override.git-clean]\noff = true\n[override.files-tree]\nseverity = 'critical'\n"
    )
    project = work / ".gatesh/patterns"
    project.mkdir(parents=True)
    (project / "p.toml").write_text("[override.git-reset-hard]\noff = true\nseverity = 'low'\n")

    said = tell().of("override")
    assert "note: git-clean is off (" in said and f"[{patterns}/mine.toml:2] does not count" in said
    assert (
        "ok: files-tree is critical instead of " in said
        and f"[{patterns}/mine.toml:4] counts" in said
    )
    assert said.count("does not count: the project is not trusted") == 2

    with Human(env, expect="loosen one thing") as human:
        assert "git-clean is off" in (waiting := tell().of("override"))
        assert "does not count: nobody has confirmed it → confirm it at the keeper" in waiting
        human.yes("loosen one thing")
        human.wait_for("confirmed by")
        assert f"[{patterns}/mine.toml:2] counts: a person confirmed it" in tell().of("override")


def test_compiled_rules_that_are_not_ours(known, tell, place):
    with (place / "rules.cache").open("r+b") as file:
        file.write(b"other")
    assert "note: " in tell().of("cache")


# -- keeper and gate ---------------------------------------------------------------------------------------------


def test_the_keeper_and_who_can_answer(tell, env):
    assert "note: none is running" in tell().of("keeper")
    with Human(env) as human:
        said = tell().of("keeper")
        assert f"ok: pid {human.pid()} since " in said
        assert "without a PIN, 1 approver attached" in said
    with Human(env, "--observe", expect="nothing waits") as human:
        assert "records and holds nothing" in tell().of("keeper")


def test_a_keeper_in_the_background_that_nobody_looks_at(tell, env):
    with Human(env, "--daemon", pin="tr0ub4dor") as human:
        daemon = int(human.screen().split("pid ")[1].split(";")[0])
        try:
            assert "note: " in (said := tell().of("keeper"))
            assert "with a PIN, 0 approvers attached, 0 sessions: nobody looks" in said
        finally:
            os.kill(daemon, signal.SIGTERM)


def test_a_lock_whose_holder_does_not_answer(tell, place):
    lock = place / "keeper.lock"
    lock.write_text(f"{os.getpid()}\n")
    holder = subprocess.Popen(["flock", lock, "sleep", "60"])
    try:
        time.sleep(0.3)
        assert f"problem: pid {os.getpid()} has the keeper's lock" in tell().of("keeper")
    finally:
        holder.kill()
        holder.wait()


def test_what_a_killed_run_has_left(tell, place):
    gone = subprocess.Popen(["true"])
    gone.wait()
    (place / f"run-{gone.pid}").mkdir()
    assert f"rm -r {place}/run-{gone.pid}" in tell().of("run")


def test_a_kernel_that_says_no(tell):
    told = tell("python3", "-c", ABOVE, "listener")
    assert "note: gatesh run would be of a lesser kind here" in told.of("gate")
    assert "another program gates" in told.of("gate")


def test_what_a_terminal_is_worth(env, tell, work):
    assert "it has no terminal" in tell("setsid", "-w").of("terminal")
    with Human(env) as human:
        file = work / "told"
        human.open(
            "sh",
            "-c",
            f"{GATESH} doctor --no-agents --json >{file}.new; mv {file}.new {file}",
            leads=True,
        )
        until = time.monotonic() + 20
        while not file.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
    said = [one for one in json.loads(file.read_text()) if one["about"] == "terminal"]
    assert "A0" in said[0]["what"] and "tmux" in said[0]["what"]


# -- programs ------------------------------------------------------------------------------------------------------


def below(mount: str, over: str) -> tuple[str, ...]:
    """A mount namespace in which `mount` lies over `over`; skips where there is none to be had."""
    alone = ("unshare", "-m") if os.getuid() == 0 else ("unshare", "-rm")
    script = f'mount --bind {mount} {over} && exec "$@"'
    if subprocess.run([*alone, "sh", "-c", script, "sh", "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace here")
    return (*alone, "sh", "-c", script, "sh")


def test_a_shell_that_is_not_bash(tell, tmp_path):
    """gatesh itself is started by bash: without one, by Python."""
    script = tmp_path / "bash"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    python = (sys.executable, "-m", "gatesh")
    told = tell(*below(str(script), "/bin/bash"), program=python)
    assert "which is no program but a script" in told.of("shell")
    told = tell(*below("/bin/true", "/bin/bash"), program=python)
    assert "problem: /bin/bash is not bash" in told.of("shell")


def test_shfmt_that_is_not_there(tell):
    shfmt = Path(GATESH).parent / "shfmt"
    assert "problem: " in tell(*below("/dev/null", str(shfmt))).of("shfmt")


def test_names_in_path(tell, tmp_path, env):
    links = tmp_path / "links"
    links.mkdir()
    (links / "bash").symlink_to(GATESH)
    (links / "zsh").symlink_to(tmp_path / "gone" / "gatesh")
    said = tell(PATH=f"{links}:{env['PATH']}").of("PATH")
    assert f"ok: bash is gatesh ({links}/bash)" in said
    assert f"problem: {links}/zsh leads to {tmp_path}/gone/gatesh, which is not there" in said


def test_completions_of_another_version(tmp_path):
    places = places_below(str(tmp_path)).but(user_home=str(tmp_path))
    fish = tmp_path / ".config/fish/completions/gatesh.fish"
    fish.parent.mkdir(parents=True)
    shutil.copy(f"{shipped('completions')}/gatesh.fish", fish)
    assert ("ok", str(fish)) in [(one.level, one.what) for one in programs.completions(places)]
    fish.write_text("old")
    assert f"gatesh completions fish >{fish}" in [one.do for one in programs.completions(places)]


# -- agents --------------------------------------------------------------------------------------------------------


@pytest.fixture
def programs_of(tmp_path, env):
    """A folder with programs of these names, first in PATH."""
    folder = tmp_path / "agents"

    def make(*names: str) -> str:
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        return f"{folder}:{env['PATH']}"

    return make


def settings(env, text: str) -> str:
    path = Path(env["HOME"], ".config/opencode/opencode.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_an_agent_that_is_set_up_is_probed_and_the_record_is_found(tell, env, programs_of, place):
    path = settings(env, json.dumps({"shell": GATESH}))
    told = tell(words=(), PATH=programs_of("opencode"))
    assert told.of("agent") == f"ok: opencode: {GATESH} -c LINE ({path}) was recorded → "
    with opened(place) as db:
        assert db.execute("SELECT count(*) FROM record").fetchone() == (1,)


def test_agents_that_take_their_shell_from_the_environment(tell, env, programs_of, tmp_path):
    bash = tmp_path / "gatesh-bin" / "bash"
    bash.parent.mkdir()
    bash.symlink_to(GATESH)
    path = programs_of("claude", "gemini", "cn", "copilot", "gptme")
    told = tell(words=(), PATH=path, SHELL=GATESH)
    assert "note: claude-code runs /bin/bash: " in told.of("agent"), "it wants bash in the name"
    assert f"ok: continue: {GATESH} -l -c LINE was recorded" in told.of("agent")
    assert "note: copilot-cli takes no shell but its own → gatesh run -- copilot" in told.of(
        "agent"
    )
    told = tell(words=(), PATH=f"{bash.parent}:{path}", SHELL=str(bash))
    assert f"ok: gemini-cli: {bash} -c LINE was recorded" in told.of("agent")
    assert f"ok: gptme: {bash} LINE was recorded" in told.of("agent"), "on standard input"
    assert f"ok: claude-code: {bash} -c -l LINE was recorded" in told.of("agent")
    assert f"ok: claude-code: {bash} -c LINE was recorded" in told.of("agent")


def test_an_agent_whose_shell_does_not_do_what_it_should(tell, env, programs_of, tmp_path):
    path = programs_of("opencode", "cn")
    settings(env, '{"shell": "/bin/bash"}')
    assert "note: opencode runs /bin/bash" in tell(words=(), PATH=path).of("agent")
    settings(env, json.dumps({"shell": f"{tmp_path}/gone/gatesh"}))
    assert "LINE" in (said := tell(words=(), PATH=path).of("agent"))
    assert "problem: opencode" in said and "it cannot be started" in said
    other = tmp_path / "gatesh-other"
    other.write_text('#!/bin/sh\nexec bash "$@"\n')
    other.chmod(0o755)
    settings(env, json.dumps({"shell": str(other)}))
    assert "it ran, and there is no record of it in" in tell(words=(), PATH=path).of("agent")
    settings(env, "{not json")
    said = tell(words=(), PATH=path, SHELL=GATESH).of("agent")
    assert "problem: opencode: " in said and "ok: continue: " in said


def test_a_gatesh_that_fails_is_quoted(tell, env, programs_of, place):
    settings(env, json.dumps({"shell": GATESH}))
    (place / "patterns").mkdir(mode=0o700)
    (place / "patterns/mine.toml").write_text("[a]\nclii = 'x'\n")
    assert "exit status 125: gatesh: error: " in tell(words=(), PATH=programs_of("opencode")).of(
        "agent"
    )
