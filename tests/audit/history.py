"""A history as weeks of work would leave it: read, judged and recorded by gatesh's own parts; nothing runs."""

from __future__ import annotations

import random
from collections.abc import Iterable

from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import Answer, Answered, Asker, CommandLine, Ran, Refused, Verdict
from gatesh.places import Places
from gatesh.rules.examples import ExampleFiles, ExampleProbe
from gatesh.rules.load import load
from gatesh.wiring import open_log

ASKER = Asker(4711, 1000, "boot:4711:99", 4711, 99, "node", "claude-code", "1.0", "/dev/pts/3")
CWD = "/home/me/project"


def record(places: Places, lines: Iterable[tuple[str, str]]) -> None:
    """Record each (line, answer); an answer is needed where the line is asked about."""
    rules = load(places, cached=False)
    log = open_log(places)
    gate = Gate(rules, log, lambda: 0)
    world = World(ExampleFiles({}), ExampleProbe(), "/home/me", rules.grammars)
    for text, answered in lines:
        line = CommandLine(text, CWD, {"HOME": "/home/me"})
        seen, decision = gate.consider(line, world)
        number = log.begin(line, ASKER, seen, decision, rules.digest)
        runs = decision.verdict is Verdict.ALLOW
        if decision.verdict is Verdict.ASK:
            answer = Answer(Answered(answered or "expired"), "terminal /dev/pts/1")
            log.answer(number, answer)
            runs = answer.yes
        log.end(number, Ran(0, 20_000_000) if runs else Refused(126, "refused"))
    log.close()


def weeks(count: int = 3000, seed: int = 7) -> list[tuple[str, str]]:
    """Return some weeks of an agent's work on a shop: what it submitted, and what its person answered."""
    chance = random.Random(seed)
    files = ("cart.py", "orders.py", "stock.py", "prices.py", "mail.py")
    harmless = (
        "git status --short", "git diff --stat", "git log --oneline -5", "git add -A && git commit -m 'wip'",
        "git push origin preview-{n}", "pytest -q tests/test_{f}", "pytest -q -x", "ruff check .", "ls -la src",
        "rg -n 'def ' src/{f}", "sed -n '1,80p' src/{f}", "cat src/{f} | head -50", "cd src && python -m shop --help",
        "docker compose ps", "docker compose logs --tail 50 web", "kubectl get pods -n shop", "npm test",
        "psql -h db.staging.example.com -c 'SELECT count(*) FROM orders'", "curl -s https://shop.example.com/health",
        "rm -rf build", "mkdir -p tmp && touch tmp/x", "shopctl tenants list", "shopctl tenants show t-{n}",
        "jq .version package.json", "gh pr view {n}", "gh run list --limit 3", "find . -name '*.pyc'",
    )  # fmt: skip
    held = (
        *[("git push --force origin preview-{n}", "approved")] * 42,
        *[("git push --force-with-lease --force origin main", "rejected")] * 3,
        *[("psql -h db.staging.example.com -c 'DELETE FROM sessions'", "approved")] * 11,
        *[("psql -h db.prod.example.com -c 'DELETE FROM orders'", "rejected")] * 2,
        *[("kubectl delete deployment web -n preview-{n}", "approved")] * 5,
        *[("kubectl delete namespace shop", "rejected")],
        *[("git clean -fdx", "approved")] * 4,
        *[("git clean -fdx", "expired")] * 2,
        *[("shopctl tenants purge t-{n} --force", "")] * 6,
        *[("git reset --hard HEAD~3", "rejected")] * 2,
    )
    lines = [(chance.choice(harmless), "") for _ in range(count - len(held))] + [*held]
    chance.shuffle(lines)
    return [
        (
            text.replace("{n}", str(chance.randint(1, 3))).replace("{f}", chance.choice(files)),
            answer,
        )
        for text, answer in lines
    ]
