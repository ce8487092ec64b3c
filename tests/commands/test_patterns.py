"""`gatesh patterns`: list, show, lint, test, explain."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gatesh.places import shipped
from tests.conftest import GATESH

MINE = """
[store-drop]
cli = "store drop"
severity = "{severity}"
class = "data-destroy"
say = "drops {{1}}"
instead = "store list"
catches = ["store drop x", "{catches}"]
passes = ["store list", "{passes}"]
"""


def patterns(env, *words):
    ran = subprocess.run(
        [GATESH, "patterns", *words],
        check=False,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def mine(tmp_path):
    def write(severity="high", catches="store -v drop y", passes="echo store drop x"):
        file = tmp_path / "mine.toml"
        file.write_text(MINE.format(severity=severity, catches=catches, passes=passes))
        file.chmod(0o644)
        tmp_path.chmod(0o755)
        return str(file)

    return write


def test_list_shows_the_rules_in_which_all_words_occur(env):
    status, out, _ = patterns(env, "list", "replaces", "remote")

    assert status == 0
    assert out.startswith("git-push-force ")
    assert all("replaces" in line and "remote" in line for line in out.splitlines())


def test_show_says_what_a_rule_catches_and_lets_by(env):
    status, out, _ = patterns(env, "show", "git-clean")

    assert status == 0
    assert out.startswith("git-clean  (")
    assert "\n[git-clean]\ncli      = [" in out
    assert 'catches  = ["git clean -fd"' in out
    assert "[git-" not in out.partition("[git-clean]")[2], "another rule stands in it"


def test_show_of_an_unknown_rule_says_where_to_look(env):
    status, _, err = patterns(env, "show", "git-cleen")

    assert (status, err.splitlines()[0]) == (2, "gatesh: error: there is no rule git-cleen")


def test_lint_is_content_with_the_shipped_files(env):
    status, out, err = patterns(env, "lint")

    assert status == 0, err
    assert out.endswith("rules, nothing wrong\n")


def test_lint_names_file_and_line(env, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('[r]\ncli = "a"\nseverity = "huge"\n')
    file.chmod(0o644)
    tmp_path.chmod(0o755)
    status, _, err = patterns(env, "lint", str(file))

    assert status == 2
    assert err.startswith(f"gatesh: error: {file}:1: r has no 'class'")


def test_test_runs_the_examples_of_the_named_file_only(env, mine):
    assert patterns(env, "test", mine())[:2] == (0, "4 examples, 83 in disguise, 0 broken\n")
    assert patterns(env, "test", "--plain", mine())[:2] == (0, "4 examples, 0 broken\n")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"catches": "store list"}, "is not caught (nothing matched)"),
        ({"passes": "sudo store drop z"}, "is asked about by store-drop"),
        ({"passes": "store drop z", "severity": "low"}, "is caught"),
        ({"passes": "git clean -fd"}, "is asked about by git-clean"),
        ({"catches": "git clean -fd"}, "is not caught (git-clean matched)"),
    ],
)
def test_an_example_that_does_not_hold_is_shown_with_the_reason(env, mine, broken, said):
    status, out, _ = patterns(env, "test", mine(**broken))

    assert status == 1
    assert f"    {said}" in out.splitlines()
    assert out.endswith("1 broken\n")


def test_a_users_rule_is_active_at_once_and_listed(env, place, mine):
    (place / "patterns").mkdir(mode=0o755)
    (place / "patterns" / "mine.toml").write_text(
        MINE.format(severity="high", catches="store drop y", passes="store")
    )
    (place / "patterns" / "mine.toml").chmod(0o644)
    _, out, _ = patterns(env, "list", "store-drop")
    _, explained, _ = patterns(env, "explain", "store drop prod")

    assert out.startswith("store-drop")
    assert "match store-drop (high, command 0, unknown target): drops prod" in explained
    assert explained.endswith("verdict: ask\n")


def test_explain_shows_commands_facts_who_looked_and_what_matched(env, work):
    _, out, _ = patterns(env, "explain", "--cwd", str(work), "cd /x && git reset --hard $(cat y)")

    assert "(direct): [git] [reset] [--hard] [$(cat y)]?" in out
    assert "fact call git reset $(cat y) --hard\n" in out
    assert "    yes  git-reset-hard: git reset --hard fits\n" in out
    assert "git-push-force" in out.partition("speak of something else")[0]
    assert "match git-reset-hard (high, command 2, unknown target)" in out
    assert "[cat] [y]" in out


NOT = [
    ("git push origin main", "git-push-force: no -f or --force or --mirror or …"),
    ("git clean -fn", "git-clean: git clean {-f,--force} fits, and so does its unless"),
    ("psql -h db.prod -c 'delete from a where id = 1'",
     "sql-every-row: {delete,update} fits, but not: !where.restricts && !target.local"),
    ("""curl https://backboard.railway.com/graphql/v2 -d '{"query":"{me{name}}"}'""", "railway-mutation: query me is no mutation"),
    ("curl https://api.example.com/v1/x", "http-delete: the method is not {"),
    ("rm -rf missing", "files-tree: {cwd}/missing is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), NOT, ids=[line for line, _ in NOT])
def test_explain_says_why_a_rule_did_not_match(env, work, line, said):
    _, out, _ = patterns(env, "explain", "--cwd", str(work), line)

    assert f"    no   {said.replace('{cwd}', str(work))}" in out


def test_explain_tells_of_every_rule_that_looked(env, work):
    """The trace is of the run itself: yes, no, or summed up, nothing that looked is left out."""
    _, out, _ = patterns(env, "explain", "--all", "--cwd", str(work), "git status")
    _, listed, _ = patterns(env, "list", "--program", "git")

    told = out.partition("fact call git status")[2]
    cli = [line.split()[0] for line in listed.splitlines()]
    assert len(cli) > 5
    missing = [rule for rule in cli if rule not in told]
    assert all("names" in patterns(env, "show", rule)[1] for rule in missing), missing


def test_list_narrows_by_class_severity_program_and_file(env):
    for words, column, value in (
        (("--severity", "critical"), 1, "critical"), (("--class", "guard-off"), 2, "guard-off")
    ):  # fmt: skip
        _, out, _ = patterns(env, "list", *words)
        assert {line.split()[column] for line in out.splitlines()} == {value}
    _, of_git, _ = patterns(env, "list", "--file", "git")
    assert of_git
    assert of_git == patterns(env, "list", "--file", "git.toml")[1]
    _, of_psql, _ = patterns(env, "list", "--program", "kubectl")
    assert of_psql
    assert "git-push-force" not in of_psql


def test_explain_makes_control_characters_visible(env):
    _, out, _ = patterns(env, "explain", "echo '\x1b[2J'")

    assert "\x1b" not in out


@pytest.fixture
def loosened(place):
    (place / "patterns").mkdir(mode=0o755)
    file = place / "patterns" / "mine.toml"
    file.write_text("[override.git-clean]\noff = true\n")
    file.chmod(0o644)
    return file


@pytest.mark.parametrize(
    "words", [("lint",), ("show", "git-clean"), ("explain", "git clean -f")], ids=" ".join
)
def test_a_loosening_is_said_to_wait_for_a_person(env, loosened, words):
    status, out, _ = patterns(env, *words)

    assert status == 0
    assert re.search(f"note: +{loosened}:2: git-clean is off .* counts only under a keeper", out)


def test_lint_tells_every_mistake_at_once(env, tmp_path, mine):
    bad = tmp_path / "bad.toml"
    bad.write_text('[override.git-cleen]\noff = true\n[git-clean]\noff = true\n[r]\ncli = "a"\n')
    bad.chmod(0o644)
    status, out, err = patterns(env, "lint", mine(severity="huge"), str(bad))

    assert (status, out) == (2, "")
    assert [line for line in err.splitlines() if "error" in line] == [
        f"gatesh: error: {tmp_path}/mine.toml:4: 'huge' is no severity",
        f"gatesh: error: {bad}:3: git-clean has no pattern",
        f"gatesh: error: {bad}:5: r has no 'severity'",
        f"gatesh: error: {bad}:2: there is no rule git-cleen to override",
    ]
    assert "gatesh: hint: did you mean git-clean?" in err
    assert "gatesh: hint: write [override.git-clean] to change a rule that is there" in err


FACTS = [
    ("git push -f origin", "call git push origin -f"),
    ("aws rds delete-db-instance --db-instance-identifier main",
     "call aws rds delete-db-instance --db-instance-identifier=main, on aws"),
    ("curl -X DELETE https://api.example.com/v1", "request DELETE https://api.example.com/v1, on http api.example.com (remote)"),
    ("curl -d '{\"query\": \"mutation { volumeDelete(id: 1) }\"}' https://x.com/graphql",
     "request POST https://x.com/graphql (mutation volumeDelete), on http x.com (remote)"),
    ("psql -h db.prod.example.com -c 'DELETE FROM users'", "SQL delete of every row users, on postgres db.prod.example.com"),
    ("rm -rf /etc/hosts", "delete-tree /etc/hosts ("),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), FACTS)
