"""`gatesh check`: what would happen, for a person, as JSON, and for many lines at once."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GATESH


def check(env, *words, stdin=b"", cwd=None):
    return subprocess.run(
        [GATESH, "check", *words],
        check=False,
        env=env,
        input=stdin,
        capture_output=True,
        timeout=30,
        cwd=cwd,
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [("ls -la", 0), ("git push --force origin main", 1), ("rm -rf /", 1), ("echo 'rm -rf /'", 0)],
)
def test_the_status_says_whether_it_would_run(env, line, status):
    ran = check(env, line)

    assert ran.returncode == status, ran.stdout + ran.stderr


def test_a_person_reads_verdict_rule_reason_and_a_better_way(env):
    text = check(env, "git clean -fd").stdout.decode()

    assert text.splitlines() == [
        "ask: git clean -fd",
        "  ask  git-clean (high): deletes files that git does not know and cannot bring back",
        "        instead: git clean -n shows them",
    ]


def test_what_a_rule_finds_twice_is_told_once(env, work):
    line = "git push -f origin main; true; git push -f origin main"

    assert len(json.loads(check(env, "--json", line, cwd=work).stdout)["rules"]) == 2
    assert check(env, line, cwd=work).stdout.decode().splitlines() == [
        f"ask: {line}",
        "  ask  git-push-force (high): replaces what others have on the remote: origin, main",
        "        instead: git push --force-with-lease, after git fetch and a look at what would be lost",
    ]


def test_a_rule_that_finds_much_tells_the_first_and_how_many_more_there_are(env):
    text = check(env, "; ".join(f"git push --force origin b{n}" for n in range(8))).stdout.decode()

    assert text.count("git-push-force (high)") == 5
    assert text.endswith("        and 3 more that git-push-force says (--json)\n")


def test_json_says_everything_that_was_seen(env, work):
    found = json.loads(check(env, "--json", "--cwd", str(work), "sudo git push -f").stdout)

    assert found["verdict"] == "ask"
    assert found["cwd"] == str(work)
    assert [c["program"] for c in found["commands"]] == ["git"]
    assert found["commands"][0]["words"] == ["git", "push", "-f"]
    assert found["commands"][0]["origin"] == "prefix"
    rule = found["rules"][0]
    assert (rule["id"], rule["class"], rule["severity"]) == (
        "git-push-force",
        "history-rewrite",
        "high",
    )
    assert rule["say"]
    assert rule["instead"]
    assert found["facts"][0]["fact"] == "CliCall"
    assert found["unparsed"] == ""
    assert found["elapsed_us"] > 0


def test_nothing_runs_and_nothing_is_recorded(env, work, place):
    check(env, f"touch {work}/ran", cwd=work)

    assert not (work / "ran").exists()
    assert not (place / "audit.db").exists()


def test_many_lines_each_get_an_answer_and_a_bad_one_does_not_stop_the_rest(env, work):
    lines = [
        {"command": "ls"},
        "not json",
        {"command": "rm -rf /"},
        {"command": 7},
        ["x"],
        {"command": "ls\0"},
        {"command": "rm -rf x", "cwd": str(work)},
    ]
    stdin = b"\n".join(
        line.encode() if isinstance(line, str) else json.dumps(line).encode() for line in lines
    )
    ran = check(env, "--jsonl", stdin=stdin + b"\n\n")
    found = [json.loads(text) for text in ran.stdout.splitlines()]

    assert [each.get("verdict", "error") for each in found] == [
        "allow", "error", "ask", "error", "error", "deny", "allow",
    ]  # fmt: skip
    assert ran.returncode == 2
    assert found[-1]["cwd"] == str(work)
    assert "U+0000" in found[5]["reason"]


def test_a_line_of_brackets_is_an_error_of_its_own(env):
    ran = check(env, "--jsonl", stdin=b"[" * 200_000 + b'\n{"command": "ls"}\n')

    assert [json.loads(t).get("verdict") for t in ran.stdout.splitlines()] == [None, "allow"]


def test_bytes_that_are_no_text_are_shown_and_never_break_it(env):
    ran = subprocess.run(
        [os.fsencode(GATESH), b"check", b"--json", b"rm -rf /\xff\x1b[2J"],
        check=False,
        env=env,
        capture_output=True,
        timeout=30,
    )

    assert b"\x1b" not in ran.stdout
    assert json.loads(ran.stdout)["command"] == "rm -rf /\udcff\x1b[2J"


@pytest.mark.parametrize("words", [(), ("--jsonl", "ls"), ("--no-such", "ls")])
def test_used_wrongly_it_says_so_and_leaves_with_2(env, words):
    ran = check(env, *words)

    assert ran.returncode == 2
    assert ran.stderr.startswith(b"gatesh: error: ")


def test_a_broken_pattern_file_is_an_error_with_its_line(env, place):
    (place / "patterns").mkdir(mode=0o755)
    (place / "patterns" / "mine.toml").write_text("[r]\nclie = 1\n")
    (place / "patterns" / "mine.toml").chmod(0o644)
    ran = check(env, "ls")

    assert ran.returncode == 2
    assert ran.stderr.decode().splitlines() == [
        f"gatesh: error: {place}/patterns/mine.toml:2: unknown key 'clie'",
        "gatesh: hint: did you mean cli?",
    ]


def loosen(place, text):
    (place / "patterns").mkdir(mode=0o755)
    file = place / "patterns" / "mine.toml"
    file.write_text(text)
    file.chmod(0o644)
    return file


def test_a_loosening_of_a_rule_that_matched_is_named_and_does_not_count_here(env, place):
    file = loosen(
        place, "[override.git-clean]\noff = true\n[override.git-push-force]\noff = true\n"
    )
    text = check(env, "git clean -fd").stdout.decode()

    assert text.startswith("ask: git clean -fd\n")
    (note,) = (line for line in text.splitlines() if "note" in line)
    assert note.startswith(
        f"  note: {file}:2: git-clean is off (deletes files that git does not know"
    )
    assert note.endswith(": counts only under a keeper whose person has confirmed it")
    lines = b'{"command": "git push -f"}\n{"command": "ls"}\n'
    found = [json.loads(t) for t in check(env, "--jsonl", stdin=lines).stdout.splitlines()]
    assert [["git-push-force" in note for note in each["notes"]] for each in found] == [[True], []]


def test_so_is_another_grammar_for_a_program_of_the_line(env, place):
    loosen(place, '[programs."git clean"]\nvalues = ["-f"]\n')

    assert "the command line of git clean is read by" in check(env, "git clean -fd").stdout.decode()
    assert "note" not in check(env, "rm -rf /").stdout.decode()


def test_what_a_target_is_called_is_said_and_where_that_comes_from(env):
    text = check(env, "kubectl --context eks-live delete ns shop").stdout.decode()
    assert "        target: eks-live: production, a guess from kube-context eks-live\n" in text
    found = json.loads(check(env, "--json", "kubectl --context eks-live delete ns shop").stdout)
    assert found["rules"][0]["label"] == "production"


def test_a_label_file_that_cannot_be_read_is_said(env):
    Path(env["GATESH_HOME"]).mkdir(mode=0o700, exist_ok=True)
    Path(env["GATESH_HOME"], "environments.toml").write_text("[production]\nhost = []\n")
    text = check(env, "kubectl delete ns shop").stdout.decode()
    assert "note: no label but production counts" in text
    assert "environments.toml:2: unknown key host" in text
