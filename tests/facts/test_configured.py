"""What a program's own files and variables add to its words: aliases, options, an option file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gatesh.model import CommandLine, Verdict
from gatesh.places import Places
from gatesh.wiring import gate_for_check

GH = "aliases:\n    wipe: repo delete a/b --yes\n    gone: repo delete $1 --yes\n    co: pr checkout\n    sh: '!echo x'\n"
AWS = """[toplevel]
wipe = ec2 terminate-instances
    --instance-ids i-1
whoami = sts get-caller-identity
loop = loop
shell = !echo x
[command rds]
gone = delete-db-instance --db-instance-identifier x
"""
FILES = {
    ".config/gh/config.yml": GH,
    "gh/config.yml": GH.replace("wipe", "wipf"),
    ".config/glab-cli/aliases.yml": "wipe: repo delete a/b -y\nls: mr list\n",
    ".aws/cli/alias": AWS,
    ".my.cnf": "[client]\nhost = db.prod.example.com\n",
    "begins/.my.cnf": "[mysql]\ninit_command = 'DROP TABLE t'\n",
    "begins/my.cnf": "[mysql]\ninit-command=DROP TABLE t\n",
    "quiet/.my.cnf": "[client]\nuser = me\n",
    "broken/gh/config.yml": "aliases: [",
}
ASKED = [
    "gh wipe", "gh -R a/b wipe", "gh gone a/b", "gh --repo a/b gone", "GH_CONFIG_DIR=gh gh wipf", "glab wipe",
    "aws wipe", "aws --profile p wipe", "aws rds gone", "aws --region x rds --output json gone", "env A=1 aws wipe",
    "mysql -e 'DROP TABLE t'", "HOME=$PWD mysql -e 'DROP TABLE t'", "HOME=$PWD/begins mysql -h db.example.com -e 'SELECT 1'",
    "MYSQL_HOME=begins mysql -h db.example.com -e 'SELECT 1'",
    "mysql --defaults-file=begins/my.cnf -h db.example.com -e 'SELECT 1'",
    "python3 /usr/bin/aws rds delete-db-instance --db-instance-identifier x", "python3 -I -X dev bin/aws wipe",
    "node node_modules/@railway/cli/bin/railway.js volume delete", "node -r x /usr/bin/railway volume delete",
    "bash -e bin/heroku apps:destroy -a x --confirm x", "perl /usr/bin/psql -h db.example.com -c 'DROP TABLE t'",
    "ZIPOPT=-m zip -r x.zip data", "TF_CLI_ARGS=-auto-approve terraform apply",
    "TF_CLI_ARGS_apply='-destroy \"-auto-approve\"' terraform -chdir=x apply",
    "TF_CLI_ARGS=-destroy TF_CLI_ARGS_apply=-auto-approve tofu apply",
]  # fmt: skip
QUIET = [
    "gh co 3", "gh sh", "gh pr list", "gh wipf", "GH_CONFIG_DIR=gh gh wipe", "GH_CONFIG_DIR=broken/gh gh wipe",
    "glab ls", "aws whoami", "aws loop", "aws shell", "aws rds describe-db-instances", "aws ec2 gone", "aws wipe2",
    "python3 railway.js volume delete", "python3 -m x aws wipe", "python3 bin/aws whoami", "bash bin/install a b",
    "bash -c 'echo $0' aws wipe", "sh bin/rm data",
    "HOME=$PWD/quiet mysql -e 'SELECT 1'", "ZIPOPT=-9 zip -r x.zip data", "TF_CLI_ARGS=-lock=false terraform plan",
    "TF_CLI_ARGS_plan=-no-color TF_CLI_ARGS=-lock=false terraform plan",
]  # fmt: skip


CASES = [*((line, True) for line in ASKED), *((line, False) for line in QUIET)]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for name, content in {**FILES, "data/file": "x"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture(scope="module")
def checking(home: Path):
    return gate_for_check(Places(str(home), *(f"{home}/{name}" for name in ("c", "s", "r"))))


@pytest.mark.parametrize(("line", "asked"), CASES)
def test_it_counts_as_if_it_stood_in_the_line(line: str, asked: bool, home: Path, checking) -> None:
    gate, world = checking
    seen, decision = gate.consider(CommandLine(line, str(home), {"PWD": str(home)}), world)
    assert (decision.verdict is Verdict.ASK) is asked, (decision, seen.facts)


@pytest.mark.parametrize(
    ("config", "line", "asked"),
    [
        ("", "git checkout -f", False),
        ("[core]\n\tworktree = ../other\n", "git checkout -f", True),
        ("[core] WorkTree=../other\n", "git restore .", True),
        ("[extensions]\n\tworktreeConfig = true\n", "git reset --hard", False),
        ("", "git config core.worktree ../other && git reset --hard", True),
    ],
)
def test_a_working_tree_that_is_configured_is_not_looked_at(
    config: str, line: str, asked: bool, tmp_path: Path, checking
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@x", "commit", "-qm", "1")
    with (tmp_path / ".git/config").open("a") as file:
        file.write(config)
    gate, world = checking
    _, decision = gate.consider(CommandLine(line, str(tmp_path), {}), world)
    assert (decision.verdict is Verdict.ASK) is asked, decision


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)