def test_explain_tells_a_fact_in_words(env, line, said):
    _, out, _ = patterns(env, "explain", line)
    facts = [text.strip() for text in out.splitlines() if text.startswith("  fact ")]

    assert any(fact.startswith(f"fact {said}") for fact in facts), out
    assert not any(name in out for name in ("CliCall", "HttpRequest", "SqlStatement", "'kind'"))


def test_a_reader_that_goes_away_ends_it_in_silence(env):
    ran = subprocess.run(
        ["bash", "-c", f"{GATESH} patterns list | head -1; echo ${{PIPESTATUS[0]}}"],
        env=env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert ran.stdout.splitlines()[1:] in (["141"], ["0"])  # 0: all was written before head ended
    assert ran.stderr == ""


def test_the_next_version_of_a_shipped_file_is_tried_in_its_place(env, tmp_path):
    file = tmp_path / "git.toml"
    file.write_text(
        Path(shipped("patterns"), "git.toml").read_text().replace('"git clean -fd"', '"git clean"')
    )
    status, out, _ = patterns(env, "test", str(file))

    assert status == 1
    assert f"{file}:" in out
    assert "git-clean: catches: git clean\n    is not caught (nothing matched)\n" in out


def test_changes_are_listed_with_whether_they_count(env, loosened, work):
    loosened.write_text(loosened.read_text() + "[override.files-tree]\ndeny = true\n")
    project = work / ".gatesh" / "patterns"
    project.mkdir(parents=True)
    (project / "p.toml").write_text(
        "[override.git-reset-hard]\noff = true\nseverity = 'critical'\n"
    )
    ran = subprocess.run(
        [GATESH, "patterns", "list", "--changed"],
        env=env,
        cwd=work,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.stdout.splitlines() == [
        f"git-clean: off = true  [{loosened}:2] counts under a keeper whose person has confirmed it",
        f"files-tree: deny = true  [{loosened}:4] counts",
        f"git-reset-hard: off = true  [{project}/p.toml:2] does not count: the project is not trusted",
        f'git-reset-hard: severity = "critical"  [{project}/p.toml:3] counts',
    ]
