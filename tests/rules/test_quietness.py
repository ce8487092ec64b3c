"""Quietness on commands that real agents issued: how many of them a person would be asked about."""

import json

import pytest

from gatesh.errors import InputError
from gatesh.facts import World, inspect, may_have_run, runs_out_of_order
from gatesh.model import CommandLine, Door, Extent, Inspection, Verdict
from gatesh.policy import decide
from gatesh.rules import load
from gatesh.rules.examples import HOME, PLACES, PROJECT, Examples, world_of
from gatesh.rules.layers import combine
from gatesh.rules.match import considered, match
from gatesh.shell.read import read

RULES = combine(load.read_all(PLACES, [f for f in load.files(PLACES) if f[1] == "shipped"]))


class EverythingNamed:
    """Every path that a line names is a file that nobody can bring back."""

    def __init__(self):
        self.line = ""

    def read(self, path, limit):
        return None

    def kind(self, path):
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if path == "/" or path == PROJECT or path == HOME:
            return "directory"
        return "file" if name and name in self.line else "missing"

    def real(self, path):
        return path

    def names(self, path, limit):
        return None

    def size(self, path):
        return 10


class NothingInGit:
    def git_extent(self, path):
        return Extent.LOSABLE

    def git_extents(self, paths):
        return (Extent.LOSABLE,) * len(paths)

    def git_edits(self, path):
        return Extent.LOSABLE

    def repository(self, path):
        return ""


def asked(commands, world, files=None):
    """Count the lines that would not simply run."""
    found = 0
    for text in commands:
        if files:
            files.line = text
        line = CommandLine(text, PROJECT, {"HOME": HOME}, Door.CHECK)
        try:
            reading = read(line)
        except InputError:
            found += 1
            continue
        facts = tuple(
            (index, fact)
            for index, command in enumerate(reading.commands)
            for fact in inspect(
                command, line, world, may_have_run(reading.commands, index, runs_out_of_order(line))
            )
        )
        seen = Inspection(reading, facts, match(RULES, reading, facts, line))
        found += decide(seen).verdict is not Verdict.ALLOW
    return found


@pytest.fixture(scope="module")
def commands():
    from tests.installed import SHARED

    corpus = SHARED / "corpora" / "agent_commands.jsonl"
    if not corpus.is_file():
        pytest.skip(f"no corpus at {corpus}; GATESH_SHARED names another folder")
    return [json.loads(line)["command"] for line in corpus.read_text().splitlines()]


@pytest.mark.slow
def test_fewer_than_one_in_a_hundred_real_commands_is_asked_about(commands):
    world, _ = world_of(Examples((), ()), RULES.grammars)

    assert asked(commands, world) < len(commands) * 0.01


@pytest.mark.slow
def test_fewer_than_one_in_fifty_where_every_path_named_could_be_lost(commands):
    files = EverythingNamed()
    world = World(files, NothingInGit(), HOME, RULES.grammars)

    assert asked(commands, world, files) < len(commands) * 0.02


EVERYDAY = """
git status --short && git diff --stat
git add -A && git commit -m "reset --hard was wrong; rm -rf is not in here"
git checkout -b feature && git push -u origin feature
git stash && git pull --rebase && git stash pop
git log --oneline -20 | cat
rg -n 'DROP TABLE' src | head
npm ci && npm run build && npx tsc --noEmit
python3 -m pytest -q tests -x
rm -rf node_modules dist build && npm install
rm -f /tmp/out.log
mkdir -p src/x && touch src/x/a.py
sed -i 's/a/b/' src/main.py
docker compose up -d && docker compose logs -f web
docker ps -a && docker rm -f web
kubectl get pods -A && kubectl logs deploy/web
terraform plan && terraform validate
curl -s https://api.github.com/repos/a/b | jq .name
curl -X POST http://localhost:3000/api/delete -d '{}'
psql -h localhost -c 'truncate users'
find . -name '*.pyc' -delete
kill %1; kill $PID
aws s3 ls && aws sts get-caller-identity
for f in *.py; do python3 "$f"; done
cat > src/new.py <<'EOF'
""".strip().splitlines()


@pytest.mark.parametrize("text", EVERYDAY)
def test_an_everyday_line_is_not_asked_about(text):
    world, _ = world_of(Examples((), ()), RULES.grammars)
    text += "\nDROP TABLE x\nEOF" if text.endswith("<<'EOF'") else ""

    assert asked([text], world) == 0


@pytest.mark.parametrize("text", ["ls -la", "cat x", "npmx x"])
def test_rules_that_cannot_apply_are_not_even_looked_at(text):
    world, _ = world_of(Examples((), ()), RULES.grammars)
    line = CommandLine(text, PROJECT, {"HOME": HOME}, Door.CHECK)
    (command,) = read(line).commands

    assert sum(len(considered(RULES, f)) for f in inspect(command, line, world)) == 0
